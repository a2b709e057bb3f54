/**
 * Reads, revocations and polls in any order: what a processed change took away never comes back.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { StoreUnavailable } from '../../../src/tokens/ports.ts'
import { aToken, digestsOf } from './held-store.ts'
import { buildTiers } from './tiers.ts'

const ids = ['a', 'b']
type Race = ReturnType<typeof newRace>

/** Two tokens of one subject, and for each the version of its last change. */
function newRace() {
  const tiers = buildTiers()
  for (const id of ids) tiers.store.add(aToken(id, 's'))
  return { ...tiers, changedAt: new Map<string, number>(), pending: [] as Promise<unknown>[] }
}

/** The last change of a token as far as the feed has brought it. */
function knownChange({ feed, changedAt }: Race, id: string): number {
  const version = changedAt.get(id) ?? 0
  return feed.version !== undefined && version <= feed.version ? version : 0
}

const steps = {
  find(race: Race, id: string) {
    const known = knownChange(race, id)
    const found = race.memory.find(digestsOf(id)).then(({ version }) => {
      if (version < known) throw new Error(`given version ${version}, asked after change ${known} was known`)
    })
    race.pending.push(found.catch(allowUnavailable))
  },
  revoke(race: Race, id: string) {
    race.changedAt.set(id, race.store.revoke(id))
  },
  disable(race: Race) {
    const version = race.store.disableSubject('s')
    for (const id of ids) race.changedAt.set(id, version)
  },
  poll(race: Race) {
    race.pending.push(race.feed.poll())
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

t.test('a revoked token is neither recalled nor found once the feed has processed the change', async () => {
  const script = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...ids)), {
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
  race.store.release()
  await Promise.all(race.pending)
  mustRecallNothingOutdated(race)
}

function mustRecallNothingOutdated(race: Race): void {
  for (const id of ids) {
    const version = race.memory.recall(digestsOf(id)[0].value)?.version
    const known = knownChange(race, id)
    if (version !== undefined && version < known) {
      throw new Error(`recalled version ${version}, although change ${known} is known`)
    }
  }
}

function allowUnavailable(error: unknown): void {
  if (!(error instanceof StoreUnavailable)) throw error
}
