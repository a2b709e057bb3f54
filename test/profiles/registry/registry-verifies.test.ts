/**
 * A registry that verifies registry tokens itself, with the gateway's public keys: whoever finds a way past the gateway
 * needs a registry token there, too, and gets no further than it was asked for.
 * @module
 */

import { join } from 'node:path'
import t from 'tap'
import { startRegistry } from '../../support/docker-registry.ts'
import { freePort } from '../../support/free-port.ts'
import { newInstallation } from '../../support/installation.ts'
import { request } from '../../support/raw-request.ts'
import { rootCertificate } from '../../support/root-certificate.ts'
import { succeeded } from '../../support/run-client.ts'
import { clientsOf, loggedIn, newImage, registryRoute } from './real-registry.ts'
import { service } from './scene.ts'

const port = await freePort()
const installation = newInstallation(t, {
  upstream: `http://127.0.0.1:${port}`,
  routes: [{ ...registryRoute, upstreamCredential: 'passthrough' }],
})
const gateway = await installation.serve()
const { keys } = JSON.parse((await gateway.request({ path: '/jwt/keys' })).body.toString())
const registry = await startRegistry(t, {
  port,
  tokenAuth: {
    realm: `http://127.0.0.1:${gateway.port}/jwt/auth`,
    service,
    issuer: 'sallyport',
    rootCertificates: keys.map(rootCertificate).join(''),
  },
})
const place = clientsOf({ registry, gateway, installation })
const { at, issue, jwt } = place

/** Past the gateway. */
async function direct(text: string | undefined, path: string, method = 'GET'): Promise<number> {
  const headers = text === undefined ? [] : [['Authorization', `Bearer ${text}`] as const]
  return (await request(port, { method, path, headers })).status
}

t.test('the keys are public, and hold nothing private', async (t) => {
  t.ok(keys.length > 0)
  for (const key of keys) {
    t.match(key, { kty: 'EC', crv: 'P-256', alg: 'ES256', kid: /^[A-Z2-7:]+$/ })
    t.notOk('d' in key)
  }
})

t.test('a client works through the gateway as before', async (t) => {
  const skopeo = await loggedIn(place, await issue(['acme']))
  const image = newImage(skopeo, { layerBytes: [10_000], seed: 20 })
  const name = at('acme/app:v1')
  succeeded(await skopeo.run('copy', '--dest-tls-verify=false', image.reference, name))
  const back = join(skopeo.folder, 'back')
  succeeded(await skopeo.run('copy', '--src-tls-verify=false', name, `oci:${back}`))
  const tags = JSON.parse(succeeded(await skopeo.run('list-tags', '--tls-verify=false', at('acme/app'))))
  t.strictSame(tags.Tags, ['v1'])
  succeeded(await skopeo.run('delete', '--tls-verify=false', name))
  t.not((await skopeo.run('inspect', '--tls-verify=false', name)).code, 0)
})

t.test('a mount needs a registry token that was asked for both repositories, to both of them', async (t) => {
  const skopeo = await loggedIn(place, await issue(['acme']))
  const image = newImage(skopeo, { layerBytes: [500], seed: 21 })
  succeeded(await skopeo.run('copy', '--dest-tls-verify=false', image.reference, at('acme/source:v1')))
  const path = `/v2/acme/target/blobs/uploads/?mount=${image.layers[0]?.digest}&from=acme/source`
  const target = 'repository:acme/target:pull,push'
  const narrow = await jwt(await issue(['acme']), target)
  t.equal((await place.request(narrow, 'POST', path)).status, 401)
  t.equal(await direct(narrow, path, 'POST'), 401)
  const wide = await jwt(await issue(['acme']), target, 'repository:acme/source:pull')
  t.equal((await place.request(wide, 'POST', path)).status, 201)
})

t.test('past the gateway nobody gets in without a registry token, or further than it says', async (t) => {
  const text = await jwt(await issue(['acme']), 'repository:acme/app:pull')
  t.equal(await direct(undefined, '/v2/'), 401)
  t.equal(await direct(text, '/v2/'), 200)
  t.equal(await direct(text, '/v2/acme/app/tags/list'), 200)
  t.equal(await direct(text, '/v2/acme/other/tags/list'), 401)
  t.equal(await direct(text, '/v2/acme/app/blobs/uploads/', 'POST'), 401)
  t.equal(await direct(text, '/v2/_catalog'), 401)
  const [head, claims, signature = ''] = text.split('.')
  const forged = [head, claims, `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`].join('.')
  t.equal(await direct(forged, '/v2/'), 401)
})

t.test(
  'a revoked token ends at the gateway at once; the registry alone takes its word until it expires',
  async (t) => {
    const issued = await issue(['acme'])
    const text = await jwt(issued, 'repository:acme/app:pull')
    const path = '/v2/acme/app/tags/list'
    t.equal((await place.request(text, 'GET', path)).status, 200)
    const { code } = await installation.run('token', 'revoke', issued.token.id, '--cause', 'leaked')
    t.equal(code, 0)
    t.equal((await place.request(text, 'GET', path)).status, 401)
    t.equal(await direct(text, path), 200, 'which is why clients reach it through the gateway only')
  },
)
