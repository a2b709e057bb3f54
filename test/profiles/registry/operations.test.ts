/**
 * Every operation of a registry needs what the specification and docker-registry say it needs: it goes up, as it came, with
 * a registry token that was asked for that, and with one for less the client is told what to ask for.
 * @module
 */

import t from 'tap'
import { allowed, openScene } from './scene.ts'

const { ask, upstream, enter } = await openScene(t)
const digest = `sha256:${'5'.repeat(64)}`
const upload = '/v2/acme/app/blobs/uploads/'
const begun = `${upload}a0b1-c2?_state=x-_%3D`

const operations: readonly [method: string, target: string, needed: string][] = [
  ['GET', '/v2/acme/app/manifests/v1', 'pull'],
  ['HEAD', '/v2/acme/app/manifests/v1', 'pull'],
  ['GET', `/v2/acme/app/manifests/${digest}`, 'pull'],
  ['PUT', '/v2/acme/app/manifests/v1', 'pull,push'],
  ['DELETE', `/v2/acme/app/manifests/${digest}`, 'delete'],
  ['DELETE', '/v2/acme/app/manifests/v1', 'delete'],
  ['GET', `/v2/acme/app/blobs/${digest}`, 'pull'],
  ['HEAD', `/v2/acme/app/blobs/${digest}`, 'pull'],
  ['DELETE', `/v2/acme/app/blobs/${digest}`, 'delete'],
  ['POST', upload, 'pull,push'],
  ['POST', `${upload}?digest=${digest}`, 'pull,push'],
  ['GET', begun, 'pull'],
  ['PATCH', begun, 'pull,push'],
  ['PUT', `${begun}&digest=${digest}`, 'pull,push'],
  ['DELETE', begun, 'delete'],
  ['GET', '/v2/acme/app/tags/list?n=2&last=v1', 'pull'],
  ['GET', `/v2/acme/app/referrers/${digest}?artifactType=application%2Fx`, 'pull'],
]
const grants = ['pull', 'push', 'delete', 'pull,push', 'pull,push,delete']

for (const granted of grants) {
  t.test(`with a registry token for ${granted} everything goes that needs no more`, async (t) => {
    const { bearer } = await enter(allowed, [`repository:acme/app:${granted}`])
    for (const [method, target, needed] of operations) {
      const before = upstream.requests.length
      const answer = await ask(target, [bearer], { method })
      const isEnough = needed.split(',').every((action) => granted.split(',').includes(action))
      const name = `${method} ${target}`
      t.equal(answer.status, isEnough ? 200 : 401, name)
      const sent = upstream.requests.slice(before).map((request) => `${request.method} ${request.target}`)
      t.strictSame(sent, isEnough ? [name] : [], 'as it came, or not at all')
      const scope = `,scope="repository:acme/app:${needed}",error="insufficient_scope"`
      if (!isEnough) t.ok(answer.header('www-authenticate')[0]?.endsWith(scope), 'and what to ask for')
    }
  })
}

t.test('a registry token for one repository is none for another of the same group', async (t) => {
  const { bearer } = await enter(allowed, ['repository:acme/other:*', 'repository:acme/app/below:*'])
  const before = upstream.requests.length
  for (const [method, target] of operations)
    t.equal((await ask(target, [bearer], { method })).status, 401, `${method} ${target}`)
  t.equal(upstream.requests.length, before)
})

t.test('a blob goes up byte for byte, and so does its digest in the query', async (t) => {
  const { bearer } = await enter(allowed, ['repository:acme/app:pull,push'])
  const target = `${begun}&digest=${encodeURIComponent(digest)}`
  const body = Buffer.from([0, 255, 13, 10, 128])
  await ask(target, [bearer, ['Content-Type', 'application/octet-stream']], { method: 'PUT', body })
  const request = upstream.requests.at(-1)
  t.equal(request?.target, target)
  t.strictSame(request?.body, body)
})
