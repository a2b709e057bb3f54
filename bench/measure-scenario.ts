/**
 * One scenario: its upstream, its tokens and its subjects are started, measured in turn, and stopped.
 * @module
 */

import type { Scope } from '../test/support/private-server.ts'
import { type Figures, medianOf, type ScenarioResults } from './comparison.ts'
import { type Contestant, inRounds, type Measurement, pacedInRounds, type Rounds } from './in-rounds.ts'
import { pin, subjectCore } from './pin.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { type Credentials, issueCredentials } from './subjects/credentials.ts'
import { direct } from './subjects/direct.ts'
import type { Subject } from './subjects/subject.ts'
import { startUpstream } from './upstream/upstream.ts'

/** Subjects that cannot do it are left out. */
export async function measureScenario(
  scenario: Scenario,
  subjects: readonly Subject[],
  rounds: Rounds,
): Promise<ScenarioResults> {
  const started: (() => unknown)[] = []
  const scope: Scope = { teardown: (stop) => started.push(stop) }
  try {
    process.stderr.write(`${scenario.title}\n`)
    const upstream = await startUpstream(scope, scenario.upstream)
    const credentials = await issueCredentials(scenario, scope)
    const stage = { upstream, scenario, credentials }
    const traffic = { ...scenario.traffic, tokens: inTurn(credentials) }
    const contestants: Contestant[] = []
    for (const { name, can, start } of subjects) {
      if (!can.includes(scenario.needs)) continue
      const running = await start(stage, scope)
      // The upstream stays with the load.
      if (name !== direct.name) for (const pid of running.pids) pin(pid, subjectCore)
      contestants.push({ name, traffic, ...running })
    }
    const medians = new Map(
      [...(await inRounds(contestants, rounds))].map(([name, measured]) => [name, medianOf(measured)]),
    )
    const paced = scenario.isPaced ? await atHalfLoad(contestants, medians, rounds) : undefined
    return {
      name: scenario.name,
      title: scenario.title,
      upstream: upstream.technology,
      connections: traffic.connections,
      ...(paced === undefined ? {} : { halfLoad: paced.rate }),
      subjects: Object.fromEntries(
        subjects.flatMap(({ name, title }) => {
          const figures = medians.get(name)
          return figures === undefined ? [] : [[title, { ...figures, ...paced?.added(name) }]]
        }),
      ),
    }
  } finally {
    for (const stop of started.reverse()) await stop()
  }
}

/** Known and unknown tokens, one of the latter at the end. */
function inTurn({ known, unknown }: Credentials): readonly string[] {
  return [...known, ...unknown]
}

/** All at one rate, half of what the slowest can do, so that what is added to the upstream alone is of the detour. */
async function atHalfLoad(
  contestants: readonly Contestant[],
  medians: ReadonlyMap<string, Measurement>,
  rounds: Rounds,
): Promise<{ rate: number; added: (name: string) => Pick<Figures, 'addedAtHalfLoadUs'> }> {
  const slowest = Math.min(...[...medians.values()].map(({ requestsPerSecond }) => requestsPerSecond))
  const rate = Math.round(slowest / 2)
  const p99Us = await pacedInRounds(contestants, rounds, rate)
  const base = p99Us.get(direct.name)
  return {
    rate,
    added: (name) => {
      const value = p99Us.get(name)
      return base === undefined || value === undefined ? {} : { addedAtHalfLoadUs: value - base }
    },
  }
}
