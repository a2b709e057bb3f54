/**
 * The one spelling of a path: what has two readings has none, and what has one keeps its meaning.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { canonicalPath, decodeSegment } from '../../../src/route/canonical-path.ts'

t.test('leaves a plain path as it is, and brings escapes into one spelling', async (t) => {
  const cases: readonly (readonly [raw: string, path: string, segments: readonly string[]])[] = [
    ['/', '/', ['']],
    ['/a/b', '/a/b', ['a', 'b']],
    ['/a/', '/a/', ['a', '']],
    ["/-._~!$&'()*+,=:@", "/-._~!$&'()*+,=:@", ["-._~!$&'()*+,=:@"]],
    ['/%61dmin', '/admin', ['admin']],
    ['/%7euser', '/~user', ['~user']],
    ['/a%20b', '/a%20b', ['a b']],
    ['/%c3%bc', '/%C3%BC', ['ü']],
    ['/a%3fb%23c', '/a%3Fb%23c', ['a?b#c']],
    ['/%F0%9F%94%91', '/%F0%9F%94%91', ['🔑']],
    ['/...', '/...', ['...']],
    ['/.well-known/..a', '/.well-known/..a', ['.well-known', '..a']],
  ]
  for (const [raw, path, segments] of cases) t.strictSame(canonicalPath(raw), { path, segments }, raw)
})

t.test('turns away every spelling that two servers could read differently', async (t) => {
  const raws = [
    ...['', 'a', '*', 'http://h/a', '//', '//a', '/a//b', '/a//', '/a/b//'],
    ...['/.', '/..', '/./a', '/a/..', '/a/../b', '/a/./b', '/%2e', '/%2E%2e/a', '/a/.%2e', '/a/%2e./b'],
    ...['/a%2fb', '/a%2Fb', '/%2f', '/a\\b', '/a%5cb', '/a%5C..%5Cb'],
    ...['/a;b', '/a/..;/b', '/a%3bb', '/a%3Bjsessionid=1', '/a%25b', '/%252e%252e/a', '/a%252fb'],
    ...['/a#b', '/a?b', '/a b', '/a"b', '/a<b', '/a>b', '/a|b', '/a^b', '/a`b', '/{a}', '/[a]'],
    ...['/a%00', '/%0d%0aX', '/%09', '/%1f', '/%7f', '/%c2%80', '/%C2%9f', '/\u00fc', '/\u0080', '/a\n'],
    ...['/%', '/%a', '/%zz', '/%u002e', '/a%', '/%2', '/%ff', '/%c0%ae', '/%c0%af', '/%e0%80%af'],
    ...['/%c3', '/%c3/%bc', '/%ed%a0%80', '/%f5%80%80%80'],
  ]
  for (const raw of raws) t.hasProp(canonicalPath(raw), 'problem', raw)
})

const hostile = fc.oneof(
  fc.constantFrom('/', '//', '.', '..', '%2e', '%2E', '%2f', '%5c', '\\', ';', '%3b', '%25', '%00', '%0a'),
  fc.constantFrom('%c3%bc', '%C3', '%bc', '%c0%ae', '%zz', '%', '%61', '%7E', '#', '?', ' ', '%20', '%c2%85'),
  fc.string({ minLength: 1, maxLength: 3, unit: 'binary' }),
  fc.string({ minLength: 1, maxLength: 3 }),
)
const rawPath = fc.array(hostile, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`)

t.test('what it yields is canonical already, and splits and decodes to its segments', async () => {
  fc.assert(
    fc.property(rawPath, (raw) => {
      const found = canonicalPath(raw)
      if ('problem' in found) return
      const { path, segments } = found
      const again = canonicalPath(path)
      if ('problem' in again || again.path !== path) throw new Error(`${path} is not a fixed point`)
      const decoded = path.slice(1).split('/').map(decodeURIComponent)
      if (JSON.stringify(decoded) !== JSON.stringify(segments)) throw new Error(`${path}: ${segments}`)
      // Undoing the escapes of the original means the same, which no attacker can change by spelling.
      if (decodeURIComponent(raw) !== decodeURIComponent(path)) throw new Error(`${raw} became ${path}`)
      if (/%(?:2F|5C|25|3B|[01][0-9A-F]|7F)|[;\\#?\s]/i.test(path)) throw new Error(`${path} hides something`)
      if (new URL(path, 'http://host').pathname !== path) throw new Error(`${path} resolves elsewhere`)
    }),
    { numRuns: 5_000 },
  )
})

t.test('every text without hidden meaning can be asked for, and is read back the same', async () => {
  const harmless = fc
    .string({ minLength: 1, unit: 'grapheme' })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: leaving out control characters is the purpose
    .filter((text) => !/[/\\;%\u0000-\u001f\u007f-\u009f]/.test(text) && text !== '.' && text !== '..')
  fc.assert(
    fc.property(fc.array(harmless, { minLength: 1, maxLength: 5 }), (segments) => {
      const found = canonicalPath(`/${segments.map(encodeURIComponent).join('/')}`)
      return !('problem' in found) && JSON.stringify(found.segments) === JSON.stringify(segments)
    }),
    { numRuns: 2_000 },
  )
})

t.test('all spellings of one path by escapes have one canonical form', async () => {
  const letters = fc.array(fc.constantFrom(...'abz09-._~:@ üé'), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(letters, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (text, isEscaped) => {
      const plain = `/x${encodeURIComponent(text.join('')).replaceAll('%3A', ':').replaceAll('%40', '@')}`
      const spelled = `/x${text.map((one, at) => (isEscaped[at] || encodeURIComponent(one) !== one ? escaped(one, at) : one)).join('')}`
      const [one, other] = [canonicalPath(plain), canonicalPath(spelled)]
      if ('problem' in one || 'problem' in other) throw new Error(`${plain} or ${spelled} was turned away`)
      return JSON.stringify(one.segments) === JSON.stringify(other.segments)
    }),
    { numRuns: 2_000 },
  )
})

t.test('one segment has a text only where nothing hides in it', async (t) => {
  t.equal(decodeSegment('AUTH_te%73t'), 'AUTH_test')
  t.equal(decodeSegment(''), '')
  for (const raw of [
    'a%2fb',
    'a%5cb',
    'a;b',
    'a%3bb',
    '%25',
    '%00',
    '%0A',
    '%c2%85',
    '%ff',
    '%zz',
    '%c0%ae',
  ]) {
    t.equal(decodeSegment(raw), undefined, raw)
  }
})

function escaped(character: string, at: number): string {
  const hex = Buffer.from(character).toString('hex')
  const text = at % 2 === 0 ? hex : hex.toUpperCase()
  return text.replaceAll(/../g, '%$&')
}
