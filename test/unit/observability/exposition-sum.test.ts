/**
 * What several processes expose is added up series by series, and what one of them leaves behind never goes back.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import {
  addUp,
  countsOf,
  readExposition,
  writeExposition,
} from '../../../src/observability/exposition-sum.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { createWorkerMetrics } from '../../../src/observability/worker-metrics.ts'

function counter(samples: Readonly<Record<string, number>>): string {
  const lines = Object.entries(samples).map(([labels, value]) => `a_total${labels} ${value}\n`)
  return `# HELP a_total Some.\n# TYPE a_total counter\n${lines.join('')}`
}

function gauge(name: string, value: number): string {
  return `# HELP ${name} Some.\n# TYPE ${name} gauge\n${name} ${value}\n`
}

function sumOf(...texts: readonly string[]): string {
  return writeExposition(addUp(texts.map(readExposition)))
}

t.test('what is written is what was read, whatever stands in a label', (t) => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), (label, value) => {
      const escaped = label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
      const text = counter({ [`{route="${escaped}"}`]: value })
      t.equal(sumOf(text), text)
    }),
  )
  t.end()
})

t.test('the sum of counters is theirs, in any order, and no series is lost', (t) => {
  const series = fc.dictionary(fc.constantFrom('{a="1"}', '{a="2"}', '{a="3"}'), fc.nat())
  fc.assert(
    fc.property(fc.array(series, { minLength: 1, maxLength: 5 }), (processes) => {
      const sums = addUp(processes.map((samples) => readExposition(counter(samples))))
      const samples = sums.get('a_total')?.samples
      for (const labels of ['{a="1"}', '{a="2"}', '{a="3"}']) {
        const values = processes.flatMap((process) => process[labels] ?? [])
        const expected = values.length === 0 ? undefined : values.reduce((one, other) => one + other)
        t.equal(samples?.get(`a_total${labels}`), expected)
      }
    }),
  )
  t.end()
})

t.test('a gauge is summed, or shows the worst of all, as it means', (t) => {
  const both = (name: string) => sumOf(gauge(name, 3), gauge(name, 5))
  t.match(both('sallyport_connections_open'), /_open 8\n/)
  t.match(both('sallyport_change_feed_age_seconds'), /_seconds 5\n/)
  t.match(both('sallyport_config_last_reload_success'), /_success 3\n/)
  t.end()
})

t.test('of every gauge that a gateway exposes it is said how it is put together', async (t) => {
  const metrics = createMetrics(1)
  const exposed = readExposition(await metrics.expose())
  // Those of the process name the worker, so that they never meet.
  const nameless = [...exposed].filter(
    ([name, { type }]) => type === 'gauge' && name.startsWith('sallyport_'),
  )
  t.ok(nameless.length > 10)
  for (const [name] of nameless) {
    // One that nothing is said of would show the last of them, and never the sum of nor the worst of two orders.
    const orders = [sumOf(gauge(name, 3), gauge(name, 5)), sumOf(gauge(name, 5), gauge(name, 3))]
    t.equal(orders[0], orders[1], name)
  }
})

t.test('a worker that has ended leaves its counts and not its gauges', async (t) => {
  const metrics = createWorkerMetrics()
  const open = gauge('sallyport_connections_open', 7)
  metrics.heard(1, counter({ '{a="1"}': 10 }) + open)
  metrics.heard(2, counter({ '{a="1"}': 1, '{a="2"}': 2 }))
  metrics.ended(1)
  metrics.ended(1)
  const left = await metrics.expose()
  t.match(left, 'a_total{a="1"} 11\n')
  t.match(left, 'a_total{a="2"} 2\n')
  t.notMatch(left, 'sallyport_connections_open')
  metrics.heard(1, counter({ '{a="1"}': 5 }) + open)
  t.match(await metrics.expose(), 'a_total{a="1"} 16\n', 'whoever takes its place begins at nothing')
  t.match(await metrics.expose(), 'sallyport_connections_open 7\n')
  t.same(countsOf(readExposition(open)).size, 0)
})
