/**
 * What the commands on the audit record promise, whatever the store.
 * @module
 */

import { createHash } from 'node:crypto'
import type { Test } from 'tap'
import { until } from '../../support/until.ts'
import { type Cli, cliIn, configWith } from './run-cli.ts'

/** Runs them against an empty store; `execute` runs SQL past the gateway. */
export async function auditContract(
  t: Test,
  storeIn: (folder: string) => string,
  execute: (folder: string, sql: string) => Promise<void>,
): Promise<void> {
  const cli = cliIn(t)
  cli.write('sallyport.yaml', configWith(storeIn(cli.folder)))
  t.equal((await cli.run('key', 'generate', '--file', 'keys.json')).code, 0)
  const secrets = await makeHistory(t, cli)
  await t.test('shows the last entries, with who, whence and why', (t) => tails(t, cli))
  await t.test('goes on with what is recorded from now on', (t) => follows(t, cli))
  await t.test('exports every entry to the byte, and no secret', (t) => exports(t, cli, secrets))
  await t.test('shows what was done to a token with the token', (t) => showsWithToken(t, cli))
  await t.test('says that all fits, and what to note', (t) => verifies(t, cli))
  await t.test('names the entry that was changed, and keeps the key that can tell', (t) =>
    findsChanges(t, cli, (sql) => execute(cli.folder, sql)),
  )
}

async function makeHistory(t: Test, cli: Cli): Promise<string[]> {
  const issue = ['token', 'issue', '--kind', 'personal', '--subject', 'alice', '--by', 'ops', '--json']
  const issued = (await cli.run(...issue)).json()
  for (const command of [
    ['subject', 'add', 'carol', '--by', 'alice'],
    ['subject', 'disable', 'carol', '--by', 'alice', '--cause', 'on leave', '--no-wait'],
    ['subject', 'enable', 'carol', '--by', 'bob', '--no-wait'],
    ['token', 'revoke', String(issued.id), '--by', 'bob', '--cause', 'laptop lost', '--no-wait'],
    ['key', 'rotate', '--stage', '--by', 'root'],
    ['key', 'rotate', '--stage', '--by', 'root'],
    ['key', 'rotate', '--by', 'root'],
  ]) {
    t.equal((await cli.run(...command)).code, 0, command.join(' '))
  }
  return [String(issued.token), String((await cli.run('token', 'system', '--json')).json().token)]
}

async function tails(t: Test, cli: Cli) {
  const { entries } = (await cli.run('audit', 'tail', '--json')).json() as {
    entries: { seq: number; entry: object }[]
  }
  t.match(entries, [
    { seq: 1, entry: { deed: 'subject_added', by: 'ops', origin: /^cli:.+@.+$/ } },
    { seq: 2, entry: { deed: 'token_issued', by: 'ops' } },
    { seq: 3, entry: { deed: 'subject_added', by: 'alice', details: { name: 'carol', kind: 'user' } } },
    { seq: 4, entry: { deed: 'subject_disabled', by: 'alice', cause: 'on leave' } },
    { seq: 5, entry: { deed: 'subject_enabled', by: 'bob', cause: '' } },
    { seq: 6, entry: { deed: 'token_revoked', by: 'bob', cause: 'laptop lost' } },
    { seq: 7, entry: { deed: 'key_staged', by: 'root', details: { key: 'k2' } } },
    { seq: 8, entry: { deed: 'key_rotated', by: 'root', details: { key: 'k2' } } },
    { seq: 9, entry: { deed: 'subject_added', by: 'sallyport:system' } },
    { seq: 10, entry: { deed: 'system_token_made', by: 'sallyport:system', origin: /^cli:/ } },
  ])
  t.equal(entries.length, 10, 'a key that was staged already is not staged again')
  const lines = (await cli.run('audit', 'tail', '-n', '5')).stdout.trimEnd().split('\n')
  t.equal(lines.length, 5)
  t.match(
    lines[0],
    /^6 {2}\d{4}-\S+Z {2}token_revoked {2}[0-9a-f-]{36} {2}by bob \(cli:.+@.+\) {2}«laptop lost»$/,
  )
  t.equal((await cli.run('audit', 'tail', '-n', '0')).code, 2)
}

