/**
 * What takes long or comes in numbers: a large image, fifty clients at once, and a pull whose token is withdrawn.
 * @module
 */

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openStream } from '../../integration/streams/open-streams.ts'
import type { IssuedToken } from '../../support/issuer.ts'
import type { Image } from '../../support/oci-image.ts'
import { succeeded } from '../../support/run-client.ts'
import type { Skopeo } from '../../support/skopeo.ts'
import { until } from '../../support/until.ts'
import { loggedIn, newImage, realRegistry } from './real-registry.ts'

const mebibyte = 2 ** 20
// Seconds on a machine at rest.
t.setTimeout(300_000)

const place = await realRegistry(t)
const { at, gateway, installation, issue, jwt } = place

async function push(skopeo: Skopeo, image: Image, name: string): Promise<void> {
  succeeded(await skopeo.run('copy', '--dest-tls-verify=false', image.reference, at(name)))
}

async function pull(skopeo: Skopeo, name: string, folder: string): Promise<string> {
  succeeded(
    await skopeo.run('copy', '--src-tls-verify=false', at(name), `oci:${join(skopeo.folder, folder)}`),
  )
  return join(skopeo.folder, folder)
}

t.test('an image of 208 MiB in five layers comes back with the same digests', async (t) => {
  const skopeo = await loggedIn(place, await issue(['acme']))
  const sizes = [64, 64, 48, 31, 1].map((size) => size * mebibyte)
  const image = newImage(skopeo, { layerBytes: sizes, seed: 10 })
  const startedAt = performance.now()
  await push(skopeo, image, 'acme/large:v1')
  const pushedAt = performance.now()
  const folder = await pull(skopeo, 'acme/large:v1', 'large')
  const pulledAt = performance.now()
  t.comment(
    `pushed in ${Math.round(pushedAt - startedAt)} ms, pulled in ${Math.round(pulledAt - pushedAt)} ms`,
  )

  const [manifest] = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')).manifests
  t.equal(manifest.digest, image.digest)
  for (const { digest, size } of image.layers) {
    const bytes = readFileSync(join(folder, 'blobs/sha256', digest.slice('sha256:'.length)))
    t.equal(bytes.length, size)
    t.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, digest)
  }
})

t.test('fifty clients pull at once, each with what it asked for', async (t) => {
  const skopeo = await loggedIn(place, await issue(['acme']))
  const image = newImage(skopeo, { layerBytes: [mebibyte, 10_000], seed: 11 })
  await push(skopeo, image, 'acme/popular:v1')
  const folders = await Promise.all(
    Array.from({ length: 50 }, (_, index) => pull(skopeo, 'acme/popular:v1', `pull-${index}`)),
  )
  for (const folder of folders) {
    const { manifests } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'))
    t.equal(manifests[0].digest, image.digest)
    for (const { digest } of image.layers) t.ok(existsSync(join(folder, 'blobs/sha256', digest.slice(7))))
  }
})

t.test(
  'a pull under way is broken off when its token is revoked, and its registry token is worth nothing',
  async (t) => {
    const owner = await loggedIn(place, await issue(['acme']))
    const image = newImage(owner, { layerBytes: [64 * mebibyte], seed: 12 })
    await push(owner, image, 'acme/leaked:v1')
    const leaked = await issue(['acme'])
    const registryToken = await jwt(leaked, 'repository:acme/leaked:pull')
    const path = `/v2/acme/leaked/blobs/${image.layers[0]?.digest}`
    const stream = openStream(t, gateway.port, path, { lines: [`Authorization: Bearer ${registryToken}`] })
    await until(() => stream.receivedBytes() > mebibyte)
    // A client that reads no further: what is under way stays so.
    stream.socket.pause()

    await revoke(leaked)
    await until(async () => (await place.request(registryToken, 'GET', '/v2/')).status === 401)
    stream.socket.resume()
    await stream.ended
    t.ok(stream.receivedBytes() < 64 * mebibyte, `${stream.receivedBytes()} bytes came`)
    t.equal((await place.request(registryToken, 'GET', path)).status, 401)
    await t.rejects(jwt(leaked), /no registry token: 401/, 'and there is no other one')
  },
)

async function revoke({ token }: IssuedToken): Promise<void> {
  const { code, stderr } = await installation.run('token', 'revoke', token.id, '--cause', 'leaked')
  if (code !== 0) throw new Error(stderr)
}
