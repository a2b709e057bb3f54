/**
 * When a gateway purges by itself: not at its start, only when the store says that it is its turn, and not for longer
 * than it lives.
 * @module
 */

import t, { type Test } from 'tap'
import type { Purged } from '../../../src/tokens/life/purge-tokens.ts'
import { ScheduledPurge } from '../../../src/tokens/life/scheduled-purge.ts'
import type { TokenRegistry } from '../../../src/tokens/ports.ts'
import { until } from '../../support/until.ts'

function scene(
  t: Test,
  { random = () => 0.5, everyMs = 24 }: { random?: () => number; everyMs?: number } = {},
) {
  const state = {
    asked: 0,
    isTurn: async () => true,
    purgeDead: async (_before: number, _signal?: AbortSignal) => 3,
    acts: [] as object[],
    runs: [] as (Purged | undefined)[],
    said: [] as string[],
  }
  const store = {
    beginTask: async () => {
      state.asked++
      return state.isTurn()
    },
    purgeDead: (before: number, act: object, signal?: AbortSignal) => {
      state.acts.push(act)
      return state.purgeDead(before, signal)
    },
    purgeExpired: async () => 4,
    pruneChanges: async () => 2,
    audit: { prune: async () => 1 },
  } as unknown as TokenRegistry
  const say = (_fields: object, message: string) => void state.said.push(message)
  const purge = new ScheduledPurge({
    everyMs,
    olderThanMs: 10,
    sessionsOlderThanMs: 5,
    auditOlderThanMs: 20,
    store,
    origin: 'gateway:host1',
    clock: { now: () => 1_000 },
    observer: { purged: (removed) => void state.runs.push(removed) },
    log: { info: say, warn: say },
    random,
  })
  t.teardown(() => purge.close())
  return { purge, state }
}

t.test('purges when it is its turn, counts it, and says who it is', async (t) => {
  const { state } = scene(t)
  await until(() => state.runs.length >= 2)
  t.same(state.runs[0], { tokens: 7, changes: 2, auditEntries: 1 })
  t.match(state.acts[0], { by: 'sallyport:purge', origin: 'gateway:host1', at: 1_000 })
  t.match(state.said[0], /was purged/)
})

t.test('purges nothing while it is the turn of another', async (t) => {
  const { state } = scene(t)
  state.isTurn = async () => false
  await until(() => state.asked >= 3)
  t.same([state.acts, state.runs, state.said], [[], [], []])
})

t.test('asks for nothing while a gateway starts, whatever the dice say', async (t) => {
  const { state } = scene(t, { random: () => 0, everyMs: 86_400_000 })
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.equal(state.asked, 0)
})

t.test('a failure is told, counted, and ends nothing', async (t) => {
  const { state } = scene(t)
  state.isTurn = async () => {
    if (state.asked === 1) throw new Error('no store')
    return true
  }
  await until(() => state.runs.length >= 2)
  t.equal(state.runs[0], undefined)
  t.ok(state.runs[1])
  t.match(state.said[0], /could not be purged/)
})

t.test('closing tells the purge under way to stop, waits for it, and begins no other', async (t) => {
  const { purge, state } = scene(t)
  const heard: string[] = []
  state.purgeDead = (_before, signal) =>
    new Promise((resolve) => {
      signal?.addEventListener('abort', () => {
        heard.push('abort')
        setTimeout(() => resolve(1), 20)
      })
    })
  await until(() => state.acts.length > 0)
  await purge.close()
  heard.push('closed')
  t.same(heard, ['abort', 'closed'])
  const { asked } = state
  await new Promise((resolve) => setTimeout(resolve, 30))
  t.equal(state.asked, asked)
})
