/**
 * Reads, revocations, polls, a replica that lags and fail-overs to a standby that lacks the last commits, in any order:
 * what a processed change took away never comes back, wherever it is read and whatever was given its version before.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { StoreUnavailable } from '../../../src/tokens/ports.ts'
import type { Token } from '../../../src/tokens/token.ts'
import { aToken, digestsOf } from './held-store.ts'
import { buildTiers } from './tiers.ts'

const ids = ['a', 'b']
type Race = ReturnType<typeof newRace>

/** Two tokens of one subject, and a standby with what it has of them. */
function newRace() {
  const tiers = buildTiers({ hasReplica: true })
  for (const id of ids) tiers.store.add(aToken(id, 's'))
  return {
    ...tiers,
    /** For each token the version that it died at, in the record as it is. */
    diedAt: new Map<string, number>() as ReadonlyMap<string, number>,
    standby: {
      snapshot: tiers.store.capture(),
      diedAt: new Map<string, number>() as ReadonlyMap<string, number>,
    },
    /** The line that the last poll was on from its beginning to its end. */
    polledOn: tiers.store.line,
    pending: [] as Promise<unknown>[],
  }
}

function die(race: Race, dying: readonly string[], version: number): void {
  race.diedAt = new Map([...dying.map((id) => [id, version] as const), ...race.diedAt])
}

/** Whether the feed has brought the change that ended a token. */
function isKnownDead({ feed, store, diedAt, polledOn }: Race, id: string): boolean {
  const version = diedAt.get(id)
  return version !== undefined && polledOn === store.line && version <= (feed.version ?? 0)
}

const steps = {
  find(race: Race, id: string) {
    const isDead = isKnownDead(race, id)
    const { line } = race.store
    const found = race.memory.find(digestsOf(id)).then(({ token }) => {
      // A fail-over on the way may have lost what was known.
      if (isDead && line === race.store.line) mustBeDead(token)
    })
    race.pending.push(found.catch(allowUnavailable))
  },
  revoke(race: Race, id: string) {
    die(race, [id], race.store.revoke(id))
  },
  disable(race: Race) {
    die(race, ids, race.store.disableSubject('s'))
  },
  poll(race: Race) {
    const { line, polls } = race.store
    const polled = race.feed.poll()
    const hasBegun = race.store.polls > polls
    race.pending.push(
      polled.then((hasSucceeded) => {
        if (hasBegun && hasSucceeded) race.polledOn = line
      }),
    )
  },
  replicate(race: Race) {
    race.standby = { snapshot: race.store.capture(), diedAt: race.diedAt }
  },
  stream(race: Race) {
    race.replica.follow(race.store.capture())
  },
  'hold replica'(race: Race) {
    race.replica.holds = true
  },
  'release replica'(race: Race) {
    race.replica.release()
  },
  'fail over'(race: Race) {
    race.store.failOver(race.standby.snapshot)
    race.diedAt = race.standby.diedAt
  },
  hold(race: Race) {
    race.store.holds = true
  },
  hurry(race: Race) {
    race.store.holds = false
  },
  release(race: Race) {
    race.store.release()
  },
  fail(race: Race) {
    race.store.isDown = !race.store.isDown
  },
  async settle() {
    await new Promise(setImmediate)
  },
  pass(race: Race) {
    race.advance(200)
  },
} satisfies Record<string, (race: Race, id: string) => unknown>

const names = Object.keys(steps) as (keyof typeof steps)[]
/** So many of these that what takes several of them in a row, with nothing in between, is met as well. */
const frequent = ['find', 'revoke', 'poll', 'settle', 'fail over', 'stream'] as const
const step = fc.oneof(fc.constantFrom(...frequent), fc.constantFrom(...frequent), fc.constantFrom(...names))

t.test('a revoked token is neither recalled nor found once the feed has processed the change', async () => {
  const script = fc.array(fc.tuple(step, fc.constantFrom(...ids)), {
    minLength: 10,
    maxLength: 80,
  })
  await fc.assert(fc.asyncProperty(script, play), { numRuns: 2_000 })
})

async function play(script: readonly (readonly [keyof typeof steps, string])[]): Promise<void> {
  const race = newRace()
  await race.feed.poll()
  for (const [step, id] of script) {
    await steps[step](race, id)
    mustRecallNothingOutdated(race)
  }
  race.replica.release()
  race.store.release()
  await Promise.all(race.pending)
  mustRecallNothingOutdated(race)
}

function mustRecallNothingOutdated(race: Race): void {
  for (const id of ids) {
    const recalled = race.memory.recall(digestsOf(id)[0].value)
    if (recalled !== undefined && isKnownDead(race, id)) mustBeDead(recalled.token)
  }
}

function mustBeDead(token: Token | undefined): void {
  if (token?.revokedAt === undefined && token?.subject.status === 'active') {
    throw new Error('a token is told to be alive although its end is known')
  }
}

function allowUnavailable(error: unknown): void {
  if (!(error instanceof StoreUnavailable)) throw error
}
