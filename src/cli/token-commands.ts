/**
 * `token …`: the life of tokens.
 * @module
 */

import { type Command, Option } from 'commander'
import { systemClock } from '../lib/clock.ts'
import { readKeyRing } from '../tokens/key-ring-file.ts'
import type { TokenFilter } from '../tokens/ports.ts'
import { isRecordId } from '../tokens/record-id.ts'
import { ensureSystemToken } from '../tokens/system-token.ts'
import { type TokenKind, tokenKinds, tokenState } from '../tokens/token.ts'
import { CommandFailure } from './failure.ts'
import {
  type ByOption,
  type ConfigOption,
  type JsonOption,
  withBy,
  withConfig,
  withExamples,
  withJson,
} from './options.ts'
import { nextPage, type PageOptions, pageOf, withPage } from './page.ts'
import { readSettings } from './read-settings.ts'
import { note, print, printFields, printJson, printTable } from './terminal.ts'
import { isoTime, revocation, tokenDocument, tokenFields } from './token-document.ts'
import { addTokenIssue } from './token-issue-command.ts'
import { withRecord } from './with-record.ts'

type CommonOptions = ConfigOption & JsonOption

export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('Issue, find and revoke tokens.')
  addTokenIssue(token)
  addList(token)
  addShow(token)
  addRevoke(token)
  addSystem(token)
}

interface ListOptions extends CommonOptions, PageOptions {
  readonly state: TokenFilter['state']
  readonly subject?: string
  readonly kind?: TokenKind
}

function addList(token: Command): void {
  const states = ['active', 'revoked', 'expired', 'all']
  const command = token
    .command('list')
    .description('List tokens, newest first.')
    .addOption(new Option('--state <state>', 'only these').choices(states).default('active'))
    .option('--subject <name>', 'only those of this subject')
    .addOption(new Option('--kind <kind>', 'only this kind').choices(tokenKinds))
    .action(list)
  withExamples(
    withPage(withJson(withConfig(command))),
    'token list --subject alice',
    'token list --state revoked --kind build --json',
  )
}

async function list({ config, json, state, subject, kind, limit, after }: ListOptions): Promise<void> {
  const now = systemClock.now()
  const filter = {
    state,
    now,
    limit: limit + 1,
    ...(subject !== undefined && { subject }),
    ...(kind && { kind }),
    ...(after !== undefined && { after }),
  }
  const found = await withRecord(readSettings(config).settings.store, (registry) =>
    registry.listTokens(filter),
  )
  const { rows, next } = pageOf(found, limit)
  if (json) {
    printJson({ tokens: rows.map((row) => tokenDocument(row, now)), next })
    return
  }
  printTable(
    ['ID', 'KIND', 'SUBJECT', 'ACCESS', 'STATE', 'EXPIRES', 'DESCRIPTION'],
    rows.map((row) => [
      row.id,
      row.kind,
      row.subject.name,
      row.access,
      tokenState(row, now),
      isoTime(row.expiresAt) ?? 'never',
      row.description,
    ]),
  )
  nextPage(next)
}

function addShow(token: Command): void {
  const command = token
    .command('show <id>')
    .description('Show what is recorded of a token; its text is not.')
    .action(async (id: string, { config, json }: CommonOptions) => {
      const { store } = readSettings(config).settings
      const found = isRecordId(id) ? await withRecord(store, (registry) => registry.showToken(id)) : undefined
      if (found === undefined) throw unknownToken(id)
      const now = systemClock.now()
      if (json) printJson(tokenDocument(found, now))
      else printFields(tokenFields(found, now))
    })
  withExamples(withJson(withConfig(command)), 'token show 0198c2f0-5b1e-7cc4-9a51-3f6f8d0f1c11')
}

function addRevoke(token: Command): void {
  const command = token
    .command('revoke <id>')
    .description('Refuse a token for ever, on every replica within one second.')
    .option('--cause <text>', 'why', '')
    .action(revoke)
  withExamples(
    withBy(withJson(withConfig(command))),
    'token revoke 0198c2f0-5b1e-7cc4-9a51-3f6f8d0f1c11 --cause "laptop lost"',
  )
}

async function revoke(
  id: string,
  options: CommonOptions & ByOption & { readonly cause: string },
): Promise<void> {
  const { config, json, by, cause } = options
  const { store } = readSettings(config).settings
  const at = systemClock.now()
  const act = { at, by, cause }
  const { outcome, token } = isRecordId(id)
    ? await withRecord(store, (registry) => registry.revokeToken(id, act))
    : { outcome: 'unknown' as const }
  if (outcome === 'unknown' || token === undefined) throw unknownToken(id)
  if (outcome === 'already') {
    throw new CommandFailure('already_revoked', `token ${id} was revoked ${revocation(token)}`)
  }
  if (json) printJson(tokenDocument(token, at))
  else print(`revoked ${id}, ${token.kind} token of ${token.subject.name}`)
}

function addSystem(token: Command): void {
  const command = token
    .command('system')
    .description('Show the token of internal services; it is made on first need.')
    .action(async ({ config, json }: CommonOptions) => {
      const { keys, store, systemToken } = readSettings(config).settings
      const keyRing = readKeyRing(keys)
      const system = await withRecord(store, (registry) => ensureSystemToken(registry, keyRing, systemClock))
      if (json) printJson({ id: system.token.id, token: system.text.reveal() })
      else printFields({ id: system.token.id, token: system.text.reveal() })
      if (systemToken.networks.length === 0) {
        note('It is accepted from nowhere yet: list your internal networks under systemToken.networks.')
      }
    })
  withExamples(withJson(withConfig(command)), 'token system --json')
}

function unknownToken(id: string): CommandFailure {
  return new CommandFailure(
    'unknown_token',
    `there is no token «${id}»; «sallyport token list --state all» shows their ids`,
  )
}
