/**
 * Whatever Swift would touch because a header said so is named, or the request is refused as unreadable or
 * unbounded.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import {
  copiedSource,
  type NamedResource,
  namedResources,
} from '../../../../src/profiles/swift/named-resources.ts'
import { parametersOf } from '../../../../src/profiles/swift/swift-fields.ts'
import { readSwiftPath } from '../../../../src/profiles/swift/swift-path.ts'
import { vectors } from './vectors.ts'

type Touched = readonly [
  account: string,
  container: string | null,
  object: string | null,
  prefix: string | null,
]

interface NamedCase {
  readonly method: string
  readonly path: string
  readonly headers: readonly string[]
  readonly status: string
  readonly touched: readonly Touched[]
}

const o = '/v1/AUTH_test/c/o'

function read(method: string, target: string, ...rawHeaders: string[]) {
  const [path = '', query = ''] = target.split('?')
  return namedResources({ method, path: readSwiftPath(path), query, rawHeaders })
}

const keyOf = ({ account, container, object, prefix }: Partial<NamedResource>) =>
  JSON.stringify([account, container ?? null, object ?? null, prefix ?? null])

t.test('names everything that Swift touched, and nothing else', async (t) => {
  let refused = 0
  for (const { method, path, headers, status, touched } of vectors<NamedCase>('named-resources-cases.json')) {
    const comment = JSON.stringify([method, path, headers])
    const found = read(method, path, ...headers)
    if (found.unreadable !== undefined) {
      refused++
      continue
    }
    const target = readSwiftPath(path)
    const itself = 'account' in target ? keyOf(target) : ''
    const named = new Set([itself, ...found.resources.map(keyOf)])
    const seen = touched.map((resource) => JSON.stringify(resource))
    for (const resource of seen) t.ok(named.has(resource), `${comment} names ${resource}`)
    if (!status.startsWith('2')) continue
    // A COPY whose source lies in another account does not touch what its path names.
    for (const resource of named)
      t.ok(resource === itself || seen.includes(resource), `${comment}: ${resource}`)
  }
  t.ok(refused > 0)
})

t.test('the two ends of a copy', async (t) => {
  const source = { account: 'AUTH_b', container: 'd', object: 'x/y' }
  t.strictSame(read('PUT', o, 'X-Copy-From', 'd/x%2Fy', 'X-Copy-From-Account', '%41UTH_b').resources, [
    source,
  ])
  t.strictSame(read('COPY', o, 'Destination', '%2fd/x/y', 'Destination-Account', 'AUTH_b').resources, [
    source,
  ])
  t.strictSame(read('GET', o, 'X-Copy-From', 'd/x', 'Destination', 'd/y').resources, [])
  t.strictSame(read('PUT', o, 'Destination', 'd/x').resources, [])
})

t.test('X-Copy-From-Account moves the source of a COPY, unless its destination has an account', async (t) => {
  const [destination, source] = [
    { account: 'AUTH_test', container: 'd', object: 'x' },
    { account: 'AUTH_victim', container: 'c', object: 'o' },
  ]
  const victim = ['X-Copy-From-Account', 'AUTH_victim']
  t.strictSame(read('COPY', o, 'Destination', 'd/x', ...victim).resources, [destination, source])
  t.strictSame(read('COPY', o, 'Destination', 'd/x', 'Destination-Account', 'AUTH_b', ...victim).resources, [
    { ...destination, account: 'AUTH_b' },
  ])
})

t.test('what a copy writes refers to names in the account of the destination', async (t) => {
  const headers = [
    'Destination',
    'd/x',
    'Destination-Account',
    'AUTH_b',
    'X-Symlink-Target',
    'e/p',
    'X-Object-Manifest',
    'f/q',
  ]
  t.strictSame(read('COPY', o, ...headers).resources.slice(1), [
    { account: 'AUTH_b', container: 'e', object: 'p' },
    { account: 'AUTH_b', container: 'f', prefix: 'q' },
  ])
})

t.test('a header counts in every spelling, and a repeated one cannot be read', async (t) => {
  const source = [{ account: 'AUTH_test', container: 'd', object: 'x' }]
  for (const name of ['x-copy-from', 'X_COPY_FROM', 'x-Copy_from'])
    t.strictSame(read('PUT', o, name, ' d/x\t').resources, source, name)
  const twice = read('PUT', o, 'X-Copy-From', 'd/x', 'x_copy_from', 'e/y')
  t.strictSame(twice.resources, [])
  t.equal(twice.unreadable, 'x-copy-from is given twice')
})

t.test('refuses names that Swift could not read', async (t) => {
  const unreadable = (...headers: string[]) => read('PUT', o, ...headers).unreadable
  for (const value of ['d', 'd/', '//d/x', 'd%2f', '%ff/x', 'd/%00', 'd/\u00c3'])
    for (const name of ['X-Copy-From', 'X-Symlink-Target'])
      t.type(unreadable(name, value), 'string', `${name}: ${value}`)
  for (const account of ['a/b', 'a%2Fb', '%ff'])
    t.type(unreadable('X-Copy-From', 'd/x', 'X-Copy-From-Account', account), 'string', account)
  t.type(unreadable('X-Symlink-Target', '/d/x'), 'string')
  t.type(unreadable('X-Symlink-Target', 'd/x', 'X-Symlink-Target-Account', ''), 'string')
  for (const value of ['d', '/d', '%2Fd/x']) t.type(unreadable('X-Object-Manifest', value), 'string', value)
  t.type(read('COPY', o).unreadable, 'string', 'no destination')
  t.type(read('COPY', o, 'Destination', 'd/x', 'Destination-Account', '').unreadable, 'string')
  t.type(read('PUT', '/v1/AUTH_test/c', 'X-Versions-Location', '%2Fd').unreadable, 'string')
})

t.test('a byte order mark is part of a name', async (t) => {
  t.strictSame(read('PUT', o, 'X-Copy-From', '%EF%BB%BFd/x').resources, [
    { account: 'AUTH_test', container: '\ufeffd', object: 'x' },
  ])
})

t.test('the container of old versions, in either header', async (t) => {
  const versions = [{ account: 'AUTH_test', container: 'd' }]
  t.strictSame(read('PUT', '/v1/AUTH_test/c', 'X-Versions-Location', '%64').resources, versions)
  t.strictSame(read('POST', '/v1/AUTH_test/c', 'X-History-Location', 'd%2Fx').resources, versions)
  t.strictSame(
    read('POST', '/v1/AUTH_test/c', 'X-Versions-Location', '').resources,
    [],
    'an end of versioning',
  )
})

t.test('requests whose bounds nobody can tell', async (t) => {
  const unbounded: readonly (readonly [method: string, target: string, ...headers: string[]])[] = [
    ['PUT', `${o}?multipart-manifest=put`],
    ['PUT', `${o}?multipart%2Dmanifest=p%75t`],
    ['PUT', `${o}?multipart-manifest=get&multipart-manifest=put`],
    ['PUT', `${o}?multipart-manifest=put&multipart-manifest=get`],
    ['PUT', `${o}?x=1;multipart-manifest=put`],
    ['PUT', `${o}?multipart-manifest=put`, 'X-Copy-From', 'd/x'],
    ['PUT', `${o}?multipart-manifest=get`, 'X-Copy-From', 'd/x'],
    ['PUT', `${o}?symlink=get`, 'x_copy_from', 'd/x'],
    ['COPY', `${o}?multipart-manifest=put`, 'Destination', 'd/x'],
    ['COPY', `${o}?multipart-manifest=get`, 'Destination', 'd/x'],
    ['DELETE', `${o}?multipart-manifest=delete`],
    ['PUT', '/v1/AUTH_test?extract-archive=tar.gz'],
    ['PUT', '/v1/AUTH_test/c?extract-archive'],
    ['POST', '/v1/AUTH_test?bulk-delete'],
    ['POST', '/v1/AUTH_test?x&bulk-delete=1'],
    ['DELETE', '/v1/AUTH_test/c/o?bulk%2ddelete'],
    ['POST', '/info?bulk-delete'],
    ['POST', '/v1/AUTH_test/c', 'Content-Type', 'Multipart/Form-Data; boundary=x'],
    ['PUT', '/v1/AUTH_test/c', 'X-Container-Sync-To', '//realm/cluster/AUTH_b/d'],
    ['PUT', o, 'X_Container_Sync_Auth', 'realm nonce signature'],
    ['GET', `${o}?prefix=x&X-Amz-Credential=y`],
    ['GET', `${o}?AWSAccessKeyI%64`],
    ['GET', o, 'Authorization', 'AWS4-HMAC-SHA256 Credential=x'],
    ['GET', o, 'authorization', 'AWS a:b'],
  ]
  for (const [method, target, ...headers] of unbounded)
    t.type(read(method, target, ...headers).unbounded, 'string', `${method} ${target} ${headers.join(': ')}`)
})

t.test('requests that only look like them', async (t) => {
  const bounded: readonly (readonly [method: string, target: string, ...headers: string[]])[] = [
    ['GET', `${o}?multipart-manifest=get`],
    ['GET', o, 'Authorization', 'Bearer AWS'],
    ['GET', `${o}?multipart-manifest=put`],
    ['PUT', `${o}?multipart-manifest=get`],
    ['PUT', `${o}?multipart-manifest=PUT`],
    ['PUT', `${o}?Multipart-Manifest=put`],
    ['PUT', `${o}?multipart-manifest=put#`],
    ['PUT', `${o}?multipart-manifest%3Dput`],
    ['DELETE', `${o}?multipart-manifest=put`],
    ['PUT', '/v1/AUTH_test/c?multipart-manifest=put'],
    ['PUT', `${o}?bulk-delete`],
    ['GET', '/v1/AUTH_test?bulk-delete&extract-archive=tar'],
    ['POST', '/v1/AUTH_test/c', 'Content-Type', 'text/plain'],
    ['PUT', o, 'Content-Type', 'multipart/form-data'],
    ['PUT', '/v1/AUTH_test/c', 'X-Container-Sync-To', ''],
  ]
  for (const [method, target, ...headers] of bounded)
    t.equal(
      read(method, target, ...headers).unbounded,
      undefined,
      `${method} ${target} ${headers.join(': ')}`,
    )
})

t.test('reads the parameters of a query as Python does', async (t) => {
  t.strictSame(parametersOf('a=1&b&&c=&%61=%31+2=3&=x'), [
    ['a', '1'],
    ['b', ''],
    ['c', ''],
    ['a', '1 2=3'],
    ['', 'x'],
  ])
  t.strictSame(parametersOf(''), [])
  t.strictSame(parametersOf('a=1;b=2'), [
    ['a', '1;b=2'],
    ['a', '1'],
    ['b', '2'],
  ])
})

t.test('every spelling of a header that names a resource is seen', async () => {
  const segment = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 8 })
    .filter((text) => !/[\0/]/.test(text))
  const name = fc
    .tuple(
      fc.constantFrom('x-copy-from', 'x-symlink-target'),
      fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
    )
    .map(([text, coins]) =>
      [...text]
        .map((character, index) => (coins[index] ? character.toUpperCase().replace('-', '_') : character))
        .join(''),
    )
  fc.assert(
    fc.property(segment, segment, name, (container, object, header) => {
      const value = `${encodeURIComponent(container)}/${encodeURIComponent(object)}`
      const { resources } = read('PUT', o, 'Host', 'h', header, value)
      const expected = [{ account: 'AUTH_test', container, object }]
      if (JSON.stringify(resources) !== JSON.stringify(expected)) throw new Error(`${header}: ${value}`)
    }),
  )
})

t.test('hostile values never fault: they are named, or refused', async () => {
  const value = fc
    .array(fc.constantFrom('/', '%2F', '%', '%00', '%ff', 'd', '.', '..', ',', '\u00c3', '?', ' '))
    .map((all) => all.join(''))
  const header = fc.constantFrom(
    'Destination',
    'Destination-Account',
    'X-Copy-From',
    'X-Copy-From-Account',
    'X-Symlink-Target',
    'X-Object-Manifest',
  )
  fc.assert(
    fc.property(
      fc.constantFrom('PUT', 'COPY', 'POST'),
      fc.array(fc.tuple(header, value)),
      (method, headers) => {
        const { resources, unreadable } = read(method, o, ...headers.flat())
        return (
          resources.every(
            ({ account, container }) => account !== '' && container !== '' && !/\//.test(account + container),
          ) &&
          (unreadable === undefined || resources.length === 0)
        )
      },
    ),
  )
})

t.test('the object that a copy reads is named, and nothing where no header can be relied on', async (t) => {
  const source = (method: string, path: string, ...rawHeaders: string[]) => {
    const found = copiedSource({ method, path: readSwiftPath(path), query: '', rawHeaders })
    return found && [found.account, found.container, found.object].join(' ')
  }
  t.equal(source('COPY', o, 'Destination', 'd/x'), 'AUTH_test c o')
  t.equal(source('COPY', o, 'Destination', 'd/x', 'X-Copy-From-Account', 'AUTH_b'), 'AUTH_b c o')
  const both = ['Destination-Account', 'AUTH_d', 'X-Copy-From-Account', 'AUTH_b']
  t.equal(source('COPY', o, 'Destination', 'd/x', ...both), 'AUTH_test c o')
  t.equal(source('PUT', o, 'X-Copy-From', 'd%2Fx'), 'AUTH_test d x')
  t.equal(source('PUT', o, 'X-Copy-From', '/d/x', 'X-Copy-From-Account', 'AUTH_b'), 'AUTH_b d x')
  t.equal(source('PUT', o, 'X-Copy-From', ''), undefined)
  t.equal(source('PUT', o, 'X-Copy-From', 'd/x', 'X-Copy-From', 'd/y'), undefined)
  for (const method of ['GET', 'POST', 'DELETE']) t.equal(source(method, o, 'X-Copy-From', 'd/x'), undefined)
  t.equal(source('COPY', '/v1/AUTH_test/c', 'Destination', 'd/x'), undefined)
})
