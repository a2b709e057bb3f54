/**
 * `token revoke`: some tokens by their ids, or all of a subject, of a binding or of an issuer.
 * @module
 */

import type { Command } from 'commander'
import type { Act } from '../audit/entry.ts'
import type { Binding, TokenGroup, TokenRegistry } from '../tokens/ports.ts'
import { actOf } from './act.ts'
import { counted } from './counted.ts'
import { CommandFailure, unknownSubject, unknownToken } from './failure.ts'
import {
  type ByOption,
  bindingArgument,
  type ConfigOption,
  type JsonOption,
  withBy,
  withCause,
  withConfig,
  withExamples,
  withJson,
} from './options.ts'
import { readSettings } from './read-settings.ts'
import { print, printable, printJson } from './terminal.ts'
import { revocation, tokenDocument } from './token-document.ts'
import { type WaitOption, withChange, withWait } from './with-change.ts'

interface RevokeOptions extends ConfigOption, JsonOption, ByOption, WaitOption {
  readonly cause: string
  readonly subject?: string
  readonly bind?: Binding
  readonly issuer?: string
  readonly yes?: true
}

export function addTokenRevoke(token: Command): void {
  const command = token
    .command('revoke [ids...]')
    .description(
      'Refuse tokens for ever, with what was derived from them, on every replica when this returns.',
    )
    .option('--subject <name>', 'all tokens of this subject')
    .option('--bind <key=value>', 'all tokens bound to this value', bindingArgument)
    .option('--issuer <name>', 'all tokens that this issuer made')
    .option('--yes', 'revoke a whole group without asking')
    .action(revoke)
  withExamples(
    withWait(withBy(withCause(withJson(withConfig(command))))),
    'token revoke 0198c2f0-5b1e-7cc4-9a51-3f6f8d0f1c11 --cause "laptop lost"',
    'token revoke --bind project=pip --cause "project deleted" --yes',
  )
}

async function revoke(ids: readonly string[], options: RevokeOptions, command: Command): Promise<void> {
  const { config, cause, subject, bind, issuer } = options
  const ways = [ids.length > 0, subject !== undefined, bind !== undefined, issuer !== undefined]
  if (ways.filter(Boolean).length !== 1) {
    command.error('error: give ids, or one of --subject, --bind and --issuer', { exitCode: 2 })
  }
  const { settings } = readSettings(config)
  const act = actOf(options, cause)
  await withChange(settings, options, async (registry) => {
    const [id, another] = ids
    if (id === undefined) await revokeGroup(registry, await groupOf(registry, options), act, options)
    else if (another === undefined) await revokeOne(registry, id, act, options)
    else await revokeSome(registry, ids, act, options)
  })
}

async function revokeOne(registry: TokenRegistry, id: string, act: Act, { json }: JsonOption): Promise<void> {
  const { token, outcome, derived = 0 } = await registry.revokeToken(id, act)
  if (token === undefined || outcome === 'unknown') throw unknownToken(id)
  if (outcome === 'already') {
    throw new CommandFailure('already_revoked', `token ${id} was revoked ${printable(revocation(token))}`)
  }
  if (json) return printJson({ ...tokenDocument(token, act.at), derivedRevoked: derived })
  const more = derived === 0 ? '' : `, with ${counted(derived, 'token')} derived from it`
  print(`revoked ${id}, ${token.kind} token of ${printable(token.subject.name)}${more}`)
}

/** All or, when one of them is unknown, none. One that is revoked already needs nothing more. */
async function revokeSome(
  registry: TokenRegistry,
  ids: readonly string[],
  act: Act,
  { json }: JsonOption,
): Promise<void> {
  for (const id of ids) {
    if ((await registry.showToken(id)) === undefined) throw unknownToken(id)
  }
  let revoked = 0
  let already = 0
  for (const id of ids) {
    const { outcome, derived = 0 } = await registry.revokeToken(id, act)
    if (outcome === 'revoked') revoked += 1 + derived
    else already++
  }
  if (json) printJson({ revoked, already })
  else print(`revoked ${counted(revoked, 'token')}; ${already} of those named were revoked already`)
}

async function revokeGroup(
  registry: TokenRegistry,
  group: TokenGroup,
  act: Act,
  { json, yes }: RevokeOptions,
): Promise<void> {
  const found = await registry.countTokens(group)
  const isAsked = found > 1 || (found === 1 && !process.stdin.isTTY)
  if (isAsked && !yes) {
    throw new CommandFailure('confirmation_needed', `this revokes ${counted(found, 'token')}: add --yes`)
  }
  const revoked = await registry.revokeTokens(group, act)
  if (json) printJson({ revoked })
  else print(`revoked ${counted(revoked, 'token')}`)
}

async function groupOf(
  registry: TokenRegistry,
  { subject: name, bind, issuer }: RevokeOptions,
): Promise<TokenGroup> {
  if (bind !== undefined) return { binding: bind }
  if (issuer !== undefined) return { createdBy: issuer }
  const subject = name === undefined ? undefined : await registry.findSubject(name)
  if (subject === undefined) throw unknownSubject(name ?? '')
  return { subjectId: subject.id }
}
