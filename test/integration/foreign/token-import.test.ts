/**
 * `token import` as operators run it: all or nothing unless they say otherwise, and as often as they like.
 * @module
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { freshDatabase } from '../../support/postgres.ts'
import { type Cli, cliIn, configWith, main } from '../cli/run-cli.ts'
import { foreignTokens, gocdToken, sentryToken } from './foreign-tokens.ts'

const ndjson = (lines: readonly (object | string)[]) =>
  lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('')
const goodLines = foreignTokens.map(({ line }) => line)

async function importing(t: Test, store: string): Promise<void> {
  const cli = cliIn(t)
  cli.write('sallyport.yaml', configWith(store))
  t.equal((await cli.run('key', 'generate', '--file', 'keys.json')).code, 0)
  const listed = async () => {
    const { tokens } = (await cli.run('token', 'list', '--state', 'all', '--json')).json()
    return (tokens as object[]).length
  }

  await t.test('every problem is told with its line, and nothing is imported', async (t) => {
    const lines = [goodLines[0] ?? '', 'rubbish', '', { ...sentryToken.line, kind: 'wizard', hash: 'x' }]
    cli.write('bad.ndjson', ndjson([...lines, gocdToken.line, gocdToken.line]))
    const { code, stdout, stderr } = await cli.run('token', 'import', 'bad.ndjson')
    t.equal(code, 1)
    t.equal(stdout, '')
    t.match(stderr, /nothing was imported/)
    const [said] = stderr.match(/line 2[\s\S]*/) ?? []
    t.match(
      said,
      /^line 2: expected one JSON object\nline 4: hash must .*\nline 4: kind must .*\nline 6: .* line 5\n$/,
    )
    t.equal(await listed(), 0)
  })

  await t.test('with --skip-bad the good lines are imported', async (t) => {
    const { code, json, stderr } = await cli.run('token', 'import', 'bad.ndjson', '--skip-bad', '--json')
    t.equal(code, 0)
    t.same(json(), { imported: 2, already: 0, expired: 0, bad: 3 })
    t.match(stderr, /^line 2: expected/m)
    t.match(stderr, /^2 of 2 lines$/m)
    t.equal(await listed(), 2)
  })

  await t.test('importing again imports what is new', async (t) => {
    cli.write(
      'good.ndjson',
      ndjson([...goodLines, { ...gocdToken.line, saltId: '00000000', expires: '2020-01-01T00:00:00Z' }]),
    )
    const again = await cli.run('token', 'import', 'good.ndjson', '--by', 'tester')
    t.equal(again.code, 0, again.stderr)
    t.match(again.stdout, /^imported 2; skipped 2 known already, 1 expired, 0 bad$/m)
    t.equal(await listed(), 4)
  })

  await t.test('reads standard input, and shows no hash anywhere', async (t) => {
    const { code, stdout, stderr } = await piped(cli, ndjson(goodLines))
    t.equal(code, 0, stderr)
    t.same(JSON.parse(stdout), { imported: 0, already: 4, expired: 0, bad: 0 })
    const shown = await cli.run('token', 'list', '--json')
    for (const { hash } of [gocdToken.line, sentryToken.line]) t.notMatch(shown.stdout, String(hash))
  })

  await t.test('a subject that is disabled gets no token', async (t) => {
    await cli.run('subject', 'disable', 'sentry-user')
    const hash = 'ab'.repeat(32)
    cli.write('disabled.ndjson', ndjson([{ ...sentryToken.line, hash }]))
    const refused = await cli.run('token', 'import', 'disabled.ndjson', '--json')
    t.equal(refused.code, 1)
    t.match(refused.json(), {
      error: { code: 'invalid_import', message: /line 1: subject «sentry-user» is disabled/ },
    })
    t.notMatch(refused.stdout + refused.stderr, hash)
  })

  await t.test('a file that is not there is told in one sentence', async (t) => {
    const absent = await cli.run('token', 'import', 'absent.ndjson')
    t.equal(absent.code, 1)
    t.match(absent.stderr, /cannot read absent\.ndjson/)
    t.notMatch(absent.stderr, /^ +at /m)
  })
}

async function piped(cli: Cli, input: string) {
  const child = spawn(process.execPath, [main, 'token', 'import', '-', '--json'], { cwd: cli.folder })
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, stdout, stderr }
}

t.test('on SQLite', (t) => importing(t, '{ sqlite: { path: tokens.db } }'))
t.test('on PostgreSQL', async (t) => importing(t, `{ postgres: { url: "${await freshDatabase(t)}" } }`))
