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

function exporterThat(post: (document: Buffer) => Promise<CollectorAnswer>) {
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

t.test('what there is no room for is dropped and counted', async (t) => {
  const answer = Promise.withResolvers<CollectorAnswer>()
  const documents: Buffer[] = []
  const { exporter, counts } = exporterThat((document) => {
    documents.push(document)
    return answer.promise
  })
  const text = JSON.stringify({ name: 'é'.repeat(32 * 1024) })
  for (let index = 0; index < 1000; index++) exporter.add(text)
  exporter.add(JSON.stringify({ name: 'x'.repeat(512 * 1024) }))
  t.ok(counts.dropped > 800, `${counts.dropped}`)
  answer.resolve(good)
  await exporter.close()
  t.equal(counts.exported + counts.dropped, 1001)
  const spans = documents.flatMap(
    (document) => JSON.parse(document.toString()).resourceSpans[0].scopeSpans[0].spans,
  )
  t.equal(spans.length, counts.exported)
  t.ok(spans.every(({ name }) => name.length === 32 * 1024))
  const kept = documents.reduce((sum, { length }) => sum + length, 0)
  t.ok(kept <= 18 * 512 * 1024, `${kept}`)
})

t.test('spans of one request of OTLP are a list, in the order in which they came', async (t) => {
  const documents: string[] = []
  const { exporter } = exporterThat(async (document) => {
    documents.push(document.toString())
    return good
  })
  for (const name of ['a', 'b', 'c']) exporter.add(JSON.stringify({ name }))
  await exporter.close()
  t.strictSame(
    documents.map((document) => JSON.parse(document)),
    [
      {
        resourceSpans: [
          {
            resource: { attributes: [{ key: 'service.name', value: { stringValue: 'a' } }] },
            scopeSpans: [
              { scope: { name: 'sallyport' }, spans: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] },
            ],
          },
        ],
      },
    ],
  )
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