async function follows(t: Test, cli: Cli) {
  const following = await cli.start('audit', 'tail', '-n', '1', '--follow', '--json')
  await until(() => following.output().includes('system_token_made'))
  await cli.run('subject', 'add', 'dave', '--by', 'carol')
  await until(() => following.output().includes('"name":"dave"'))
  const lines = following.output().trimEnd().split('\n')
  t.match(
    lines.map((line) => JSON.parse(line)),
    [{ seq: 10 }, { seq: 11, entry: { deed: 'subject_added', by: 'carol' } }],
  )
}

async function exports(t: Test, cli: Cli, secrets: readonly string[]) {
  const { stdout, code } = await cli.run('audit', 'export')
  t.equal(code, 0)
  const lines = stdout.trimEnd().split('\n')
  t.equal(lines.length, 11)
  for (const line of lines) {
    const { hash } = JSON.parse(line)
    const text = line.slice(line.indexOf(',"entry":') + 9, -1)
    t.equal(createHash('sha256').update(text).digest('hex'), hash, 'anybody can check the chain')
  }
  for (const secret of secrets) t.notOk(stdout.includes(secret))
  const from = JSON.parse(lines[5] ?? '').entry.at
  const until = JSON.parse(lines[7] ?? '').entry.at
  const part = (await cli.run('audit', 'export', '--since', from, '--until', until)).stdout
    .trimEnd()
    .split('\n')
  t.same(part, lines.slice(5, 7))
  t.equal((await cli.run('audit', 'export', '--since', '2999-01-01')).stdout, '')
  t.equal((await cli.run('audit', 'export', '--since', 'yesterday')).code, 2)
}

async function showsWithToken(t: Test, cli: Cli) {
  const { tokens } = (await cli.run('token', 'list', '--state', 'revoked', '--json')).json()
  const [{ id }] = tokens as [{ id: string }]
  const { audit } = (await cli.run('token', 'show', id, '--json')).json()
  t.match(audit, [{ entry: { deed: 'token_issued' } }, { entry: { deed: 'token_revoked', by: 'bob' } }])
}

async function verifies(t: Test, cli: Cli) {
  const whole = await cli.run('audit', 'verify')
  t.equal(whole.code, 0, whole.stderr)
  t.equal(whole.stdout, '11 entries, each in its place\n')
  const noted = /--expect: (\d+:[0-9a-f]{64})$/m.exec(whole.stderr)?.[1] ?? ''
  t.match((await cli.run('audit', 'verify', '--expect', noted, '--json')).json(), {
    entries: 11,
    head: { seq: 11 },
  })
  const other = await cli.run('audit', 'verify', '--expect', `12:${'0'.repeat(64)}`, '--json')
  t.equal(other.code, 1)
  t.match(other.json(), { error: { code: 'audit_broken', message: /12 was noted/ } })
  t.equal((await cli.run('audit', 'verify', '--expect', '12')).code, 2)
}

async function findsChanges(t: Test, cli: Cli, execute: (sql: string) => Promise<void>) {
  await execute("UPDATE audit_entries SET hash = hash || 'x' WHERE seq = 4")
  const found = await cli.run('audit', 'verify')
  t.equal(found.code, 1)
  t.match(found.stderr, /entry 4 was edited/)
  const kept = await cli.run('key', 'retire', 'k1', '--json')
  t.match(kept.json(), { error: { code: 'audit_broken', message: /entry 4 .*--unverified/ } })
  t.equal((await cli.run('key', 'retire', 'k1', '--unverified')).code, 0)
  t.match((await cli.run('audit', 'tail', '-n', '1')).stdout, /key_retired {2}key=k1/)
  await execute("UPDATE audit_entries SET hash = replace(hash, 'x', '') WHERE seq = 4")
  const mended = await cli.run('audit', 'verify')
  t.equal(mended.code, 0, 'a key that was retired by the record is not missed')
}
