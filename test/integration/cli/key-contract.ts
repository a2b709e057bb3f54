/**
 * What the commands on the key ring promise, whatever the store.
 * @module
 */

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Cli, cliIn, configWith } from './run-cli.ts'

/** Runs them against an empty store; `store` is its section of the configuration. */
export async function keyContract(t: Test, store: string): Promise<void> {
  const cli = cliIn(t)
  cli.write('sallyport.yaml', configWith(store))
  t.equal((await cli.run('key', 'generate', '--file', 'keys.json')).code, 0)
  const { id } = (
    await cli.run('token', 'issue', '--kind', 'personal', '--subject', 'alice', '--json')
  ).json()

  await t.test('lists each key with its role and its live tokens', (t) => lists(t, cli))
  await t.test('stages a key once, then makes it current', (t) => rotates(t, cli))
  await t.test('keeps the current key and one that tokens are under', (t) =>
    keepsUsedKeys(t, cli, String(id)),
  )
  await t.test('retires a key that nothing is under', (t) => retires(t, cli))
  await t.test('tells of tokens under a key that the ring has lost', (t) => tellsOfLostKeys(t, cli))
  await t.test('prints the ring where it does not come from a file', (t) => printsRings(t, cli, store))
}

async function keysOf(cli: Cli): Promise<Record<string, unknown>[]> {
  return (await cli.run('key', 'list', '--json')).json().keys as Record<string, unknown>[]
}

async function lists(t: Test, cli: Cli) {
  await cli.run('token', 'issue', '--kind', 'personal', '--subject', 'alice', '--expires', '1ms')
  const imported = { format: 'sha256', hash: 'a'.repeat(64), kind: 'personal', subject: 'alice' }
  t.equal((await cli.runWith(JSON.stringify(imported), 'token', 'import', '-')).code, 0)
  // Neither the expired token nor the imported one, which no key has part in yet, needs the key.
  t.match(await keysOf(cli), [{ id: 'k1', role: 'current', tokens: 1, hasSystemToken: false }])
  t.equal((await cli.run('token', 'system', '--json')).code, 0)
  const [k1] = await keysOf(cli)
  t.match(k1, { tokens: 2, hasSystemToken: true })
  t.ok(Math.abs(Date.parse(String(k1?.createdAt)) - Date.now()) < 120_000)
  t.match(
    (await cli.run('key', 'list')).stdout,
    /^KEY +ROLE +CREATED +TOKENS +SYSTEM TOKEN +LOGINS\nk1 +current .* 2 +yes +0$/m,
  )
}

async function rotates(t: Test, cli: Cli) {
  const file = join(cli.folder, 'keys.json')
  const staged = await cli.run('key', 'rotate', '--stage', '--json')
  t.match(staged.json().keys, [
    { id: 'k1', role: 'current' },
    { id: 'k2', role: 'staged' },
  ])
  const text = readFileSync(file, 'utf8')
  await cli.run('key', 'rotate', '--stage')
  t.equal(readFileSync(file, 'utf8'), text, 'one staged key is enough')

  const rotated = await cli.run('key', 'rotate')
  t.match(rotated, {
    code: 0,
    stdout: /^k1 +previous\nk2 +current\n$/,
    stderr: /read the file within a second/,
  })
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.notOk(existsSync(`${file}.next`))
  const secrets = (JSON.parse(text).keys as { secret: string }[]).map(({ secret }) => secret)
  for (const secret of secrets) t.notMatch(rotated.stdout + rotated.stderr + staged.stdout, secret)

  await cli.run('token', 'issue', '--kind', 'personal', '--subject', 'bob')
  t.match(await keysOf(cli), [
    { id: 'k1', role: 'previous', tokens: 2, hasSystemToken: true },
    { id: 'k2', role: 'current', tokens: 1, hasSystemToken: false },
  ])
}

async function keepsUsedKeys(t: Test, cli: Cli, aliceId: string) {
  const retire = async (id: string) => {
    const { code, json } = await cli.run('key', 'retire', id, '--json')
    return { code, ...json() }
  }
  const ring = readFileSync(join(cli.folder, 'keys.json'), 'utf8')
  t.match(await retire('k2'), { code: 1, error: { code: 'key_in_use', message: /current/ } })
  t.match(await retire('k9'), { code: 1, error: { code: 'unknown_key' } })
  t.match(await retire('k1'), {
    code: 1,
    error: { code: 'key_in_use', message: /^2 live tokens .* system token/ },
  })

  const under = (await cli.run('token', 'list', '--key', 'k1', '--json')).json().tokens as { id: string }[]
  t.equal(under.length, 2)
  t.ok(under.some(({ id }) => id === aliceId))
  await cli.run('subject', 'disable', 'alice')
  const systemId = String((await cli.run('token', 'system', '--json')).json().id)
  await cli.run('token', 'revoke', systemId)
  t.match(
    await retire('k1'),
    { error: { message: /^one live token is/ } },
    'a disabled subject may come back',
  )
  t.equal(readFileSync(join(cli.folder, 'keys.json'), 'utf8'), ring)
}

async function retires(t: Test, cli: Cli) {
  t.equal((await cli.run('token', 'revoke', '--subject', 'alice', '--yes')).code, 0)
  t.match((await cli.run('key', 'retire', 'k1', '--json')).json(), { keys: [{ id: 'k2', role: 'current' }] })
  t.match(await keysOf(cli), [{ id: 'k2', tokens: 1 }])
  const system = await cli.run('token', 'system', '--json')
  t.equal(system.code, 0, 'the next system token is made with the key that is left')
}

async function tellsOfLostKeys(t: Test, cli: Cli) {
  const kept = readFileSync(join(cli.folder, 'keys.json'))
  writeFileSync(join(cli.folder, 'keys.json'), kept.toString().replaceAll('"k2"', '"mine"'))
  const { stdout, stderr } = await cli.run('key', 'list')
  t.match(stdout, /^mine +current .* 0 /m)
  t.match(stdout, /^k2 +missing +- +2 +yes +0$/m)
  t.match(stderr, /refused everywhere/)
  writeFileSync(join(cli.folder, 'keys.json'), kept)
}

async function printsRings(t: Test, cli: Cli, store: string) {
  const ring = JSON.stringify(JSON.parse(readFileSync(join(cli.folder, 'keys.json'), 'utf8')))
  const keys = `keys: { ring: '${ring}' }`
  const config = cli.write('ring.yaml', configWith(store).replace('keys: { file: keys.json }', keys))
  const refused = await cli.run('key', 'rotate', '-c', config)
  t.match(refused, { code: 1, stdout: '', stderr: /add --print/ })
  const printed = await cli.run('key', 'rotate', '-c', config, '--print')
  t.match(printed.json(), { current: 'k3', keys: [{ id: 'k2' }, { id: 'k3' }] })
  t.same(printed.json().keys, [JSON.parse(ring).keys[0], (printed.json().keys as unknown[])[1]])
}
