/**
 * What the commands on logins at upstreams promise, whatever the store.
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { KeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { parseRingText } from '../../../src/tokens/keys/key-ring-text.ts'
import type { TokenStore } from '../../../src/tokens/ports.ts'
import { openLogin } from '../../../src/tokens/upstream-logins/sealed-login.ts'
import { type Cli, cliIn, configWith } from './run-cli.ts'

interface Place {
  readonly cli: Cli
  readonly record: () => TokenStore
}

const login = ['subject', 'login', 'alice', '--upstream', 'legacy', '--user', 'al'] as const

/** Runs them against an empty store; `record` opens what the commands write, which is closed when the test is over. */
export async function loginContract(
  t: Test,
  store: string,
  record: (t: Test, cli: Cli) => TokenStore,
): Promise<void> {
  const cli = cliIn(t)
  const place = { cli, record: () => record(t, cli) }
  cli.write('sallyport.yaml', configWith(store))
  t.equal((await cli.run('key', 'generate', '--file', 'keys.json')).code, 0)
  t.equal((await cli.run('subject', 'add', 'alice')).code, 0)

  await t.test('keeps a login sealed, and never shows its key', (t) => keeps(t, place))
  await t.test('takes a key from a pipe or a terminal, and from nowhere else', (t) => takesKeys(t, place))
  await t.test('refuses what it does not know', (t) => refuses(t, place))
  await t.test('retires a key whose logins it has sealed again', (t) => retires(t, place))
  await t.test('removes a login', (t) => removes(t, place))
  await t.test('records who kept and removed logins', (t) => records(t, place))
}

/** What is kept of alice at `legacy`, opened with the keys of the ring. */
async function kept({ cli, record }: Place): Promise<{ user?: string; key?: string; keyId?: string }> {
  const ring = new KeyRing(parseRingText(readFileSync(join(cli.folder, 'keys.json'), 'utf8')))
  const store = record()
  const alice = await store.findSubject('alice')
  const stored = await store.logins.read(alice?.id ?? '', 'legacy')
  if (stored === undefined) return {}
  const opened = openLogin(ring, stored)
  return { user: opened?.user ?? '', key: opened?.key.reveal() ?? '', keyId: stored.keyId }
}

async function keeps(t: Test, place: Place) {
  const { cli } = place
  t.match((await cli.run('subject', 'show', 'alice', '--json')).json(), { name: 'alice', logins: [] })
  const first = await cli.runWith('open sesame\n', ...login, '--key-stdin', '--json')
  t.equal(first.code, 0, first.stderr)
  t.match(first.json(), { subject: 'alice', upstream: 'legacy', updatedAt: /Z$/ })
  t.match(first.stderr, /In force on every replica/)
  t.same(await kept(place), { user: 'al', key: 'open sesame', keyId: 'k1' })

  const shown = await cli.run('subject', 'show', 'alice', '--json')
  t.same(shown.json().logins, [{ upstream: 'legacy', updatedAt: first.json().updatedAt }])
  const listed = await cli.run('subject', 'list', '--json')
  t.same(listed.json().subjects, [shown.json()])
  const forPeople = [await cli.run('subject', 'list'), await cli.run('subject', 'show', 'alice')]
  t.match(forPeople[0]?.stdout, /LOGINS\n.* alice .* legacy$/m)
  t.match(forPeople[1]?.stdout, /^logins +legacy \(since .*\)$/m)
  const second = await cli.runWith('another', ...login, '--key-stdin', '--no-wait')
  t.same(await kept(place), { user: 'al', key: 'another', keyId: 'k1' }, 'in the place of the first')
  for (const { stdout, stderr } of [first, shown, listed, ...forPeople, second]) {
    t.notMatch(stdout + stderr, /sesame|another/)
  }
}

async function takesKeys(t: Test, place: Place) {
  const { cli } = place
  t.match(await cli.runWith('key', ...login), { code: 1, stderr: /add --key-stdin/ })
  for (const text of ['', '\n', 'two\nlines', 'a\u0007bell']) {
    const refused = await cli.runWith(text, ...login, '--key-stdin', '--json')
    t.match(refused.json(), { error: { code: 'no_key' } })
  }
  t.equal((await kept(place)).key, 'another')
  t.match(await cli.run(...login, '--key', 'in argv'), { code: 2, stderr: /unknown option/ })

  const typed = await cli.type('typed by hand\r', ...login, '--no-wait')
  t.match(typed, { code: 0, stdout: /Key: .*kept the login/s })
  t.notMatch(typed.stdout, /typed by hand/)
  t.equal((await kept(place)).key, 'typed by hand')
  t.match(await cli.type('half\u0003', ...login, '--no-wait'), { code: 1, stdout: /no key was given/ })
  t.equal((await kept(place)).key, 'typed by hand')
}

