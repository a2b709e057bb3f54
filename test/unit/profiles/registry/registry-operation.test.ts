/**
 * Every request of the distribution API has one reading, and whatever has none, or two, is unknown.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import {
  type RegistryOperation,
  readRegistryOperation,
} from '../../../../src/profiles/registry/registry-operation.ts'

const sha256 = `sha256:${'a1'.repeat(32)}`
const sha512 = `sha512:${'0f'.repeat(64)}`

function read(method: string, target: string, rawHeaders: readonly string[] = []): RegistryOperation {
  const mark = target.indexOf('?')
  const rawPath = mark === -1 ? target : target.slice(0, mark)
  return readRegistryOperation({ method, rawPath, query: target.slice(rawPath.length), rawHeaders })
}

/** `manifest acme/app pull,push from other/app`, or the kind alone. */
function told(method: string, target: string, rawHeaders?: readonly string[]): string {
  const operation = read(method, target, rawHeaders)
  if (!('repository' in operation)) return operation.kind
  const { kind, repository, actions, mountFrom } = operation
  const from = mountFrom === undefined ? '' : ` from ${mountFrom}`
  return `${kind} ${repository} ${actions.join(',')}${from}`
}

const upload = '/v2/acme/app/blobs/uploads/'
const begun = `${upload}c8e5d3e4-9e6c-4f1b-8a4e-2b1d?_state=q-_=`
const operations: readonly [method: string, target: string, expected: string][] = [
  ['GET', '/v2/', 'base'],
  ['HEAD', '/v2/', 'base'],
  ['GET', '/v2/_catalog?n=10&last=a', 'catalog'],
  ['GET', '/v2/acme/app/tags/list?n=2&last=v1', 'tags acme/app pull'],
  ['GET', '/v2/acme/app/manifests/v1.2', 'manifest acme/app pull'],
  ['HEAD', `/v2/acme/app/manifests/${sha256}`, 'manifest acme/app pull'],
  ['PUT', '/v2/acme/app/manifests/latest', 'manifest acme/app pull,push'],
  ['DELETE', `/v2/acme/app/manifests/${sha512}`, 'manifest acme/app delete'],
  ['GET', `/v2/acme/app/blobs/${sha256}`, 'blob acme/app pull'],
  ['HEAD', `/v2/acme/app/blobs/${sha256}`, 'blob acme/app pull'],
  ['DELETE', `/v2/acme/app/blobs/${sha256}`, 'blob acme/app delete'],
  ['GET', `/v2/acme/app/referrers/${sha256}?artifactType=a%2Fb`, 'referrers acme/app pull'],
  ['POST', upload, 'upload acme/app pull,push'],
  ['POST', `${upload}?digest=${encodeURIComponent(sha256)}`, 'upload acme/app pull,push'],
  ['GET', begun, 'upload acme/app pull'],
  ['PATCH', begun, 'upload acme/app pull,push'],
  ['PUT', `${begun}&digest=${sha256}`, 'upload acme/app pull,push'],
  ['DELETE', begun, 'upload acme/app delete'],
  ['POST', `${upload}?mount=${sha256}&from=other/app`, 'upload acme/app pull,push from other/app'],
  [
    'POST',
    `${upload}?from=other%2Fapp&mount=${encodeURIComponent(sha256)}`,
    'upload acme/app pull,push from other/app',
  ],
  ['POST', `${upload}?from=other/app`, 'upload acme/app pull,push from other/app'],
]

t.test('every operation of the specification is known by its repository and what it needs', async (t) => {
  for (const [method, target, expected] of operations)
    t.equal(told(method, target), expected, `${method} ${target}`)
})

