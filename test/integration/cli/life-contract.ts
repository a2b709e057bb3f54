/**
 * What the commands on the life of tokens promise, whatever the store: deriving, rotating, revoking, purging.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { store as storeSchema } from '../../../src/config/schema/tokens.ts'
import { migrate } from '../../../src/database/migrate.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import type { TokenStore } from '../../../src/tokens/ports.ts'
import { openTokenStore } from '../../../src/tokens/stores/open-token-store.ts'
import { type Token, tokenState } from '../../../src/tokens/token.ts'
import { type Issue, newIssuer } from '../../support/issuer.ts'
import { type Cli as CommandLine, cliIn, configWith } from './run-cli.ts'

/** The commands, and a second way to the same record, which costs no process. */
interface Cli extends CommandLine {
  readonly issue: Issue
  readonly record: TokenStore
}

/** Which store a folder's configuration names. */
type StoreIn = (folder: string) => Parameters<typeof storeSchema.parse>[0]

/** Runs them against an empty store. */
export async function lifeContract(t: Test, storeIn: StoreIn): Promise<void> {
  const cli = await installation(t, storeIn)
  await t.test('derives a token with no more rights than another, named by id or by text', (t) =>
    derives(t, cli),
  )
  await t.test('rotates a token once, and shows the chain', (t) => rotates(t, cli))
  await t.test('revokes all the tokens that are named, or none', (t) => revokesSeveral(t, cli))
  await t.test('revokes a group only when told that it may', (t) => revokesGroups(t, cli))
  await t.test('a deleted subject takes its tokens with it, and leaves its name', (t) => deletes(t, cli))
  await t.test('purges what has been dead for long, and says before how much that is', (t) => purges(t, cli))
}

async function installation(t: Test, storeIn: StoreIn): Promise<Cli> {
  const commands = cliIn(t)
  const section = storeIn(commands.folder)
  const ring = newKeyRing(systemClock).reveal()
  const keys = `keys: { ring: '${JSON.stringify(JSON.parse(ring))}' }`
  const config = configWith(JSON.stringify(section)).replace('keys: { file: keys.json }', keys)
  commands.write('sallyport.yaml', config)

  const settings = storeSchema.parse(section)
  await migrate(settings)
  const record = openTokenStore(settings, { sealer: parseKeyRing(ring) })
  t.teardown(() => record.close())
  return { ...commands, record, issue: newIssuer(record, ring, systemClock) }
}

async function stateOf({ record }: Cli, id: unknown): Promise<string> {
  const token = await record.showToken(String(id))
  return token === undefined ? 'unknown' : tokenState(token, systemClock.now())
}

async function derives(t: Test, cli: Cli) {
  const parent = await cli.issue({
    kind: 'deploy',
    subject: 'dora',
    scopes: ['a', 'b'],
    bindings: { account: ['one', 'two'], project: ['pip'] },
    networks: ['10.0.0.0/8'],
  })
  const derive = (...args: readonly string[]) => cli.run('token', 'issue', '--json', '--from', ...args)
  const byId = (
    await derive(
      ...[parent.token.id, '--kind', 'session', '--scope', 'a', '--bind', 'account=one'],
      ...['--access', 'read-only', '--network', '10.1.0.0/16', '--expires', '5m'],
    )
  ).json()
  t.match(byId, {
    token: /^sp[a-z]_[0-9A-Za-z]{36}$/,
    kind: 'session',
    subject: 'dora',
    scopes: ['a'],
    bindings: { account: ['one'], project: ['pip'] },
    access: 'read-only',
    networks: ['10.1.0.0/16'],
    parentId: parent.token.id,
  })
  t.equal(Date.parse(String(byId.expiresAt)) - Date.parse(String(byId.createdAt)), 5 * 60_000)

  const byText = await cli.runWith(`${parent.text}\n`, 'token', 'issue', '--from', '-', '--json')
  t.match(byText.json(), {
    kind: 'deploy',
    scopes: ['a', 'b'],
    access: 'read-write',
    parentId: parent.token.id,
  })

  const excess = await derive(parent.token.id, '--access', 'owner', '--scope', 'c')
  t.match(excess, { code: 1, stdout: /"refused".*access .*scope/ })
  const stranger = await cli.runWith(`${parent.text}x`, 'token', 'issue', '--from', '-', '--json')
  t.match(stranger, { code: 1, stdout: /unknown_token/ })
  t.notMatch(stranger.stdout + stranger.stderr, parent.text)

  const { chain } = (await cli.run('token', 'show', parent.token.id, '--json')).json()
  t.match(chain, { parents: [], derived: [{ id: byText.json().id }, { id: byId.id }] })
  const shown = await cli.run('token', 'show', String(byId.id))
  t.match(shown.stdout, new RegExp(`^derived from +${parent.token.id} \\(active\\)$`, 'm'))

  const revoked = await cli.run('token', 'revoke', parent.token.id, '--json')
  t.match(revoked.json(), { state: 'revoked', derivedRevoked: 2 })
  t.equal(await stateOf(cli, byId.id), 'revoked')
}

