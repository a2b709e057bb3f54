/**
 * Uses of tokens are gathered and recorded in batches; a failure loses none, and nothing is ever thrown.
 * @module
 */

import t, { type Test } from 'tap'
import { type Address, parseAddress } from '../../../src/client-address/address.ts'
import { LastUsed } from '../../../src/tokens/life/last-used.ts'
import type { TokenUse } from '../../../src/tokens/ports.ts'

/** A record that keeps its batches, and fails or waits when it is told to. */
function scene(t: Test, intervalMs = 60_000) {
  const batches: (readonly TokenUse[])[] = []
  const warnings: string[] = []
  const state = { now: 1_000, answer: async () => {} }
  const lastUsed = new LastUsed({
    store: {
      recordUses: async (uses) => {
        await state.answer()
        batches.push(uses)
      },
    },
    intervalMs,
    clock: { now: () => state.now },
    log: { warn: (_fields, message) => warnings.push(message) },
  })
  t.teardown(() => lastUsed.close())
  return { lastUsed, batches, warnings, state }
}

function address(text: string): Address {
  const parsed = parseAddress(text)
  if (parsed === undefined) throw new Error(text)
  return parsed
}

const client = address('192.0.2.77')

t.test('ten thousand requests of a token are one use in one batch, the last', async (t) => {
  const { lastUsed, batches, state } = scene(t)
  for (let n = 0; n < 10_000; n++) {
    state.now = 5_000 + n
    lastUsed.note('a', n === 9_999 ? address('198.51.100.7') : client)
  }
  lastUsed.note('b', client)
  await lastUsed.flush()
  t.same(batches, [
    [
      { tokenId: 'a', at: 14_999, address: '198.51.100.0/24' },
      { tokenId: 'b', at: 14_999, address: '192.0.2.0/24' },
    ],
  ])
  await lastUsed.flush()
  t.equal(batches.length, 1, 'without a use there is no batch')
})

t.test('a batch that fails is kept, except where a later use has come', async (t) => {
  const { lastUsed, batches, warnings, state } = scene(t)
  lastUsed.note('a', client)
  lastUsed.note('b', client)
  state.answer = async () => {
    lastUsed.note('b', address('203.0.113.1'))
    throw new Error('down')
  }
  state.now = 2_000
  await lastUsed.flush()
  t.same(batches, [])
  t.equal(warnings.length, 1)
  state.answer = async () => {}
  await lastUsed.flush()
  t.same(
    new Set(batches[0]),
    new Set([
      { tokenId: 'a', at: 1_000, address: '192.0.2.0/24' },
      { tokenId: 'b', at: 2_000, address: '203.0.113.0/24' },
    ]),
  )
})

t.test(
  'very many tokens are recorded in batches of a bounded size, and only so many are remembered',
  async (t) => {
    const { lastUsed, batches, state } = scene(t)
    for (let n = 0; n < 100_500; n++) lastUsed.note(`token-${n}`, client)
    let answers = 0
    state.answer = async () => {
      if (++answers === 3) throw new Error('down')
    }
    await lastUsed.flush()
    t.equal(batches.length, 2)
    await lastUsed.flush()
    t.ok(batches.every(({ length }) => length <= 5_000))
    const recorded = batches.flat().map(({ tokenId }) => tokenId)
    t.equal(recorded.length, 100_000)
    t.equal(new Set(recorded).size, 100_000, 'none twice, though one batch failed')
  },
)

t.test('the timer records by itself', async (t) => {
  const { lastUsed, batches } = scene(t, 20)
  const recorded = Promise.withResolvers<void>()
  lastUsed.note('a', client)
  const poll = setInterval(() => batches.length > 0 && recorded.resolve(), 5)
  await recorded.promise
  clearInterval(poll)
  t.equal(batches.length, 1)
})

t.test('closing records what came while a batch was under way', async (t) => {
  const { lastUsed, batches, state } = scene(t)
  const held = Promise.withResolvers<void>()
  state.answer = () => held.promise
  lastUsed.note('a', client)
  const flushed = lastUsed.flush()
  lastUsed.note('b', client)
  const closed = lastUsed.close()
  held.resolve()
  await Promise.all([flushed, closed])
  t.same(
    batches.flat().map(({ tokenId }) => tokenId),
    ['a', 'b'],
  )
})

t.test('closing waits two seconds for a store that does not answer, and no longer', async (t) => {
  const { lastUsed, warnings, state } = scene(t)
  const held = Promise.withResolvers<void>()
  t.teardown(held.resolve)
  state.answer = () => held.promise
  lastUsed.note('a', client)
  const startedAt = performance.now()
  await lastUsed.close()
  const tookMs = performance.now() - startedAt
  t.ok(tookMs > 1_900 && tookMs < 3_000, `${Math.round(tookMs)} ms`)
  t.equal(warnings.length, 1)
})