t.test('a segment of a name may be called like a part of the API', async (t) => {
  t.equal(told('GET', '/v2/a/manifests/b/manifests/c'), 'manifest a/manifests/b pull')
  t.equal(told('GET', '/v2/a/tags/list/manifests/c'), 'manifest a/tags/list pull')
  t.equal(told('GET', '/v2/a/manifests/b/tags/list'), 'tags a/manifests/b pull')
  t.equal(told('GET', '/v2/manifests/manifests/manifests'), 'manifest manifests pull')
  t.equal(told('GET', `/v2/blobs/uploads/blobs/${sha256}`), 'blob blobs/uploads pull')
  t.equal(told('POST', '/v2/blobs/uploads/blobs/uploads/'), 'upload blobs/uploads pull,push')
  t.equal(told('GET', '/v2/a/blobs/uploads/manifests/x'), 'manifest a/blobs/uploads pull')
  t.equal(told('GET', '/v2/tags/list/tags/list'), 'tags tags/list pull')
})

const notOperations: readonly [method: string, target: string][] = [
  // Methods that mean something else, or nothing, where they stand.
  ['POST', '/v2/'],
  ['HEAD', '/v2/_catalog'],
  ['HEAD', '/v2/acme/app/tags/list'],
  ['POST', '/v2/acme/app/manifests/latest'],
  ['PATCH', '/v2/acme/app/manifests/latest'],
  ['PUT', `/v2/acme/app/blobs/${sha256}`],
  ['PUT', upload],
  ['GET', upload],
  ['POST', begun],
  ['POST', `${begun}&mount=${sha256}&from=other/app`],
  ['get', '/v2/acme/app/manifests/latest'],
  ['OPTIONS', '/v2/acme/app/manifests/latest'],
  ['constructor', '/v2/acme/app/manifests/latest'],
  // Spellings of paths.
  ['GET', '/v2'],
  ['GET', '/v1/'],
  ['GET', '/v2//'],
  ['GET', '/v2/_catalog/'],
  ['GET', '/v2/acme/app/tags/list/'],
  ['GET', '/v2/acme/app/manifests/latest/'],
  ['GET', '/v2//acme/app/manifests/latest'],
  ['GET', '/v2/acme//app/manifests/latest'],
  ['GET', '/v2/acme/../other/manifests/latest'],
  ['GET', '/v2/acme/./app/manifests/latest'],
  ['GET', '/v2/acme%2fapp/manifests/latest'],
  ['GET', '/v2/%61cme/app/manifests/latest'],
  ['GET', '/v2/acme/app/manifests%2flatest'],
  ['GET', `/v2/acme/app/blobs/${encodeURIComponent(sha256)}`],
  ['GET', '/v2/acme;x/app/manifests/latest'],
  ['GET', '/v2/acme/app/manifests/latest;x'],
  ['GET', '/V2/acme/app/manifests/latest'],
  ['GET', '/v2/acme/app/Manifests/latest'],
  ['POST', '/v2/acme/app/blobs/uploads'],
  ['GET', `${upload}.`],
  ['DELETE', `${upload}..`],
  ['PUT', `${upload}.x`],
  // Names that are none; docker-registry would take the second and the third for those of another host.
  ['GET', '/v2/ACME/app/manifests/latest'],
  ['GET', '/v2/LOCALHOST/app/manifests/latest'],
  ['GET', '/v2/localhost:5000/app/manifests/latest'],
  ['GET', '/v2/-acme/app/manifests/latest'],
  ['GET', '/v2/acme-/app/manifests/latest'],
  ['GET', '/v2/acme..x/app/manifests/latest'],
  ['GET', '/v2/acme___x/app/manifests/latest'],
  ['GET', '/v2/manifests/latest'],
  ['GET', '/v2/tags/list'],
  ['POST', '/v2/blobs/uploads/'],
  ['GET', `/v2/${'a'.repeat(256)}/manifests/latest`],
  // References that are none.
  ['GET', `/v2/acme/app/manifests/${'a'.repeat(129)}`],
  ['GET', '/v2/acme/app/manifests/.hidden'],
  ['GET', '/v2/acme/app/manifests/'],
  ['GET', '/v2/acme/app/blobs/latest'],
  ['GET', '/v2/acme/app/blobs/sha256:abc'],
  ['GET', `/v2/acme/app/blobs/${sha256.toUpperCase()}`],
  ['GET', '/v2/acme/app/referrers/latest'],
]