async function rotates(t: Test, cli: Cli) {
  const first = await cli.issue({ subject: 'rosa', scopes: ['a'], bindings: { account: ['one'] } })
  const rotate = (id: unknown, ...args: readonly string[]) =>
    cli.run('token', 'rotate', String(id), '--json', ...args)
  const before = Date.now()
  const second = (await rotate(first.token.id, '--overlap', '2h', '--by', 'tester')).json()
  t.match(second, {
    token: /^spp_[0-9A-Za-z]{36}$/,
    state: 'active',
    subject: 'rosa',
    scopes: ['a'],
    bindings: { account: ['one'] },
    createdBy: 'tester',
    rotatedFrom: first.token.id,
    previous: { id: first.token.id },
  })
  t.not(second.token, first.text)
  const { expiresAt } = second.previous as { expiresAt: string }
  const overlapMs = Date.parse(expiresAt) - before
  t.ok(overlapMs >= 2 * 3_600_000 && overlapMs < 2 * 3_600_000 + 60_000, `${overlapMs} ms`)
  t.equal(await stateOf(cli, first.token.id), 'active')

  t.match((await rotate(first.token.id)).json(), { error: { code: 'refused', message: String(second.id) } })
  const third = (await rotate(second.id, '--overlap', '0s')).json()
  t.equal(await stateOf(cli, second.id), 'expired')
  const { chain } = (await cli.run('token', 'show', String(second.id), '--json')).json()
  t.match(chain, {
    predecessors: [{ id: first.token.id, state: 'active' }],
    successors: [{ id: third.id, state: 'active' }],
    isCut: false,
  })
  const shown = await cli.run('token', 'show', first.token.id)
  t.match(shown.stdout, new RegExp(`^rotated to +${second.id} \\(expired\\), ${third.id} \\(active\\)$`, 'm'))
  t.notMatch(shown.stdout, String(second.token))

  t.match((await rotate('01900000-0000-7000-8000-000000000000')).json(), { error: { code: 'unknown_token' } })
  t.match((await rotate(third.id, '--overlap', '31d')).json(), { error: { code: 'refused' } })
  t.match(await cli.run('token', 'rotate', String(third.id)), {
    code: 0,
    stdout: /^token +spp_/,
    stderr: /works until/,
  })
}

async function revokesSeveral(t: Test, cli: Cli) {
  const [one, two, other] = [
    await cli.issue({ subject: 'sven' }),
    await cli.issue({ subject: 'sven' }),
    await cli.issue({ subject: 'sven' }),
  ]
  const revoke = (...ids: readonly string[]) => cli.run('token', 'revoke', '--json', ...ids)
  const failed = await revoke(one.token.id, '01900000-0000-7000-8000-000000000000')
  t.match(failed, { code: 1, stdout: /unknown_token/ })
  t.equal(await stateOf(cli, one.token.id), 'active', 'nothing is revoked')

  t.same((await revoke(one.token.id, two.token.id)).json(), { revoked: 2, already: 0 })
  t.same((await revoke(two.token.id, one.token.id)).json(), { revoked: 0, already: 2 })
  t.equal(await stateOf(cli, other.token.id), 'active', 'others of the subject live on')

  const pasted = await cli.run('token', 'revoke', other.text)
  t.match(pasted, { code: 1, stderr: /not the id of a token/ })
  t.notMatch(pasted.stderr, other.text, 'a text that was pasted for an id is not repeated')
}

