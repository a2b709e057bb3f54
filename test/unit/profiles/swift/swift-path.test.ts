/**
 * A path names what Swift would find under it, however it is spelled.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { isReadAlike, readSwiftPath } from '../../../../src/profiles/swift/swift-path.ts'
import { vectors } from './vectors.ts'

interface PathCase {
  readonly raw: string
  readonly kind: string
  readonly account?: string
  readonly container?: string
  readonly object?: string
}

t.test('reads every path as the proxy and TempAuth read it', async (t) => {
  for (const { raw, kind, ...names } of vectors<PathCase>('swift-path-cases.json')) {
    const found = readSwiftPath(raw)
    t.hasStrict(found, { kind, ...names }, raw)
    for (const name of ['account', 'container', 'object'])
      t.equal(name in found, name in names, `${raw}: ${name}`)
  }
})

t.test('decodes before it splits, so that an escaped slash hides no container', async (t) => {
  const object = { kind: 'object', account: 'AUTH_test', container: 'c', object: 'o' }
  for (const raw of ['/v1/AUTH_test/c/o', '/v1/AUTH_test%2Fc/o', '/%76%31%2fAUTH_test/%63%2Fo'])
    t.strictSame(readSwiftPath(raw), object, raw)
  t.strictSame(readSwiftPath('/v1/AUTH_test/c%252Fd/o'), { ...object, container: 'c%2Fd' }, 'but only once')
  t.strictSame(readSwiftPath('/v1/AUTH_test/c/../d//;x'), { ...object, object: '../d//;x' })
})

t.test('finds the token service under every spelling of its prefix', async (t) => {
  for (const raw of ['/auth/v1.0', '/%61uth/v1.0', '/auth%2Fv1.0', '/%61%75%74%68%2f%ff'])
    t.equal(readSwiftPath(raw).kind, 'auth', raw)
  for (const raw of ['/auth', '/Auth/v1.0', '/%2Fauth/v1.0', '//auth/v1.0', '/v1/auth/'])
    t.not(readSwiftPath(raw).kind, 'auth', raw)
})

t.test('compares names as text, byte for byte', async (t) => {
  const container = { kind: 'container', account: 'AUTH_a', container: 'größe' }
  t.strictSame(readSwiftPath('/v1/AUTH_a/gr%C3%B6%c3%9fe'), container)
  t.strictSame(readSwiftPath('/v1/AUTH_a/gr\u00c3\u00b6\u00c3\u009fe'), container, 'raw UTF-8')
  t.notSame(readSwiftPath('/v1/AUTH_a/gro%CC%88%C3%9Fe'), container, 'another composition is another name')
  t.equal(readSwiftPath('/v1/AUTH_a/gr%F6%DFe').kind, 'unreadable', 'latin-1')
})

t.test('refuses what is not a path, or not the same path to every server', async (t) => {
  for (const raw of [
    '',
    '*',
    'v1/AUTH_a',
    'http://h/v1/AUTH_a',
    '//v1/AUTH_a/c',
    '/v1/AUTH_a?x',
    '/v1/AUTH_a#x',
  ])
    t.equal(readSwiftPath(raw).kind, 'unreadable', raw)
  for (const raw of [
    '/v1/AUTH_a /c',
    '/v1/AUTH_a\n',
    '/v1/AUTH_a\u0000',
    '/v1/AUTH_a\u007f',
    '/v1/AUTH_\u0141',
  ])
    t.equal(readSwiftPath(raw).kind, 'unreadable', raw)
})

t.test('names round-trip: whatever is encoded is read back, in every spelling of its bytes', async () => {
  const name = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 12 })
    .filter((text) => !text.includes('\0'))
  const segment = name.map((text) => text.replaceAll('/', '-')).filter((text) => text !== '')
  fc.assert(
    fc.property(
      segment,
      segment,
      name,
      fc.infiniteStream(fc.boolean()),
      (account, container, object, coin) => {
        const raw = `/v1/${[account, container, object].map((text) => spelled(text, coin)).join('/')}`
        const found = readSwiftPath(raw)
        const expected = { kind: 'object', account, container, object }
        if (JSON.stringify(found) !== JSON.stringify(expected))
          throw new Error(`${raw}: ${JSON.stringify(found)}`)
      },
    ),
  )
})

/** Percent-encode what must be, and of the rest what a coin says. */
function spelled(text: string, coin: Iterator<boolean>): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      const plain = /[A-Za-z0-9._~!$&'()*+,;=:@/-]/.test(character) && coin.next().value === true
      const hexadecimal = byte.toString(16).padStart(2, '0')
      return plain ? character : `%${coin.next().value === true ? hexadecimal : hexadecimal.toUpperCase()}`
    })
    .join('')
}

t.test(
  'a path with two slashes at its start, or bytes that end a path for some, is read alike by nobody',
  async (t) => {
    for (const path of ['/v1/AUTH_a/c/o', '/v1/AUTH_a//o', '/info', '/v1/AUTH_a/c/%2F%2F', '/v1/\u00e1']) {
      t.ok(isReadAlike(path), path)
    }
    for (const path of ['//v1/AUTH_a', 'v1/AUTH_a', '/v1/a#b', '/v1/a b', '/v1/a?b', ''])
      t.notOk(isReadAlike(path), path)
  },
)
