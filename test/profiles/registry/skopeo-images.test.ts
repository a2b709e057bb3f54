/**
 * A real client works with images through the gateway as it does with the registry itself, as far as its token reaches.
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { succeeded } from '../../support/run-client.ts'
import { newSkopeo } from '../../support/skopeo.ts'
import { loggedIn, newImage, realRegistry } from './real-registry.ts'

const place = await realRegistry(t)
const { at, gateway, issue, registry } = place
const insecure = {
  to: ['copy', '--dest-tls-verify=false'],
  from: ['copy', '--src-tls-verify=false'],
  between: ['copy', '--src-tls-verify=false', '--dest-tls-verify=false'],
}

t.test('a client logs in with a token, and not with anything else', async (t) => {
  const { text } = await issue(['acme'])
  const skopeo = newSkopeo()
  succeeded(await skopeo.login(gateway.port, 'anybody', text))
  for (const secret of [`${text}x`, 'correct-horse']) {
    const refused = await newSkopeo().login(gateway.port, 'anybody', secret)
    t.not(refused.code, 0)
    t.match(refused.stderr, /invalid username\/password|unauthorized/i)
    t.notMatch(refused.stderr, secret, 'what was wrong is not repeated')
  }
})

t.test(
  'an image goes in and comes out with the same bytes, is listed and described, and deleted',
  async (t) => {
    const skopeo = await loggedIn(place, await issue(['acme']))
    const image = newImage(skopeo, { layerBytes: [300_000, 1, 70_000], seed: 1 })
    const name = at('acme/team/app')
    succeeded(await skopeo.run(...insecure.to, image.reference, `${name}:v1`))

    const described = JSON.parse(succeeded(await skopeo.run('inspect', '--tls-verify=false', `${name}:v1`)))
    t.equal(described.Digest, image.digest)
    t.strictSame(
      described.Layers,
      image.layers.map(({ digest }) => digest),
    )
    const listed = JSON.parse(succeeded(await skopeo.run('list-tags', '--tls-verify=false', name)))
    t.strictSame(listed.Tags, ['v1'])

    const back = join(skopeo.folder, 'back')
    succeeded(await skopeo.run(...insecure.from, `${name}@${image.digest}`, `oci:${back}`))
    const [manifest] = JSON.parse(readFileSync(join(back, 'index.json'), 'utf8')).manifests
    t.equal(manifest.digest, image.digest)

    succeeded(await skopeo.run('delete', '--tls-verify=false', `${name}:v1`))
    const gone = await skopeo.run('inspect', '--tls-verify=false', `${name}:v1`)
    t.not(gone.code, 0)
    t.match(gone.stderr, /manifest unknown/)
  },
)

t.test('a token of another group finds nothing, and puts nothing there', async (t) => {
  const mine = await loggedIn(place, await issue(['acme']))
  const theirs = await loggedIn(place, await issue(['other']))
  const image = newImage(mine, { layerBytes: [1_000], seed: 2 })
  succeeded(await mine.run(...insecure.to, image.reference, at('acme/hidden:v1')))
  const attempts = [
    ['inspect', '--tls-verify=false', at('acme/hidden:v1')],
    ['list-tags', '--tls-verify=false', at('acme/hidden')],
    [...insecure.from, at('acme/hidden:v1'), `oci:${join(theirs.folder, 'stolen')}`],
    [...insecure.to, image.reference, at('acme/planted:v1')],
    [...insecure.between, at('acme/hidden:v1'), at('other/mine:v1')],
    ['delete', '--tls-verify=false', at('acme/hidden:v1')],
  ]
  for (const words of attempts) t.not((await theirs.run(...words)).code, 0, words.join(' '))
  t.equal(await statusOf('/v2/acme/planted/tags/list'), 404)
  t.equal(await statusOf('/v2/acme/hidden/manifests/v1'), 200)
})

t.test('a token that only reads pulls and does not push', async (t) => {
  const writer = await loggedIn(place, await issue(['acme']))
  const reader = await loggedIn(place, await issue(['acme'], { access: 'read-only' }))
  const image = newImage(writer, { layerBytes: [1_000], seed: 3 })
  succeeded(await writer.run(...insecure.to, image.reference, at('acme/read:v1')))
  succeeded(await reader.run(...insecure.from, at('acme/read:v1'), `oci:${join(reader.folder, 'read')}`))
  t.not((await reader.run(...insecure.to, image.reference, at('acme/read:v2'))).code, 0)
  t.not((await reader.run('delete', '--tls-verify=false', at('acme/read:v1'))).code, 0)
  t.equal(await statusOf('/v2/acme/read/manifests/v2'), 404)
  t.equal(await statusOf('/v2/acme/read/manifests/v1'), 200)
})

t.test('an image is copied from one repository into another, its layers mounted', async (t) => {
  const skopeo = await loggedIn(place, await issue(['acme']))
  const image = newImage(skopeo, { layerBytes: [50_000], seed: 4 })
  succeeded(await skopeo.run(...insecure.to, image.reference, at('acme/source:v1')))
  const copy = [...insecure.between, at('acme/source:v1'), at('acme/copy:v1')]
  const copied = await skopeo.run('--debug', ...copy)
  succeeded(copied)
  t.match(copied.stderr, /mount OK/, 'nothing of it went through the client')
  const described = await skopeo.run('inspect', '--tls-verify=false', at('acme/copy:v1'))
  t.equal(JSON.parse(succeeded(described)).Digest, image.digest)
})

t.test('whoever has no token sees nothing', async (t) => {
  const skopeo = newSkopeo()
  const { code, stderr } = await skopeo.run('inspect', '--tls-verify=false', at('acme/source:v1'))
  t.not(code, 0)
  t.match(stderr, /unauthorized|403/i)
})

/** What the registry itself says. */
async function statusOf(path: string): Promise<number> {
  const headers = { accept: 'application/vnd.oci.image.manifest.v1+json' }
  return (await fetch(`${registry.url}${path}`, { headers })).status
}
