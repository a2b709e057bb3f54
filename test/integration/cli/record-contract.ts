/**
 * What the commands on the record of tokens promise, whatever the store.
 * @module
 */

import type { Test } from 'tap'
import { type Cli, cliIn, configWith } from './run-cli.ts'

/** Runs every command against an empty store; `store` is its section of the configuration. */
export async function recordContract(t: Test, store: string): Promise<void> {
  const cli = cliIn(t)
  cli.write('sallyport.yaml', configWith(store))
  t.equal((await cli.run('key', 'generate', '--file', 'keys.json')).code, 0)

  await t.test('issues a token, shows its text once and never again', (t) => issues(t, cli))
  await t.test('lists page by page, newest first', (t) => lists(t, cli))
  await t.test('revokes once, and tells of it the second time', (t) => revokes(t, cli))
  await t.test('the system token is made once and can be read again', (t) => showsSystemToken(t, cli))
  await t.test('no text moves the cursor of whoever reads it', (t) => printsSafely(t, cli))
  await t.test('a disabled subject gets no token', (t) => switchesSubjects(t, cli))
  await t.test('a migrated store needs no migration', async (t) => {
    t.same((await cli.run('migrate', '--json')).json(), { applied: [] })
  })
}

async function issues(t: Test, cli: Cli) {
  const issued = await cli.run(
    ...['token', 'issue', '--kind', 'personal', '--subject', 'alice', '--scope', 'a', '--scope', 'b'],
    ...['--bind', 'account=one', '--bind', 'account=two', '--access', 'owner', '--network', '10.0.0.0/8'],
    ...['--path', '/v1', '--expires', '3h', '--description', 'for the laptop', '--by', 'tester', '--json'],
  )
  t.equal(issued.code, 0, issued.stderr)
  const { id, token, ...rest } = issued.json()
  t.match(token, /^spp_[0-9A-Za-z]{36}$/)
  t.match(rest, {
    state: 'active',
    kind: 'personal',
    subject: 'alice',
    scopes: ['a', 'b'],
    bindings: { account: ['one', 'two'] },
    access: 'owner',
    networks: ['10.0.0.0/8'],
    paths: ['/v1'],
    createdBy: 'tester',
    revokedAt: null,
  })
  t.equal(Date.parse(String(rest.expiresAt)) - Date.parse(String(rest.createdAt)), 3 * 3_600_000)

  const shown = await cli.run('token', 'show', String(id), '--json')
  const chain = { parents: [], derived: [], predecessors: [], successors: [], isCut: false }
  const { audit, ...record } = shown.json()
  t.same(record, { id, ...rest, chain })
  t.match(audit, [{ entry: { deed: 'token_issued', tokenId: id, by: 'tester' } }])
  t.notMatch(shown.stdout, String(token))
  const forPeople = await cli.run('token', 'show', String(id))
  t.match(forPeople.stdout, /^access +owner$/m)

  const refused = await cli.run(
    'token',
    'issue',
    '--kind',
    'build',
    '--subject',
    'ci',
    '--network',
    '10.1',
    '--json',
  )
  t.equal(refused.code, 1)
  t.match(refused.json(), { error: { code: 'refused' } })
  const build = await cli.run('token', 'issue', '--kind', 'build', '--subject', 'ci')
  t.match(build.stdout, /^token +spb_[0-9A-Za-z]{36}$/m)
  t.match(build.stderr, /shown once/)
}

async function lists(t: Test, cli: Cli) {
  await cli.run('token', 'issue', '--kind', 'personal', '--subject', 'bob')
  await cli.run('token', 'issue', '--kind', 'personal', '--subject', 'bob')
  const ids = async (...args: readonly string[]) => {
    const { tokens, next } = (await cli.run('token', 'list', '--json', ...args)).json()
    return { ids: (tokens as { id: string }[]).map(({ id }) => id), next }
  }
  const all = await ids('--subject', 'bob')
  t.equal(all.ids.length, 2)
  t.same(all.ids, all.ids.toSorted().reverse())
  t.equal(all.next, null)

  const first = await ids('--subject', 'bob', '--limit', '1')
  t.same(first, { ids: all.ids.slice(0, 1), next: all.ids[0] })
  const second = await ids('--subject', 'bob', '--limit', '1', '--after', String(first.next))
  t.same(second, { ids: all.ids.slice(1), next: null })
  t.same((await ids('--kind', 'dsn')).ids, [])
  t.match((await cli.run('token', 'list')).stdout, /^ID +KIND +SUBJECT +ACCESS +STATE/)
}

