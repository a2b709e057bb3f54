/**
 * What a real registry does with requests that the gateway refuses to read: each of these would reach another repository
 * than the one that a hasty reading finds.
 * @module
 */

import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readRegistryOperation } from '../../../src/profiles/registry/registry-operation.ts'
import { startRegistry } from '../../support/docker-registry.ts'
import { writeImage } from '../../support/oci-image.ts'
import { type PlainRequest, type RawAnswer, request } from '../../support/raw-request.ts'
import { newSkopeo } from '../../support/skopeo.ts'

const registry = await startRegistry(t)
const skopeo = newSkopeo()
const image = writeImage(join(skopeo.folder, 'image'), { layerBytes: [1_000], seed: 1 })
const [layer] = image.layers
const digest = layer?.digest ?? ''
const uploads = '/v2/acme/app/blobs/uploads/'

t.before(async () => {
  const words = ['copy', '--dest-tls-verify=false', image.reference]
  const { code, stderr } = await skopeo.run(...words, `docker://127.0.0.1:${registry.port}/secret/app:v1`)
  if (code !== 0) throw new Error(`skopeo: ${stderr}`)
})

/** The registry's answer to what the gateway refuses. */
async function refusedButTaken(t: Test, plain: PlainRequest): Promise<RawAnswer> {
  const { method = 'GET', path = '/', headers = [] } = plain
  const mark = path.indexOf('?')
  const rawPath = mark === -1 ? path : path.slice(0, mark)
  const operation = readRegistryOperation({
    method,
    rawPath,
    query: path.slice(rawPath.length),
    rawHeaders: headers.flat(),
  })
  t.equal(operation.kind, 'unknown', `${method} ${path}`)
  return request(registry.port, plain)
}

/** Where an upload that is begun goes on, with the state that the registry keeps in it. */
async function begin(repository: string): Promise<string> {
  const answer = await request(registry.port, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
  const { pathname, search } = new URL(answer.header('location')[0] ?? '')
  return pathname + search
}

t.test('a form in the body mounts a blob from another repository, whatever the query says', async (t) => {
  const form = 'application/x-www-form-urlencoded'
  const bodies = [
    [form, `mount=${digest}&from=secret/app`],
    [`${form}; charset=x`, `mount=${digest}&from=secret/app`],
    [
      'multipart/form-data; boundary=b',
      [
        ['mount', digest],
        ['from', 'secret/app'],
      ]
        .map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
        .join('')
        .concat('--b--\r\n'),
    ],
  ]
  for (const [index, [type = '', body = '']] of bodies.entries()) {
    const path = `/v2/thief/app-${index}/blobs/uploads/`
    const answer = await refusedButTaken(t, { method: 'POST', path, headers: [['Content-Type', type]], body })
    t.equal(answer.status, 201, type)
    const stolen = await request(registry.port, { path: `/v2/thief/app-${index}/blobs/${digest}` })
    t.equal(stolen.status, 200, 'and may be pulled from there')
  }
  const query = `?mount=${digest}&from=acme/app`
  const headers = [['Content-Type', form]] as const
  const body = 'from=secret/app'
  const answer = await refusedButTaken(t, { method: 'POST', path: uploads + query, headers, body })
  t.equal(answer.status, 201, 'the form comes before the query')
})

t.test('a POST to an upload that is under way mounts, too', async (t) => {
  const path = `${await begin('acme/other')}&mount=${digest}&from=secret/app`
  const answer = await refusedButTaken(t, { method: 'POST', path })
  t.equal(answer.status, 201)
})

t.test('of a source that stands twice the first counts, and its name may be escaped', async (t) => {
  for (const query of [
    `from=secret/app&from=acme/app&mount=${digest}`,
    `%66rom=secret/app&mount=${digest}`,
  ]) {
    const path = `/v2/thief/twice/blobs/uploads/?${query}`
    t.equal((await refusedButTaken(t, { method: 'POST', path })).status, 201, query)
  }
})

t.test('a mount that does not say from where, or in another case, begins an upload here', async (t) => {
  for (const query of [
    `mount=${digest}`,
    `mount=${digest}&From=secret/app`,
    `mount=${digest};from=secret/app`,
  ]) {
    const path = `/v2/nobody/app/blobs/uploads/?${query}`
    t.equal((await refusedButTaken(t, { method: 'POST', path })).status, 202, query)
  }
})

t.test('an upload belongs to its repository: under another name it is not found', async (t) => {
  const mine = await begin('acme/app')
  t.equal((await request(registry.port, { path: mine })).status, 204)
  const theirs = mine.replace('/acme/app/', '/other/app/')
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    const answer = await request(registry.port, { method, path: theirs })
    t.equal(answer.status, 404, method)
    t.match(answer.body.toString(), 'BLOB_UPLOAD_INVALID')
  }
  t.equal((await request(registry.port, { path: mine })).status, 204, 'and goes on')
})

t.test('slashes and dots are mended by a redirect, which leads through the gateway again', async (t) => {
  for (const [path, location] of [
    ['/v2//secret/app/tags/list', '/v2/secret/app/tags/list'],
    ['/v2/acme/../secret/app/tags/list', '/v2/secret/app/tags/list'],
    ['/v2/secret/app/tags/list/', '/v2/secret/app/tags/list'],
  ] as const) {
    const answer = await refusedButTaken(t, { path })
    t.equal(answer.status, 301, path)
    t.strictSame(answer.header('location'), [location])
  }
})

t.test('what is escaped is another spelling of the same path to the registry', async (t) => {
  for (const path of [
    '/v2/secret%2Fapp/tags/list',
    '/v2/%73ecret/app/tags/list',
    '/v2/secret/app/tags%2flist',
  ])
    t.equal((await refusedButTaken(t, { path })).status, 200, path)
})
