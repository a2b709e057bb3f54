/**
 * What waits for a collector has a bound, and every span is counted once, whatever becomes of it.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { createLog } from '../../../src/observability/log.ts'
import { type CollectorAnswer, SpanExporter } from '../../../src/observability/tracing/span-exporter.ts'

const log = createLog({ level: 'silent' })
const good = { status: 200, body: Buffer.from('{}') }

function exporterThat(post: (document: string) => Promise<CollectorAnswer>) {
  const counts = { exported: 0, dropped: 0, undelivered: 0, rejected: 0 }
  const exporter = new SpanExporter({
    post,
    resource: { 'service.name': 'a' },
    onSpans: (result, count) => {
      counts[result] += count
    },
    log,
  })
  return { exporter, counts }
}

t.test('what there is no room for is dropped and counted, by number and by length', async (t) => {
  for (const [text, room] of [
    ['{}', 4096],
    [JSON.stringify({ name: 'x'.repeat(64 * 1024) }), 127],
  ] as const) {
    const answer = Promise.withResolvers<CollectorAnswer>()
    const { exporter, counts } = exporterThat(() => answer.promise)
    const batch = Math.min(512, room)
    for (let index = 0; index < room + batch + 10; index++) exporter.add(text)
    t.ok(counts.dropped > 0, `${counts.dropped}`)
    t.ok(counts.dropped <= 10 + batch)
    answer.resolve(good)
    await exporter.close()
    t.equal(counts.exported + counts.dropped, room + batch + 10)
  }
})

t.test('what is under way and what waits at the end is counted as lost', async (t) => {
  const { exporter, counts } = exporterThat(() => new Promise<never>(() => {}))
  for (let index = 0; index < 600; index++) exporter.add('{}')
  await exporter.close()
  t.strictSame(counts, { exported: 0, dropped: 0, undelivered: 600, rejected: 0 })
})

t.test('no answer of a collector makes a span uncounted, or counted twice', async (t) => {
  const bodies = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .oneof(fc.integer(), fc.string(), fc.double())
      .map((count) => JSON.stringify({ partialSuccess: { rejectedSpans: count } })),
  )
  const answers = fc.record({
    status: fc.constantFrom(200, 202, 204, 301, 400, 401, 413, 429, 500, 503),
    body: bodies.map((text) => Buffer.from(text)),
  })
  const outcome = fc.oneof(answers, fc.constant(undefined))
  await fc.assert(
    fc.asyncProperty(
      fc.array(outcome, { minLength: 1, maxLength: 5 }),
      fc.nat(600),
      async (outcomes, count) => {
        let asked = 0
        const { exporter, counts } = exporterThat(async () => {
          const next = outcomes[asked++ % outcomes.length]
          if (next === undefined) throw new Error('no answer')
          return next
        })
        for (let index = 0; index < count; index++) exporter.add('{}')
        await exporter.close()
        exporter.add('{}')
        const { exported, dropped, undelivered, rejected } = counts
        t.equal(exported + undelivered + rejected, count)
        t.equal(dropped, 1, 'nothing is taken behind the end')
        t.ok(exported >= 0 && rejected >= 0)
      },
    ),
    { numRuns: 100 },
  )
})
