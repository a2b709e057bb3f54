/**
 * `npm run bench:scale`: a private PostgreSQL filled with so many tokens, and what the store takes to answer there.
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { migrate } from '../../src/database/migrate.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { parseKeyRing } from '../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../src/tokens/keys/key-ring-text.ts'
import { PostgresTokenStore } from '../../src/tokens/stores/postgres/postgres-token-store.ts'
import { startPostgres } from '../../test/support/postgres.ts'
import { machineFacts } from '../report.ts'
import { fill } from './fill.ts'
import { measureChanges } from './measure-changes.ts'
import { measureReads } from './measure-reads.ts'
import { Population } from './population.ts'
import { elapsedMs } from './sampled.ts'
import { type ScaleResults, scaleMarkdown } from './scale-report.ts'
import { liveParents, settle } from './store-size.ts'

const usage = `npm run bench:scale -- [options]

  --tokens N         tokens in the store (10000); ten million take a quarter of an hour and 15 GB in TMPDIR
  --samples N        how often each question is asked, in ten seconds at most (500)
  --results FOLDER   where scale-N.md and scale-N.json are written (bench/results)
  --help             this text

Starts a private PostgreSQL, fills it, measures the token store on it and prints the tables.
`

/** A commit is on the disk when it is answered, as in production; the cache is a quarter of 16 GiB. */
const server = [
  'fsync=on',
  'full_page_writes=on',
  'shared_buffers=4GB',
  'max_wal_size=8GB',
  'maintenance_work_mem=1GB',
  'random_page_cost=1.1',
]
const tokensMin = 1_000

const { values: options } = parseArgs({
  options: {
    tokens: { type: 'string', default: '10000' },
    samples: { type: 'string', default: '500' },
    results: { type: 'string', default: join(import.meta.dirname, '../results') },
    help: { type: 'boolean', default: false },
  },
})
const tokens = Number(options.tokens)
const samples = Number(options.samples)

if (options.help) process.stdout.write(usage)
else if (!isWhole(tokens, tokensMin) || !isWhole(samples, 1)) {
  process.stderr.write(
    `--tokens is a whole number of ${tokensMin} at least, and --samples one of 1\n\n${usage}`,
  )
  process.exitCode = 2
} else await bench(new Population(tokens, Date.now()), options.results)

async function bench(population: Population, folder: string): Promise<void> {
  // Leaving by `exit` ends the server.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const postgres = await startPostgres(server)
  try {
    publish(folder, await measured(postgres.url, population))
  } finally {
    await postgres.stop()
  }
}

async function measured(url: string, population: Population): Promise<ScaleResults> {
  await migrate({ postgres: { url, connections: 1, timeout: 10_000 } })
  tell('fill')
  const fillMs = await elapsedMs(() => fill(url, population, (done) => tell(`${done} of ${population.size}`)))
  tell('vacuum and analyze')
  const size = await settle(url)
  const parents = await liveParents(url)
  const sealer = parseKeyRing(newKeyRing(systemClock).reveal())
  // As configured by default.
  const store = new PostgresTokenStore({ url, connections: 10, timeout: 2_000 }, { sealer })
  try {
    const reads = await measureReads(store, population, samples, tell)
    const { figures, feats } = await measureChanges(store, population, parents, samples, tell)
    const machine = { ...machineFacts(), memoryGib: Math.round(totalmem() / 1024 ** 3) }
    const all = { ...reads, ...figures }
    return { machine, server, tokens: population.size, fillMs, size, figures: all, feats }
  } finally {
    await store.close()
  }
}

function publish(folder: string, results: ScaleResults): void {
  const text = scaleMarkdown(results)
  const file = join(folder, `scale-${results.tokens}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${file}.json`, `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(`${file}.md`, text)
  process.stdout.write(text)
}

function isWhole(number: number, min: number): boolean {
  return Number.isInteger(number) && number >= min
}

function tell(what: string): void {
  process.stderr.write(`${what}\n`)
}
