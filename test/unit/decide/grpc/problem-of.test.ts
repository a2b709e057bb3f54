/**
 * What an answer to Envoy cannot hold is found out before anything is allowed.
 * @module
 */

import t from 'tap'
import { problemOf } from '../../../../src/decide/grpc/tell-check.ts'

const rewriting = (name: string, values: readonly string[], target = '/a') => ({
  target,
  isTargetSame: target === '/a',
  lines: new Map([[name, values]]),
  changed: [name, 'x-removed'],
})

t.test('one line of ASCII can be told, and so can another target', async (t) => {
  t.equal(problemOf(rewriting('x-subject', ['alice'])), undefined)
  t.equal(problemOf(rewriting('x-subject', ['alice'], '/b?c')), undefined)
})

t.test('several lines of one name are refused, of which Envoy would keep the last', async (t) => {
  t.match(problemOf(rewriting('x-list', ['one', 'two'])), { refused: true, code: 'undecidable' })
})

t.test('a value or a target beyond ASCII is refused, which the message would encode anew', async (t) => {
  t.match(problemOf(rewriting('x-subject', ['gr\xfc\xdfe'])), { refused: true })
  t.match(problemOf(rewriting('x-subject', ['alice'], '/gr\xfc')), { refused: true })
})
