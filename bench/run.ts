/**
 * `npm run bench`: the gateway beside the proxies that people have, and the bare upstream, in scenarios that show what its
 * work costs.
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findPostgres } from '../test/support/postgres.ts'
import { findProgram } from '../test/support/run-process.ts'
import { chart, markdown, type Results } from './comparison.ts'
import type { Rounds } from './in-rounds.ts'
import { loadGenerator } from './load/load.ts'
import { measureScenario } from './measure-scenario.ts'
import { canPin, loadCore, pin } from './pin.ts'
import { machineFacts } from './report.ts'
import { allScenarios } from './scenarios/all-scenarios.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { direct } from './subjects/direct.ts'
import { gateway, openGateway } from './subjects/gateway.ts'
import { middleware } from './subjects/middleware.ts'
import { nginxAuthRequest, nginxProxy } from './subjects/nginx-proxy.ts'
import { stock } from './subjects/stock.ts'
import type { Subject } from './subjects/subject.ts'

const allSubjects: readonly Subject[] = [
  direct,
  nginxProxy,
  nginxAuthRequest,
  stock,
  middleware,
  openGateway,
  gateway,
]
const usage = `npm run bench -- [options]

  --scenario A,B     which of ${allScenarios.map(({ name }) => name).join(', ')} (all)
  --subjects A,B     which of ${allSubjects.map(({ name }) => name).join(', ')} (all)
  --rounds N         rounds (3)
  --seconds N        seconds that each subject is measured in a round, after it was warmed up (2)
  --results FOLDER   where latest.md, latest.json and latest.svg are written (bench/results)
  --help             this text

All of it takes a quarter of an hour; --scenario memory-hit takes two minutes. What needs a Debian package that is not
installed (nginx, redis-server) is named and left out; without wrk, autocannon is the load.
`

const { values: options } = parseArgs({
  options: {
    scenario: { type: 'string', default: allScenarios.map(({ name }) => name).join(',') },
    subjects: { type: 'string', default: allSubjects.map(({ name }) => name).join(',') },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    results: { type: 'string', default: join(import.meta.dirname, 'results') },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) process.stdout.write(usage)
else {
  const scenarios = chosen('scenario', allScenarios)
  const subjects = chosen('subjects', allSubjects)
  publish(await bench(scenarios, subjects, { count: positive('rounds'), seconds: positive('seconds') }))
}

async function bench(
  scenarios: readonly Scenario[],
  subjects: readonly Subject[],
  rounds: Rounds,
): Promise<Results> {
  // Leaving by `exit` ends every process that was started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  // What this process starts stays on its core unless it is pinned elsewhere: upstreams, stores and the load.
  pin(process.pid, loadCore)
  const present = subjects.filter(isPresent)
  const results: Results['scenarios'][number][] = []
  for (const scenario of scenarios.filter(isPresent)) {
    results.push(await measureScenario(scenario, present, rounds))
  }
  return {
    machine: machineFacts(),
    conditions: {
      load: loadGenerator,
      store: findPostgres('postgres') === undefined ? 'SQLite' : 'PostgreSQL',
      rounds: rounds.count,
      seconds: rounds.seconds,
      pinned: canPin,
    },
    subjects: present.map(({ title }) => title),
    missing: [...subjects, ...scenarios].filter((one) => !isPresent(one)).map(({ title }) => title),
    scenarios: results,
  }
}

/** Whether the machine has what it needs. */
function isPresent(one: { readonly package?: string }): boolean {
  return one.package === undefined || findProgram(one.package) !== undefined
}

function publish(results: Results): void {
  const table = markdown(results)
  mkdirSync(options.results, { recursive: true })
  writeFileSync(join(options.results, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(join(options.results, 'latest.md'), table)
  writeFileSync(join(options.results, 'latest.svg'), chart(results))
  process.stdout.write(table)
}

function chosen<T extends { readonly name: string }>(
  option: 'scenario' | 'subjects',
  all: readonly T[],
): readonly T[] {
  const names = options[option].split(',')
  const unknown = names.filter((name) => !all.some((one) => one.name === name))
  if (unknown.length > 0) return misuse(`--${option}: no such thing as ${unknown.join(', ')}`)
  return all.filter(({ name }) => names.includes(name))
}

function positive(name: 'rounds' | 'seconds'): number {
  const number = Number(options[name])
  return Number.isInteger(number) && number > 0 ? number : misuse(`--${name} is not a positive whole number`)
}

function misuse(problem: string): never {
  process.stderr.write(`${problem}\n\n${usage}`)
  process.exit(2)
}
