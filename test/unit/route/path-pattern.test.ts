/**
 * What a path pattern may say.
 * @module
 */

import t from 'tap'
import { parameterNames, parsePattern } from '../../../src/route/path-pattern.ts'

t.test('reads text, segments and a rest', async (t) => {
  const pieces = parsePattern('/v1/{account}/{container}/{object+}')
  t.strictSame(pieces, [
    { kind: 'text', text: 'v1' },
    { kind: 'segment', name: 'account' },
    { kind: 'segment', name: 'container' },
    { kind: 'rest', name: 'object', mayBeEmpty: false },
  ])
  t.strictSame(parameterNames(pieces), ['account', 'container', 'object'])
  t.strictSame(parsePattern('/{path*}'), [{ kind: 'rest', name: 'path', mayBeEmpty: true }])
  t.strictSame(parsePattern('/'), [{ kind: 'text', text: '' }])
  t.strictSame(parsePattern('/a/'), [
    { kind: 'text', text: 'a' },
    { kind: 'text', text: '' },
  ])
})

t.test(
  'says what is wrong with a pattern that no canonical path could match or that is ambiguous',
  async (t) => {
    const patterns = [
      ...['', 'a', '//a', '/a//b', '/./a', '/a/..', '/a%20b', '/a;b', '/a b', '/ü', '/a?b', '/a\\b', '/a#b'],
      ...[
        '/{a+}/b',
        '/{a*}/{b}',
        '/{a}/{a}',
        '/{a}/{a+}',
        '/x{a}',
        '/{a}.json',
        '/{}',
        '/{1a}',
        '/{a-b}',
        '/{a',
      ],
    ]
    for (const pattern of patterns) t.throws(() => parsePattern(pattern), RangeError, pattern)
  },
)
