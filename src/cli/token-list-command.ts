/**
 * `token list`: tokens of a state, a subject, a kind or a binding, page by page.
 * @module
 */

import { type Command, Option } from 'commander'
import { systemClock } from '../lib/clock.ts'
import type { Binding, TokenFilter } from '../tokens/ports.ts'
import { type TokenKind, tokenKinds, tokenState } from '../tokens/token.ts'
import {
  bindingArgument,
  type ConfigOption,
  type JsonOption,
  withConfig,
  withExamples,
  withJson,
} from './options.ts'
import { nextPage, type PageOptions, pageOf, withPage } from './page.ts'
import { readSettings } from './read-settings.ts'
import { printJson, printTable } from './terminal.ts'
import { isoTime, tokenDocument } from './token-document.ts'
import { withRecord } from './with-record.ts'

interface ListOptions extends ConfigOption, JsonOption, PageOptions {
  readonly state: TokenFilter['state']
  readonly subject?: string
  readonly kind?: TokenKind
  readonly bind?: Binding
  readonly key?: string
}

export function addTokenList(token: Command): void {
  const states = ['active', 'revoked', 'expired', 'all']
  const command = token
    .command('list')
    .description('List tokens, newest first.')
    .addOption(new Option('--state <state>', 'only these').choices(states).default('active'))
    .option('--subject <name>', 'only those of this subject')
    .addOption(new Option('--kind <kind>', 'only this kind').choices(tokenKinds))
    .option('--bind <key=value>', 'only those bound to this value', bindingArgument)
    .option('--key <id>', 'only those under this key of the ring')
    .action(list)
  withExamples(
    withPage(withJson(withConfig(command))),
    'token list --subject alice',
    'token list --bind project=pip --state all',
    'token list --state revoked --kind build --json',
  )
}

async function list(options: ListOptions): Promise<void> {
  const { config, json, state, subject, kind, bind, key, limit, after } = options
  const now = systemClock.now()
  const filter = {
    state,
    now,
    limit: limit + 1,
    ...(subject !== undefined && { subject }),
    ...(kind && { kind }),
    ...(bind && { binding: bind }),
    ...(key !== undefined && { keyId: key }),
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
