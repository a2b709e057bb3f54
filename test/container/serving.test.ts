/**
 * The image at work: as its user, on a root that nobody can write, with one folder for its data.
 * @module
 */

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { freePort } from '../support/free-port.ts'
import { request } from '../support/raw-request.ts'
import { recordingUpstream } from '../support/recording-upstream.ts'
import { root } from './buildah.ts'
import { dataFolder } from './data-folder.ts'
import { imageName, openImage } from './image.ts'
import { type Mount, runInImage, startInImage, untilHealthy } from './run-in-image.ts'

const image = openImage(imageName)
t.teardown(() => image.close())

function settings(t: { teardown(handler: () => void): void }, text: string): Mount {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-settings-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'sallyport.yaml'), text)
  chmodSync(folder, 0o755)
  return { source: folder, target: '/etc/sallyport', mode: 'ro' }
}

t.test('it decides, forwards, is healthy, and ends with 0 when it is told to stop', async (t) => {
  const upstream = await recordingUpstream(t)
  const [port, adminPort] = [await freePort(), await freePort()]
  const env = { SALLYPORT_ADMIN_PORT: String(adminPort) }
  const mounts: Mount[] = [
    { source: dataFolder(t, image), target: '/var/lib/sallyport', mode: 'rw' },
    settings(
      t,
      `
listen: { port: ${port} }
admin: { port: "\${env:SALLYPORT_ADMIN_PORT}" }
keys: { file: /var/lib/sallyport/keys.json }
store: { sqlite: { path: /var/lib/sallyport/tokens.db } }
upstreams: { service: { url: "${upstream.url}" } }
routes:
  - name: accounts
    match: { path: "/v1/{account}" }
    upstream: service
    credentials: [bearer]
    authorize: { bindings: { account: "{account}" } }
`,
    ),
  ]
  const run = (...command: string[]) => runInImage(t, image, { command, env, mounts })
  const [, ...healthCheck] = image.config.Healthcheck.Test
  const askHealth = () => runInImage(t, image, { entrypoint: healthCheck, command: [], env })

  t.match(await run('key', 'generate', '--file', '/var/lib/sallyport/keys.json'), { code: 0 })
  const issued = await run(
    'token',
    'issue',
    '--kind',
    'personal',
    '--subject',
    'alice',
    '--bind',
    'account=a',
    '--json',
  )
  t.equal(issued.code, 0, issued.output)
  const [document = ''] = /^\{.*\}$/ms.exec(issued.output) ?? []
  const { token } = JSON.parse(document)
  t.match(await askHealth(), { code: 1 }, 'nobody listens yet')

  const gateway = await startInImage(t, image, { env, mounts })
  await untilHealthy(t, image, gateway, env)
  const bearer = ['Authorization', `Bearer ${token}`] as const
  t.equal((await request(port, { path: '/v1/a' })).status, 401)
  t.equal((await request(port, { path: '/v1/b', headers: [bearer] })).status, 403)
  t.equal((await request(port, { path: '/v1/a', headers: [bearer] })).status, 200)
  t.equal(upstream.requests.length, 1)
  t.strictSame(upstream.requests[0]?.header('authorization'), [])

  gateway.signal('SIGTERM')
  t.equal(await gateway.ended, 0, gateway.output())
  t.notMatch(gateway.output(), token)
  t.match(await askHealth(), { code: 1 })
})

t.test('without a configuration it ends with 1 and says which file it looked for', async (t) => {
  const { code, output } = await runInImage(t, image, {})
  t.equal(code, 1)
  t.match(output, '/etc/sallyport/sallyport.yaml')
})

t.test('the command that the Helm chart gives its containers runs in it', async (t) => {
  const chart = readFileSync(join(root, 'helm/sallyport/templates/_container.tpl'), 'utf8')
  const [, words = ''] = /^command: \[(.+), serve,/m.exec(chart) ?? []
  const entrypoint = words.split(', ')
  t.match(await runInImage(t, image, { entrypoint, command: ['serve', '--help'] }), {
    code: 0,
    output: /--config/,
  })
})