async function revokesGroups(t: Test, cli: Cli) {
  const groups = [
    { asked: { subject: 'gina' }, option: ['--subject', 'gina'] },
    { asked: { subject: 'hans', bindings: { project: ['gone'] } }, option: ['--bind', 'project=gone'] },
    { asked: { subject: 'hans', createdBy: 'intern' }, option: ['--issuer', 'intern'] },
  ]
  for (const { asked, option } of groups) {
    const tokens = [(await cli.issue(asked)).token, (await cli.issue(asked)).token]
    const other = await cli.issue({ subject: 'ines', bindings: { project: ['stays'] } })
    const revoke = (...args: readonly string[]) => cli.run('token', 'revoke', ...option, '--json', ...args)

    const first = await revoke()
    t.match(first, { code: 1, stdout: /confirmation_needed.*2 tokens: add --yes/ }, option.join(' '))
    for (const { id } of tokens) t.equal(await stateOf(cli, id), 'active')

    t.same((await revoke('--yes', '--cause', 'cleaning', '--by', 'tester')).json(), { revoked: 2 })
    const known: (Token | undefined)[] = []
    for (const { id } of tokens) known.push(await cli.record.showToken(id))
    t.match(known, Array(2).fill({ revokedBy: 'tester', revokedCause: 'cleaning' }))
    t.equal(await stateOf(cli, other.token.id), 'active')
    t.same((await revoke()).json(), { revoked: 0 }, 'nobody is asked about nothing')
  }
  const list = (...args: readonly string[]) =>
    cli.run('token', 'list', '--json', '--bind', 'project=gone', ...args)
  t.equal(((await list('--state', 'all')).json().tokens as unknown[]).length, 2)
  t.same((await list()).json().tokens, [])
  t.match((await cli.run('token', 'revoke', '--subject', 'nobody', '--yes', '--json')).json(), {
    error: { code: 'unknown_subject' },
  })
}

async function deletes(t: Test, cli: Cli) {
  const { id } = (await cli.issue({ subject: 'dirk' })).token
  const deleted = await cli.run('subject', 'delete', 'dirk', '--by', 'tester', '--cause', 'left', '--json')
  t.match(deleted.json(), { name: 'dirk', status: 'deleted', revoked: 1 })
  t.match(await cli.record.showToken(id), { revokedCause: 'subject deleted by tester: left' })
  t.match((await cli.run('subject', 'delete', 'dirk', '--json')).json(), {
    error: { code: 'unknown_subject' },
  })

  const later = (await cli.run('subject', 'add', 'dirk', '--json')).json()
  t.not(later.id, deleted.json().id)
  t.equal(await stateOf(cli, id), 'revoked', 'a later subject of the name gets none of its tokens')
  t.match((await cli.run('subject', 'list', '--status', 'deleted')).stdout, / dirk +user +deleted /)
}

async function purges(t: Test, cli: Cli) {
  const dead = await cli.issue({ subject: 'paul', lifetimeMs: 1 })
  const alive = await cli.issue({ subject: 'paul' })
  await sleep(50)
  const purge = async (...args: readonly string[]) =>
    (await cli.run('token', 'purge', '--json', ...args)).json()

  t.same(await purge('--older-than', '1d'), { tokens: 0, dryRun: false })
  const announced = await purge('--older-than', '1ms', '--dry-run')
  t.ok(Number(announced.tokens) >= 1)
  t.equal(await stateOf(cli, dead.token.id), 'expired', 'a dry run removes nothing')
  t.same(await purge('--older-than', '1ms'), { tokens: announced.tokens, dryRun: false })
  t.equal(await stateOf(cli, dead.token.id), 'unknown')
  t.equal(await stateOf(cli, alive.token.id), 'active')
}
