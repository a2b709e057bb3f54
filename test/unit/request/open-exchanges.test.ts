/**
 * Which requests under way are broken off, and when: also where the store fails, the clock of changes goes back, or a
 * change crosses a look-up.
 * @module
 */

import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { Exchange } from '../../../src/request/exchange.ts'
import { OpenExchanges } from '../../../src/request/open-exchanges.ts'
import type { Token } from '../../../src/tokens/token.ts'
import { until } from '../../support/until.ts'
import { aToken } from '../cache/held-store.ts'

/** A record of tokens that the test writes and holds back, and exchanges without a wire. */
function scene(t: Test) {
  const record = new Map<string, Token>()
  const causes: string[] = []
  const reads: string[] = []
  const state = { now: 1_000, canTrust: true, answer: async () => {} }
  const open = new OpenExchanges({
    readToken: async (id) => {
      reads.push(id)
      await state.answer()
      return record.get(id)
    },
    canTrust: () => state.canTrust,
    clock: { now: () => state.now },
    onWithdrawn: (cause) => causes.push(cause),
  })
  t.teardown(() => open.close())
  let version = 0
  return {
    open,
    record,
    causes,
    reads,
    state,
    /** A request that was let through by a token. */
    begin(token: Token, changesSeen = open.changesSeen): Exchange {
      record.set(token.id, record.get(token.id) ?? token)
      const exchange = newExchange()
      open.hold(exchange, token, changesSeen)
      return exchange
    },
    revoke(token: Token) {
      record.set(token.id, { ...token, revokedAt: 1 })
      open.changed([{ version: ++version, tokenId: token.id, subjectId: undefined, changedAt: 0 }])
    },
    changedSubject(subjectId: string) {
      open.changed([{ version: ++version, tokenId: undefined, subjectId, changedAt: 0 }])
    },
  }
}

function newExchange(): Exchange {
  const incoming = new IncomingMessage(new Socket())
  return new Exchange('id', '/', incoming, new ServerResponse(incoming))
}

const settled = () => new Promise(setImmediate)
const ended = (exchange: Exchange) => exchange.response.destroyed

t.test('a token is read once however many requests it has, and its neighbours are not read', async (t) => {
  const { begin, revoke, reads, causes } = scene(t)
  const token = aToken('a', 'alice')
  const doomed = [begin(token), begin(token), begin(token)]
  const other = begin(aToken('b', 'alice'))
  revoke(token)
  await settled()
  t.same(doomed.map(ended), [true, true, true])
  t.same(
    doomed.map(({ notes }) => notes.withdrawal),
    ['revoked', 'revoked', 'revoked'],
  )
  t.notOk(ended(other))
  t.same(reads, ['a'])
  t.same(causes, ['revoked', 'revoked', 'revoked'])
})

t.test('news alone breaks nothing off: the record has the say', async (t) => {
  const { begin, changedSubject, reads } = scene(t)
  const exchange = begin(aToken('a', 'alice'))
  changedSubject('alice')
  await settled()
  t.same(reads, ['a'])
  t.notOk(ended(exchange))
})

t.test('what was released is left alone, and what had ended is never held', async (t) => {
  const { open, begin, revoke, causes, reads } = scene(t)
  const token = aToken('a')
  const finished = begin(token)
  open.release(finished)
  const left = newExchange()
  left.response.destroy()
  open.hold(left, token, open.changesSeen)
  revoke(token)
  await settled()
  t.same([reads, causes], [[], []])
})

t.test(
  'a change that crosses the look-up of a token is caught when the request is let through',
  async (t) => {
    const { open, begin, revoke, record } = scene(t)
    const token = aToken('a')
    const mark = open.changesSeen
    record.set(token.id, token)
    revoke(token)
    const exchange = begin(token, mark)
    await settled()
    t.equal(exchange.notes.withdrawal, 'revoked')
  },
)

t.test('when the clock of changes goes back every token is read again', async (t) => {
  const { open, begin, record, reads } = scene(t)
  const [gone, revoked, good] = [aToken('gone'), aToken('revoked'), aToken('good')]
  const exchanges = [begin(gone), begin(revoked), begin(good)]
  record.delete('gone')
  record.set('revoked', { ...revoked, revokedAt: 1 })
  open.reset()
  await settled()
  t.same(
    exchanges.map(({ notes }) => notes.withdrawal),
    ['unknown', 'revoked', undefined],
  )
  t.same(reads.toSorted(), ['gone', 'good', 'revoked'])
})

t.test('a token that changed and cannot be read is not taken for good', async (t) => {
  const { begin, revoke, state } = scene(t)
  state.answer = () => Promise.reject(new Error('down'))
  const exchange = begin(aToken('a'))
  revoke(aToken('a'))
  await settled()
  t.equal(exchange.notes.withdrawal, 'undecidable')
})

t.test('a store that hangs holds nothing up, however many tokens have changed', async (t) => {
  const { begin, changedSubject, state, reads } = scene(t)
  state.answer = () => new Promise(() => {})
  const exchanges = Array.from({ length: 100 }, (_, n) => begin(aToken(`t${n}`, 'alice')))
  const other = begin(aToken('b', 'bob'))
  changedSubject('alice')
  const tookMs = await until(() => exchanges.every(ended), 2_000)
  t.ok(tookMs < 700, `${Math.round(tookMs)} ms`)
  t.ok(reads.length < 10, 'and is not asked over and over')
  t.notOk(ended(other))
})

t.test('of two readings that cross, the one that knows of the earlier expiry counts', async (t) => {
  const { begin, changedSubject, record, state } = scene(t)
  const token = aToken('a', 'alice')
  const exchange = begin(token)
  const slow = Promise.withResolvers<void>()
  const answers = [slow.promise, Promise.resolve()]
  // The first question is answered last, with the record as it was before the second.
  state.answer = () => answers.shift() ?? Promise.resolve()
  changedSubject('alice')
  record.set('a', { ...token, expiresAt: 2_000 })
  changedSubject('alice')
  await settled()
  record.set('a', token)
  slow.resolve()
  await settled()
  state.now = 2_000
  await until(() => ended(exchange), 1_000)
  t.equal(exchange.notes.withdrawal, 'expired')
})

t.test('expiry ends a request from the millisecond on, as it refuses one', async (t) => {
  const { begin, state } = scene(t)
  const exchange = begin({ ...aToken('a'), expiresAt: 5_000 })
  state.now = 4_999
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.notOk(ended(exchange))
  state.now = 5_000
  await until(() => ended(exchange), 500)
  t.equal(exchange.notes.withdrawal, 'expired')
})

t.test('when nothing that is known of tokens may be trusted, every request is broken off', async (t) => {
  const { begin, state } = scene(t)
  const exchanges = [begin(aToken('a')), begin(aToken('b'))]
  state.canTrust = false
  await until(() => exchanges.every(ended), 500)
  t.same(
    exchanges.map(({ notes }) => notes.withdrawal),
    ['undecidable', 'undecidable'],
  )
})