async function refuses(t: Test, { cli }: Place) {
  const at = (name: string, upstream: string) =>
    cli.runWith('k', 'subject', 'login', name, '--upstream', upstream, '--user', 'u', '--key-stdin', '--json')
  t.match((await at('alice', 'legcy')).json(), {
    error: { code: 'unknown_upstream', message: /no upstream «legcy», but «legacy»/ },
  })
  t.match((await at('alice', 'toString')).json(), { error: { code: 'unknown_upstream' } })
  t.match((await at('nobody', 'legacy')).json(), { error: { code: 'unknown_subject' } })
  t.match((await cli.run('subject', 'show', 'nobody', '--json')).json(), {
    error: { code: 'unknown_subject' },
  })
  const logout = (name: string, upstream: string) =>
    cli.run('subject', 'logout', name, '--upstream', upstream, '--json')
  t.match((await logout('alice', 'other')).json(), { error: { code: 'unknown_login' } })
  t.match((await logout('nobody', 'legacy')).json(), { error: { code: 'unknown_subject' } })
  t.match(await cli.run('subject', 'login', 'alice', '--upstream', 'legacy', '--user', 'a\nb'), { code: 2 })
  t.match(await cli.run('subject', 'login', '--help'), { code: 0, stdout: /The upstream\s+is\s+not\s+asked/ })
}

async function retires(t: Test, place: Place) {
  const { cli, record } = place
  t.equal((await cli.run('key', 'rotate')).code, 0)
  t.match((await cli.run('key', 'list', '--json')).json(), {
    keys: [
      { id: 'k1', tokens: 0, logins: 1 },
      { id: 'k2', tokens: 0, logins: 0 },
    ],
  })
  t.match((await cli.run('key', 'list')).stdout, /LOGINS\nk1 .* 1$/m)

  const ring = readFileSync(join(cli.folder, 'keys.json'), 'utf8')
  const store = record()
  const alice = (await store.findSubject('alice'))?.id ?? ''
  const login = await store.logins.read(alice, 'legacy')
  if (login === undefined) throw new Error('nothing was kept')
  await store.logins.write({ ...login, upstream: 'elsewhere' })
  const refused = await cli.run('key', 'retire', 'k1', '--json')
  t.match(refused.json(), {
    error: {
      code: 'key_in_use',
      message: new RegExp(`1 upstream login cannot be .*${alice} at «elsewhere»`),
    },
  })
  t.equal(readFileSync(join(cli.folder, 'keys.json'), 'utf8'), ring)
  t.match(await kept(place), { key: 'typed by hand', keyId: 'k2' }, 'the good one has moved already')
  t.equal(
    (
      await cli.run(
        'subject',
        'logout',
        'alice',
        '--upstream',
        'elsewhere',
        '--by',
        'bob',
        '--cause',
        'a copy',
      )
    ).code,
    0,
  )

  const retired = await cli.run('key', 'retire', 'k1', '--json')
  t.match(retired.json(), { keys: [{ id: 'k2', role: 'current' }] })
  t.match(await kept(place), { user: 'al', key: 'typed by hand', keyId: 'k2' })
  t.match((await cli.run('key', 'list', '--json')).json(), { keys: [{ id: 'k2', logins: 1 }] })
}

async function removes(t: Test, place: Place) {
  const { cli } = place
  const removed = await cli.run('subject', 'logout', 'alice', '--upstream', 'legacy', '--json')
  t.same(removed.json(), { subject: 'alice', upstream: 'legacy' })
  t.match(removed.stderr, /In force on every replica/)
  t.same(await kept(place), {})
  await cli.runWith('k', ...login, '--key-stdin', '--no-wait')
  const store = place.record()
  const { id = '' } = (await store.findSubject('alice')) ?? {}
  t.equal((await store.logins.list([id])).length, 1)
  t.equal((await cli.run('subject', 'delete', 'alice', '--no-wait')).code, 0)
  t.same(await store.logins.list([id]), [])
}

async function records(t: Test, { cli }: Place) {
  const { entries } = (await cli.run('audit', 'tail', '-n', '100', '--json')).json() as {
    entries: { entry: { deed: string } }[]
  }
  const told = entries.map(({ entry }) => entry).filter(({ deed }) => /^(login|key)_/.test(deed))
  const at = (upstream: string) => ({ details: { upstream }, origin: /^cli:/ })
  t.match(told, [
    { deed: 'login_kept', ...at('legacy') },
    { deed: 'login_kept', ...at('legacy') },
    { deed: 'login_kept', ...at('legacy') },
    { deed: 'key_rotated' },
    { deed: 'login_removed', by: 'bob', cause: 'a copy', ...at('elsewhere') },
    { deed: 'key_retired' },
    { deed: 'login_removed', ...at('legacy') },
    { deed: 'login_kept', ...at('legacy') },
  ])
  t.equal(told.length, 8, 'what was refused is not there')
  t.notMatch(JSON.stringify(entries), /sesame|another|typed by hand/)
  t.equal((await cli.run('audit', 'verify')).code, 0)
}
