/**
 * The guides for those who come from other gateways keep their word: the configuration «after» is accepted, its commands
 * work on it, and it decides as the table beside it says.
 * @module
 */

import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { tokenTextPattern } from '../../../src/tokens/token-text.ts'
import { freePort } from '../../support/free-port.ts'
import { request } from '../../support/raw-request.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { runProcess } from '../../support/run-process.ts'
import { until } from '../../support/until.ts'

const root = join(import.meta.dirname, '../../..')
const guides = readdirSync(join(root, 'docs')).filter((name) => name.startsWith('migrating-'))
const main = join(root, 'src/main.ts')

/** `Authorization` may be of the token that the last command of the guide issues, or of the one before. */
interface Try {
  readonly path: string
  readonly method?: string
  readonly host: string
  readonly credential?: (tokens: readonly string[]) => string
  /** Whom the proxy in front speaks for. */
  readonly from?: string
  readonly status: number
  /** What the upstream reads in the guide's identity header. */
  readonly identity?: readonly string[]
}

const bearer = ([token]: readonly string[]) => `Bearer ${token}`
const bearerOfLast = (tokens: readonly string[]) => `Bearer ${tokens.at(-1)}`
const basicOfLast = (tokens: readonly string[]) =>
  `Basic ${Buffer.from(`job:${tokens.at(-1)}`).toString('base64')}`

const identityHeaders: Readonly<Record<string, string>> = {
  'migrating-from-nginx-auth-request.md': 'x-user',
  'migrating-from-oathkeeper.md': 'x-user',
  'migrating-from-oauth2-proxy.md': 'x-forwarded-user',
}
const [app, api] = ['app.example.org', 'api.example.org']
const tries: Readonly<Record<string, readonly Try[]>> = {
  'migrating-from-nginx-auth-request.md': [
    { path: '/public/x', host: app, status: 200, identity: [] },
    { path: '/x', host: app, status: 401 },
    { path: '/x', host: app, credential: bearer, status: 200, identity: ['alice'] },
    { path: '/admin/x', host: app, credential: bearer, status: 403 },
    { path: '/admin/x', host: app, credential: bearer, from: '10.1.2.3', status: 200, identity: ['alice'] },
    { path: '/public/../admin/x', host: app, status: 400 },
  ],
  'migrating-from-oathkeeper.md': [
    { path: '/health', host: api, status: 200, identity: [] },
    { path: '/projects/pip/builds', host: api, credential: bearer, status: 200, identity: ['alice'] },
    { path: '/projects/other/builds', host: api, credential: bearer, status: 403 },
    { path: '/projects/pip', method: 'DELETE', host: api, credential: bearer, status: 403 },
    { path: '/elsewhere', host: api, credential: bearer, status: 404 },
  ],
  'migrating-from-oauth2-proxy.md': [
    { path: '/health', host: api, status: 200, identity: [] },
    { path: '/hooks/release', method: 'POST', host: api, credential: bearer, status: 200 },
    { path: '/hooks/other', method: 'POST', host: api, credential: bearer, status: 403 },
    { path: '/hooks/release', method: 'POST', host: api, credential: bearerOfLast, status: 403 },
    { path: '/x', host: api, credential: basicOfLast, status: 200, identity: ['nightly-job'] },
    { path: '/x', method: 'PUT', host: api, credential: basicOfLast, status: 403 },
    { path: '/x', host: app, credential: basicOfLast, status: 404 },
  ],
}

t.test('every guide has its tries', async (t) => {
  t.strictSame(guides.toSorted(), Object.keys(tries).toSorted())
})

for (const guide of guides) {
  t.test(`${guide}: its configuration is accepted and decides as it says`, async (t) => {
    const upstream = await recordingUpstream(t)
    const { port, tokens } = await startFromGuide(t, guide, upstream.url)
    for (const { path, method = 'GET', host, credential, from, status, identity } of tries[guide] ?? []) {
      const before = upstream.requests.length
      const authorization = credential === undefined ? [] : [['Authorization', credential(tokens)] as const]
      const proxied = from === undefined ? [] : [['X-Forwarded-For', from] as const]
      const forged = [identityHeaders[guide] ?? '', 'root'] as const
      const answer = await request(port, {
        method,
        path,
        headers: [['Host', host], ...authorization, ...proxied, forged],
      })
      t.equal(answer.status, status, `${method} ${path} at ${host}`)
      const seen = upstream.requests.slice(before)
      t.equal(seen.length, status === 200 ? 1 : 0, 'what is refused does not go up')
      t.strictSame(seen[0]?.header('authorization') ?? [], [])
      if (identity !== undefined) t.strictSame(seen[0]?.header(forged[0]), identity)
    }
  })
}

/** A gateway by the configuration of the guide, where only addresses differ, and the tokens that its commands issue. */
async function startFromGuide(t: Test, guide: string, upstreamUrl: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-guide-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const page = readFileSync(join(root, 'docs', guide), 'utf8')
  const block = (language: string) =>
    new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(page)?.[1] ?? ''
  const port = await freePort()
  const ports = `listen: { port: ${port} }\nadmin: { port: ${await freePort()} }\n`
  const settings = block('yaml').replace('http://127.0.0.1:9000', upstreamUrl)
  writeFileSync(join(folder, 'sallyport.yaml'), ports + settings)

  const tokens: string[] = []
  for (const line of block('sh').trim().split('\n')) {
    const words = line.replace(/^npx sallyport /, '').split(' ')
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...words], { cwd: folder })
    tokens.push(...(stdout.match(new RegExp(tokenTextPattern)) ?? []))
  }
  const args = [main, 'serve', '--config', 'sallyport.yaml']
  const gateway = await runProcess(process.execPath, { args, cwd: folder, env: process.env })
  t.teardown(() => gateway.stop())
  await until(async () => (await request(port, {}).catch(() => undefined)) !== undefined, 30_000)
  return { port, tokens }
}
