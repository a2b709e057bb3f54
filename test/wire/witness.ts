/**
 * Sees that a refused request left no trace: nothing looked up, nothing asked of the store, no use recorded.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { TestGateway } from '../support/gateway.ts'
import { type RawAnswer, rawRequest } from '../support/raw-request.ts'
import { readMetrics } from '../support/read-metrics.ts'
import { until } from '../support/until.ts'
import { type Attack, failureOf, type Input } from './attacks/attack.ts'
import { codeOf, startWire, type Wire, type WireInput } from './wire.ts'

/** What the gateway asks of its store by the clock, whoever sends what. */
const ownQueries = /operation="(changesAfter|readClock|pruneChanges|foreignFormats|ping|countByKey)"/
const work = /^sallyport_(token_lookups|store_queries|foreign_hashes)_total\{/
const lastUsedIntervalMs = 50

/** A wire whose gateway records uses almost at once. */
export function startWatchedWire(t: Test, input: WireInput = {}): Promise<Wire> {
  return startWire(t, {
    routes: [
      { match: { path: '/public/{rest*}' }, authorize: { public: true } },
      { match: { path: '/admin/{rest*}' }, authorize: { scopes: { allOf: ['admin'] } } },
      { match: { path: '/{path*}' } },
    ],
    ...input,
    store: { lastUsedInterval: `${lastUsedIntervalMs}ms`, ...input.store },
  })
}

/** How often the gateway has looked anything up, or asked its store for anything, for the sake of a client. */
export async function workOf({ adminPort }: TestGateway): Promise<number> {
  const samples = [...(await readMetrics(adminPort))]
  return samples.reduce(
    (sum, [series, value]) => (work.test(series) && !ownQueries.test(series) ? sum + value : sum),
    0,
  )
}

/** Fails unless what is done in between costs the gateway no look-up and no query, and no token a use. */
export async function leavesNoTrace(
  t: Test,
  wire: Pick<Wire, 'gateway'>,
  act: () => Promise<void>,
): Promise<void> {
  const before = await workOf(wire.gateway)
  await act()
  await sleep(2 * lastUsedIntervalMs)
  t.equal(await workOf(wire.gateway), before, 'nothing was looked up, and nothing recorded')
  const tokens = await wire.gateway.store.listTokens({ state: 'all', now: Date.now(), limit: 100 })
  t.equal(tokens.filter(({ lastUsedAt }) => lastUsedAt !== undefined).length, 0, 'no token was used')
}

/** One test for each attack: each input of it has to be refused or carried as its row says. */
export function testAttacks(t: Test, attacks: readonly Attack[]): void {
  for (const { id, title, inputs } of attacks) {
    t.test(`${id} ${title}`, async (t) => {
      const wire = await startWatchedWire(t)
      const refused = inputs.filter((input) => 'refused' in input && input.isLate !== true)
      const others = inputs.filter((input) => !refused.includes(input))
      await leavesNoTrace(t, wire, async () => {
        for (const input of refused) await attack(t, wire, input)
        t.equal(wire.upstream.requests.length, 0, 'not a byte went up')
      })
      for (const input of others) await attack(t, wire, input)
    })
  }
}

async function attack(t: Test, wire: Wire, input: Input): Promise<void> {
  const before = wire.upstream.requests.length
  const bytes = input.bytes.replaceAll('TOKEN', wire.token)
  const answer = await rawRequest(wire.gateway.port, bytes)
  await until(() => wire.upstream.requests.every(({ state }) => state !== 'receiving'))
  const shown = JSON.stringify(input.bytes.slice(0, 160))
  t.equal(failureOf(input, { answer, received: wire.upstream.requests.slice(before) }), undefined, shown)
  if ('refused' in input) isRefusedAs(t, answer, input.refused, shown)
}

function isRefusedAs(t: Test, answer: RawAnswer, code: string, shown: string): void {
  t.equal(codeOf(answer), code, shown)
  t.equal(answer.rest.length, 0, 'nothing behind it was answered')
  if (code === 'malformed_request') t.equal(answer.closed, true, 'the connection is not used again')
}
