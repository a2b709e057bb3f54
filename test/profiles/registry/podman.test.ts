/**
 * podman, where it is installed and may run: it logs in, pushes and pulls through the gateway.
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runClient, succeeded } from '../../support/run-client.ts'
import { findProgram } from '../../support/run-process.ts'
import { loggedIn, newImage, realRegistry } from './real-registry.ts'

const podman = findProgram('podman')
const mayRun = podman !== undefined && process.getuid?.() === 0

t.test('podman works through the gateway', { skip: !mayRun && 'needs podman, and root' }, async (t) => {
  const place = await realRegistry(t)
  const { gateway, issue } = place
  const issued = await issue(['acme'])
  const skopeo = await loggedIn(place, issued)
  const image = newImage(skopeo, { layerBytes: [20_000, 3], seed: 30 })
  const name = `127.0.0.1:${gateway.port}/acme/app`
  succeeded(await skopeo.run('copy', '--dest-tls-verify=false', image.reference, `docker://${name}:v1`))

  // It takes no longer path than this one for what it keeps while it runs.
  const folder = mkdtempSync('/tmp/podman-')
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const auth = join(folder, 'auth.json')
  const own = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs']
  const env = { ...process.env, HOME: folder, REGISTRY_AUTH_FILE: auth }
  const run = (input: string, ...words: readonly string[]) =>
    runClient(podman ?? '', [...own, ...words], { env, input })
  const insecure = '--tls-verify=false'

  const nobody = await run('', 'pull', insecure, `${name}:v1`)
  t.not(nobody.code, 0, 'without a login there is nothing')
  const login = ['login', insecure, '--username', 'anybody', '--password-stdin']
  succeeded(await run(issued.text, ...login, `127.0.0.1:${gateway.port}`))
  succeeded(await run('', 'pull', insecure, `${name}@${image.digest}`))
  succeeded(await run('', 'push', insecure, `${name}@${image.digest}`, `${name}:v2`))
  const tags = JSON.parse(succeeded(await skopeo.run('list-tags', insecure, `docker://${name}`)))
  t.strictSame(tags.Tags, ['v1', 'v2'])
  const elsewhere = `127.0.0.1:${gateway.port}/other/app:v1`
  t.not((await run('', 'push', insecure, `${name}@${image.digest}`, elsewhere)).code, 0)
  await run('', 'rmi', '--all', '--force')
})
