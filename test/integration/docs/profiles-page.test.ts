/**
 * The guide to a new profile keeps its word: what it says to paste makes a gateway that speaks as the made-up service
 * does, in as many lines as it says.
 * @module
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { freePort } from '../../support/free-port.ts'
import { request } from '../../support/raw-request.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

const root = join(import.meta.dirname, '../../..')
const page = readFileSync(join(root, 'docs/profiles.md'), 'utf8')

function blockOf(language: string): string {
  const [, text] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(page) ?? []
  if (text === undefined) throw new Error(`the page has no block of ${language}`)
  return text
}

t.test('what the guide says to paste is a gateway that speaks as the service does', async (t) => {
  const upstream = await recordingUpstream(t)
  const { port, token } = await startFromGuide(t, upstream.url)
  const get = (path: string, ...headers: (readonly [string, string])[]) => request(port, { path, headers })

  const forged = ['X-Ledger_User', 'root'] as const
  t.equal((await get('/books/7', ['Authorization', `Ledger key=${token}`])).status, 200)
  t.strictSame(upstream.requests[0]?.header('x-ledger-user'), ['alice'])
  t.strictSame(upstream.requests[0]?.header('x-ledger-currency'), ['CHF'])
  t.strictSame(upstream.requests[0]?.header('authorization'), [])

  const unknown = await get('/books/7', ['Authorization', 'Ledger key=spp_nobody'])
  t.equal(unknown.status, 419)
  t.equal(unknown.body.toString(), 'The credential is not valid.\n')
  t.equal((await get('/books/8', ['Authorization', `Ledger key=${token}`])).status, 403, 'another book')
  t.equal((await get('/books/7', ['Authorization', `Bearer ${token}`])).status, 401, 'another grammar')
  t.equal((await get('/books/7', ['Authorization', `Ledger key=${token}`], forged)).status, 400)
  t.equal(upstream.requests.length, 1)
})

t.test('it takes as many lines as the guide says', async (t) => {
  const code = [...blockOf('sh').matchAll(/<<'END'\n(.*?)^END$/gms)].flatMap(([, text = '']) =>
    text.trim().split('\n'),
  )
  const [, said] = /That is all: (\d+) lines/.exec(page) ?? []
  t.equal(code.filter((line) => line !== '' && !/^ ?\/?\*/.test(line)).length + 4, Number(said))
})

/** A copy of the sources with the guide pasted over them, and a gateway run from it. */
async function startFromGuide(t: Test, upstreamUrl: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-guide-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['src', 'package.json', 'tsconfig.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  execFileSync('bash', ['-e', '-c', blockOf('sh')], { cwd: folder, stdio: 'pipe' })

  const port = await freePort()
  const settings = [
    `listen: { port: ${port} }`,
    `admin: { port: ${await freePort()} }`,
    'keys: { file: keys.json }',
    'store: { sqlite: { path: tokens.db } }',
    blockOf('yaml').replace('http://127.0.0.1:9000', upstreamUrl),
  ].join('\n')
  writeFileSync(join(folder, 'ledger.yaml'), settings)
  const sallyport = (...args: readonly string[]) =>
    execFileSync(process.execPath, ['src/main.ts', ...args], { cwd: folder, stdio: 'pipe' }).toString()
  sallyport('key', 'generate', '--file', 'keys.json')
  sallyport('check', '--config', 'ledger.yaml')
  const issue = [
    'token',
    'issue',
    '--config',
    'ledger.yaml',
    '--kind',
    'personal',
    '--subject',
    'alice',
    '--bind',
    'book=7',
  ]
  const { token } = JSON.parse(sallyport(...issue, '--json'))

  const gateway = spawn(process.execPath, ['src/main.ts', 'serve', '--config', 'ledger.yaml'], {
    cwd: folder,
    stdio: 'ignore',
  })
  t.teardown(() => stop(gateway))
  await until(async () => (await request(port, {}).catch(() => undefined)) !== undefined)
  return { port, token: String(token) }
}

async function stop(gateway: ChildProcess): Promise<void> {
  if (gateway.exitCode !== null) return
  gateway.kill('SIGTERM')
  await once(gateway, 'exit')
}
