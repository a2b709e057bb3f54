/**
 * `config/registry.yaml` keeps its word: the commands in its comment are run as they stand there, before a real registry,
 * and a real client works by them.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startRegistry } from '../../support/docker-registry.ts'
import { freePort } from '../../support/free-port.ts'
import { request } from '../../support/raw-request.ts'
import { succeeded } from '../../support/run-client.ts'
import { runProcess } from '../../support/run-process.ts'
import { newSkopeo } from '../../support/skopeo.ts'
import { until } from '../../support/until.ts'
import { newImage } from './real-registry.ts'

const root = join(import.meta.dirname, '../../..')
const example = join(root, 'config/registry.yaml')

/** `npx sallyport …` of the comment, word by word. */
function words(command: string): readonly string[] {
  const comment = readFileSync(example, 'utf8').replaceAll(/\\\n#/g, '')
  const [, rest] = new RegExp(`^# +npx sallyport (${command} .*)$`, 'm').exec(comment) ?? []
  if (rest === undefined) throw new Error(`the comment has no «${command}»`)
  return rest.split(/ +/).map((word) => word.replace(/^config\//, `${root}/config/`))
}

t.test('the example is a registry that a client can log in at, push to and pull from', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-example-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const port = await freePort()
  const env = {
    ...process.env,
    SALLYPORT_PORT: String(port),
    SALLYPORT_ADMIN_PORT: String(await freePort()),
    REGISTRY_URL: (await startRegistry(t)).url,
  }
  const main = join(root, 'src/main.ts')
  const run = (command: string, ...more: string[]) =>
    execFileSync(process.execPath, [main, ...words(command), ...more], { cwd: folder, env, stdio: 'pipe' })

  run('key generate')
  run('check')
  const gateway = await runProcess(process.execPath, { args: [main, ...words('serve')], cwd: folder, env })
  t.teardown(() => gateway.stop())
  await until(async () => (await request(port, { path: '/v2/' }).catch(() => undefined)) !== undefined)
  const { token } = JSON.parse(run('token issue', '--json').toString())

  const [challenge] = (await request(port, { path: '/v2/' })).header('www-authenticate')
  t.equal(challenge, `Bearer realm="http://127.0.0.1:${port}/jwt/auth",service="dependency_proxy"`)
  const skopeo = newSkopeo()
  succeeded(await skopeo.login(port, 'alice', token))
  const image = newImage(skopeo, { layerBytes: [10_000], seed: 30 })
  const name = `docker://127.0.0.1:${port}/acme/app:v1`
  succeeded(await skopeo.run('copy', '--dest-tls-verify=false', image.reference, name))
  const tags = succeeded(
    await skopeo.run('list-tags', '--tls-verify=false', `docker://127.0.0.1:${port}/acme/app`),
  )
  t.strictSame(JSON.parse(tags).Tags, ['v1'])
  const other = `docker://127.0.0.1:${port}/other/app:v1`
  t.not((await skopeo.run('copy', '--dest-tls-verify=false', image.reference, other)).code, 0)
})
