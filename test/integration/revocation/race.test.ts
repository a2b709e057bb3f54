/**
 * Requests, revocations and evictions in any order on two gateways over one store and one Redis: a second after a
 * token was withdrawn nobody lets it through, and nothing brings it back.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import type { TestGateway } from '../../support/gateway.ts'
import type { IssuedToken } from '../../support/issuer.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { sharedRedisUrl } from '../../support/redis.ts'
import { ask, newFleet } from '../tiers/fleet.ts'

const fleet = await newFleet(t, { postgresUrl: await freshDatabase(t), redisUrl: sharedRedisUrl() })
/** Room for few: most requests are fills, from Redis or the store, and push each other out. */
const gateways = await Promise.all([3, 5].map((entries) => fleet.startReplica({ memory: { entries } })))
const [issuer] = gateways as [TestGateway]

const tokensPerRound = 8
const withdrawnWithinMs = 1_000

interface Round {
  readonly tokens: readonly IssuedToken[]
  /** When the withdrawal of a token had been committed. */
  readonly withdrawnAt: Map<string, number>
  readonly pending: Promise<unknown>[]
  /** Requests that were let through although they began too long after the withdrawal. */
  readonly readmitted: string[]
}

const act = { at: 1, by: 'test', origin: 'test', cause: '' }

const steps = {
  ask: ({ tokens, withdrawnAt, readmitted }: Round, at: number) =>
    Promise.all(
      gateways.map(async (gateway) => {
        const { text, token } = tokens[at] as IssuedToken
        const startedAt = performance.now()
        // What is under way while its token is withdrawn is broken off without an answer; what begins late is not.
        const status = await ask(gateway, text).then(
          (answer) => answer.status,
          () => undefined,
        )
        const isLate = startedAt > (withdrawnAt.get(text) ?? Number.POSITIVE_INFINITY) + withdrawnWithinMs
        if (isLate && status !== 401) readmitted.push(token.id)
      }),
    ),
  revoke: async ({ tokens, withdrawnAt }: Round, at: number) => {
    const { text, token } = tokens[at] as IssuedToken
    await issuer.store.revokeToken(token.id, act)
    withdrawnAt.set(text, withdrawnAt.get(text) ?? performance.now())
  },
  disable: async ({ tokens, withdrawnAt }: Round, at: number) => {
    const { text, token } = tokens[at] as IssuedToken
    await issuer.store.setSubjectStatus(token.subject.name, 'disabled', act)
    withdrawnAt.set(text, withdrawnAt.get(text) ?? performance.now())
  },
  pause: (_round: Round, at: number) => sleep(at * 10),
} satisfies Record<string, (round: Round, at: number) => Promise<unknown>>

const weights: readonly (keyof typeof steps)[] = [
  ...Array.from({ length: 12 }, () => 'ask' as const),
  'revoke',
  'disable',
  'pause',
  'pause',
]
const script = fc.array(fc.tuple(fc.constantFrom(...weights), fc.nat(tokensPerRound - 1)), {
  minLength: 60,
  maxLength: 120,
})

let rounds = 0
async function newRound(): Promise<Round> {
  const round = rounds++
  const tokens = await Promise.all(
    Array.from({ length: tokensPerRound }, (_, at) => issuer.issue({ subject: `subject-${round}-${at}` })),
  )
  return { tokens, withdrawnAt: new Map(), pending: [], readmitted: [] }
}

async function play(moves: readonly (readonly [keyof typeof steps, number])[]): Promise<void> {
  const round = await newRound()
  for (const [step, at] of moves) {
    const done = steps[step](round, at)
    // What was asked is not waited for: the next step overtakes it.
    if (step === 'pause') await done
    else round.pending.push(done)
  }
  await Promise.all(round.pending)
  await sleep(withdrawnWithinMs)
  await mustHold(round)
  await mustHold(round)
}

/** Every withdrawn token is refused by every gateway, and every other one is let through. */
async function mustHold(round: Round): Promise<void> {
  for (const { text, token } of round.tokens) {
    for (const gateway of gateways) {
      const expected = round.withdrawnAt.has(text) ? 401 : 200
      const { status } = await ask(gateway, text)
      if (status !== expected) throw new Error(`${token.id} was answered ${status} instead of ${expected}`)
    }
  }
  if (round.readmitted.length > 0) throw new Error(`let through again: ${round.readmitted.join(', ')}`)
}

t.test('a withdrawn token is refused a second later and ever after, whatever overtook what', async () => {
  await fc.assert(fc.asyncProperty(script, play), { numRuns: 12, endOnFailure: true })
})