async function revokes(t: Test, cli: Cli) {
  const { id, token } = (
    await cli.run('token', 'issue', '--kind', 'deploy', '--subject', 'bob', '--json')
  ).json()
  const revoke = (...args: readonly string[]) =>
    cli.run('token', 'revoke', String(id), '--json', '--cause', 'lost', ...args)

  const first = await revoke('--by', 'tester')
  t.equal(first.code, 0, first.stderr)
  t.match(first.json(), { state: 'revoked', revokedBy: 'tester', revokedCause: 'lost' })

  const second = await revoke('--by', 'somebody else')
  t.equal(second.code, 1)
  t.match(second.json(), {
    error: { code: 'already_revoked', message: /was revoked .* by tester \(lost\)/ },
  })
  t.notMatch(second.stderr, /^ +at /m)
  t.match((await cli.run('token', 'list', '--state', 'revoked', '--json')).json(), { tokens: [{ id }] })
  t.notMatch(second.stdout + second.stderr, String(token))

  for (const unknown of ['01900000-0000-7000-8000-000000000000', String(token)]) {
    const absent = await cli.run('token', 'revoke', unknown, '--json')
    t.equal(absent.code, 1)
    t.match(absent.json(), { error: { code: 'unknown_token' } })
  }
}

/** What somebody once got into the record must not reach the terminal of whoever reads of it. */
async function printsSafely(t: Test, cli: Cli) {
  const { id } = (await cli.run('token', 'issue', '--kind', 'deploy', '--subject', 'bob', '--json')).json()
  const hostile = await cli.run('token', 'revoke', String(id), '--cause', 'x\u001b[2J\nrevoked all')
  t.match(hostile, { code: 2, stderr: /one line/ })
  t.equal((await cli.run('token', 'revoke', String(id), '--by', 'a\u001b[2J')).code, 2)
  const problems = [
    ['evil\u001b[2J', /printable characters of ASCII/],
    ['', /printable characters/],
    ['аlice', /printable characters of ASCII/],
    ['sallyport:system', /the gateway's own/],
  ] as const
  for (const [name, problem] of problems) {
    const refused = await cli.run('subject', 'add', name)
    t.match(refused, { code: 1, stdout: '', stderr: problem })
    t.notMatch(refused.stderr, '\u001b[2J')
  }
  t.equal((await cli.run('subject', 'add', 'robot', '--kind', 'system')).code, 2)
  const unknown = await cli.run('subject', 'disable', '\u001b[2J')
  t.match(unknown, { code: 1, stderr: /\\u001b\[2J/ })
}

async function showsSystemToken(t: Test, cli: Cli) {
  const first = await cli.run('token', 'system', '--json')
  t.equal(first.code, 0, first.stderr)
  t.match(first.json().token, /^sps_/)
  t.same((await cli.run('token', 'system', '--json')).json(), first.json())
  t.match(first.stderr, /accepted from nowhere yet/)
}

async function switchesSubjects(t: Test, cli: Cli) {
  t.match((await cli.run('subject', 'add', 'carol', '--kind', 'service', '--json')).json(), {
    name: 'carol',
    kind: 'service',
    status: 'active',
  })
  t.match((await cli.run('subject', 'add', 'carol', '--json')).json(), { error: { code: 'subject_exists' } })
  t.match((await cli.run('subject', 'disable', 'carol', '--json')).json(), { status: 'disabled' })
  t.equal((await cli.run('token', 'issue', '--kind', 'personal', '--subject', 'carol')).code, 1)
  t.match((await cli.run('subject', 'list', '--status', 'disabled', '--json')).json(), {
    subjects: [{ name: 'carol' }],
    next: null,
  })
  t.match((await cli.run('subject', 'enable', 'carol', '--json')).json(), { status: 'active' })
  t.equal((await cli.run('token', 'issue', '--kind', 'personal', '--subject', 'carol')).code, 0)
  t.match((await cli.run('subject', 'enable', 'nobody', '--json')).json(), {
    error: { code: 'unknown_subject' },
  })
}
