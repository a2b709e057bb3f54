/**
 * `npm run bench:sizing`: what a gateway takes of itself, of PostgreSQL and of Redis, for whoever has to size them.
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Scope } from '../../test/support/private-server.ts'
import { loadCore, pin } from '../pin.ts'
import { measureDoors } from './doors.ts'
import { sizingMarkdown } from './sizing-report.ts'
import { measureTiers } from './tiers.ts'

const usage = `npm run bench:sizing -- [options]

  --tokens N         tokens that are asked with, each once from each tier (100000)
  --rest N           seconds that a gateway is watched at rest (30)
  --rounds N         rounds for the ways to come in (9)
  --seconds N        seconds of each in a round (2)
  --results FOLDER   where sizing.json and sizing.md are written (bench/results)
  --help             this text

Starts a private PostgreSQL and Redis. HTTP/2 needs h2load (Debian: nghttp2-client).
`

const { values: options } = parseArgs({
  options: {
    tokens: { type: 'string', default: '100000' },
    rest: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '2' },
    results: { type: 'string', default: join(import.meta.dirname, '../results') },
    help: { type: 'boolean', default: false },
  },
})
const [tokens, rest, rounds, seconds] = [options.tokens, options.rest, options.rounds, options.seconds].map(
  Number,
)
const conditions = { tokens, rest, rounds, seconds } as Record<keyof Sizes, number>

type Sizes = Pick<typeof options, 'tokens' | 'rest' | 'rounds' | 'seconds'>

if (options.help) process.stdout.write(usage)
else if (Object.values(conditions).every((size) => Number.isInteger(size) && size > 0))
  await bench(conditions)
else {
  process.stderr.write(`every number is whole and positive\n\n${usage}`)
  process.exitCode = 2
}

async function bench({ tokens, rest, rounds, seconds }: Record<keyof Sizes, number>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  pin(process.pid, loadCore)
  const doors = await within((scope) => measureDoors(scope, rounds, seconds))
  const tiers = await within((scope) => measureTiers(scope, tokens, rest, tell))
  const results = { doors, ...tiers, conditions }
  const text = sizingMarkdown(results)
  mkdirSync(options.results, { recursive: true })
  writeFileSync(join(options.results, 'sizing.json'), `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(join(options.results, 'sizing.md'), text)
  process.stdout.write(text)
}

/** What is started in a scope is stopped behind it, the last first. */
async function within<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  const started: (() => unknown)[] = []
  try {
    return await work({ teardown: (stop) => started.push(stop) })
  } finally {
    for (const stop of started.reverse()) await stop()
  }
}

function tell(what: string): void {
  process.stderr.write(`${what}\n`)
}