t.test('what has no reading, or more than one, is unknown', async (t) => {
  for (const [method, target] of notOperations)
    t.equal(told(method, target), 'unknown', `${method} ${target}`)
})

t.test('a name may have 255 characters, and a tag 128', async (t) => {
  t.equal(read('GET', `/v2/${'a'.repeat(255)}/manifests/${'b'.repeat(128)}`).kind, 'manifest')
})

t.test('a mount is read in its plain spelling only', async (t) => {
  const unreadable = [
    `mount=${sha256}`,
    `mount=${sha256}&from=`,
    `mount=${sha256}&from=a/b&from=c/d`,
    `mount=${sha256}&mount=${sha256}&from=a/b`,
    `mount=${sha256}&From=a/b`,
    `mount=${sha256}&%66rom=a/b`,
    `mount=${sha256}&from=a/b&FROM=c/d`,
    `mount=${sha256}&from%20=a/b`,
    `mount=${sha256}&+from=a/b`,
    `mount=${sha256};from=a/b`,
    `mount=${sha256}&from=a/b;x`,
    `mount=${sha256}&x=1;from=a/b`,
    `x=1;mount=${sha256};from=a/b`,
    `mount=${sha256}&from=%ff`,
    `mount=${sha256}&from=a/b&%ff=1`,
    `mount=${sha256}&from=a%2`,
    `mount=${sha256}&from=a//b`,
    `mount=${sha256}&from=A/b`,
    `mount=${sha256}&from=a/b/../c`,
    `mount=${sha256}&from=a/b%00`,
    `mount=latest&from=a/b`,
    `mount=&from=a/b`,
    'mount&from=a/b',
    'from',
  ]
  for (const query of unreadable) t.equal(told('POST', `${upload}?${query}`), 'unknown', query)
  t.equal(told('POST', `${upload}?xfrom=a&mounted=b`), 'upload acme/app pull,push', 'other names are others')
})

t.test('an upload brings no form, in which a registry would look for a mount', async (t) => {
  const forms = [
    'application/x-www-form-urlencoded',
    'Application/X-WWW-Form-Urlencoded; charset=utf-8',
    'application/x-www-form-urlencoded;',
    'multipart/form-data; boundary=x',
    'multipart/mixed; boundary=x',
    ' application/x-www-form-urlencoded',
    '\u00a0application/x-www-form-urlencoded',
    'nonsense',
    ';',
  ]
  for (const type of forms) {
    t.equal(told('POST', upload, ['Content-Type', type]), 'unknown', type)
    t.equal(told('PUT', begun, ['CONTENT-TYPE', type]), 'unknown', type)
    t.equal(told('POST', upload, ['content-type', '', 'Content-Type', type]), 'unknown', `second: ${type}`)
  }
  for (const type of ['', 'application/octet-stream', 'text/plain;charset=UTF-8'])
    t.equal(told('POST', upload, ['Content-Type', type]), 'upload acme/app pull,push', type)
})

t.test('every name of the grammar is read whole, whatever its parts are called', async () => {
  const part = fc.oneof(
    fc.constantFrom('manifests', 'blobs', 'uploads', 'tags', 'list', 'referrers', 'latest', 'v2'),
    fc.stringMatching(/^[a-z0-9]{1,4}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,4}){0,3}$/),
  )
  const name = fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('/'))
  const tail = fc.constantFrom(
    ['manifest', 'GET', 'manifests/latest'],
    ['manifest', 'GET', 'manifests/manifests'],
    ['blob', 'GET', `blobs/${sha256}`],
    ['upload', 'POST', 'blobs/uploads/'],
    ['upload', 'PATCH', 'blobs/uploads/list'],
    ['tags', 'GET', 'tags/list'],
    ['referrers', 'GET', `referrers/${sha512}`],
  )
  fc.assert(
    fc.property(name, tail, (repository, [kind = '', method = '', end]) => {
      const operation = read(method, `/v2/${repository}/${end}`)
      const isWhole = 'repository' in operation && operation.repository === repository
      return repository.length > 255 ? operation.kind === 'unknown' : isWhole && operation.kind === kind
    }),
  )
})
