/**
 * What is counted, that no client can make a series, and that the text is what Prometheus reads.
 * @module
 */

import t from 'tap'
import { unmatchedRoute } from '../../../src/observability/labels.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'

/** The sample lines of one metric. */
async function samples(metrics: ReturnType<typeof createMetrics>, name: string): Promise<readonly string[]> {
  const text = await metrics.expose()
  return text.split('\n').filter((line) => new RegExp(`^${name}(_bucket|_sum|_count)?[{ ]`).test(line))
}

t.test('counts each exchange once, by route and outcome, and knows how many run', async (t) => {
  const metrics = createMetrics()
  const route = metrics.forRoute('simple')
  for (let n = 0; n < 4; n += 1) metrics.exchangeBegan()
  route.settled('GET', 200, 'forwarded', 0.004)
  route.settled('GET', 401, 'invalid_token', 0.001)
  metrics.forRoute('simple').settled('GET', 200, 'forwarded', 0.004)
  t.strictSame(await samples(metrics, 'sallyport_exchanges_total'), [
    'sallyport_exchanges_total{route="simple",outcome="forwarded"} 2',
    'sallyport_exchanges_total{route="simple",outcome="invalid_token"} 1',
  ])
  t.strictSame(await samples(metrics, 'sallyport_exchanges_in_flight'), ['sallyport_exchanges_in_flight 1'])
})

t.test('counts durations in cumulative buckets', async (t) => {
  const metrics = createMetrics()
  const route = metrics.forRoute('simple')
  for (const seconds of [0.001, 0.3, 0.3, 100, -1]) route.settled('PUT', 201, 'forwarded', seconds)
  const lines = await samples(metrics, 'http_server_request_duration_seconds')
  const value = (suffix: string) => lines.find((line) => line.includes(suffix))?.split(' ')[1]
  const labels = 'route="simple",method="PUT",status_class="2xx"'
  t.equal(
    value(`_bucket{${labels},le="0.001"}`),
    '2',
    'a bound belongs to its bucket; a clock set back is zero',
  )
  t.equal(value(`_bucket{${labels},le="0.25"}`), '2')
  t.equal(value(`_bucket{${labels},le="0.5"}`), '4')
  t.equal(value(`_bucket{${labels},le="60"}`), '4')
  t.equal(value(`_bucket{${labels},le="+Inf"}`), '5')
  t.equal(value(`_count{${labels}}`), '5')
  t.ok(Math.abs(Number(value(`_sum{${labels}}`)) - 100.601) < 1e-9)
})

t.test('lets no client make a series: methods and statuses are of closed sets', async (t) => {
  const metrics = createMetrics()
  const route = metrics.forRoute(unmatchedRoute)
  for (let n = 0; n < 500; n += 1) {
    for (const status of [undefined, 0, 99, 200 + (n % 100), 600 + n, -1, Number.NaN]) {
      route.settled(`M${n}`, status, 'not_found', 0)
    }
  }
  route.settled('constructor', 404, 'not_found', 0)
  const counts = (await samples(metrics, 'http_server_request_duration_seconds'))
    .filter((line) => line.includes('_count{'))
    .map((line) => line.split(' ')[0])
  t.strictSame(counts.toSorted(), [
    'http_server_request_duration_seconds_count{route="(none)",method="OTHER",status_class="2xx"}',
    'http_server_request_duration_seconds_count{route="(none)",method="OTHER",status_class="4xx"}',
    'http_server_request_duration_seconds_count{route="(none)",method="OTHER",status_class="none"}',
  ])
})

t.test('counts the streams that were closed by what became of their token', async (t) => {
  const metrics = createMetrics()
  for (const cause of ['revoked', 'expired', 'revoked'] as const) metrics.streamClosed(cause)
  t.strictSame(await samples(metrics, 'sallyport_streams_closed_total'), [
    'sallyport_streams_closed_total{cause="revoked"} 2',
    'sallyport_streams_closed_total{cause="expired"} 1',
  ])
})

t.test('counts look-ups, queries, shadow refusals and refused system tokens', async (t) => {
  const metrics = createMetrics()
  const { lookedUp, storeQueried, systemTokenRefused } = metrics
  t.strictSame(await samples(metrics, 'sallyport_system_token_refused_total'), [
    'sallyport_system_token_refused_total 0',
  ])
  lookedUp('memory', 'hit')
  lookedUp('memory', 'hit')
  lookedUp('store', 'absent')
  storeQueried('find')
  systemTokenRefused()
  metrics.forRoute('new').wouldRefuse('insufficient_scope')
  t.strictSame(await samples(metrics, 'sallyport_token_lookups_total'), [
    'sallyport_token_lookups_total{tier="memory",result="hit"} 2',
    'sallyport_token_lookups_total{tier="store",result="absent"} 1',
  ])
  t.strictSame(await samples(metrics, 'sallyport_store_queries_total'), [
    'sallyport_store_queries_total{operation="find"} 1',
  ])
  t.strictSame(await samples(metrics, 'sallyport_system_token_refused_total'), [
    'sallyport_system_token_refused_total 1',
  ])
  t.strictSame(await samples(metrics, 'sallyport_would_refuse_total'), [
    'sallyport_would_refuse_total{route="new",code="insufficient_scope"} 1',
  ])
})

t.test('reads the age of the change feed at the scrape, and says nothing while it is unknown', async (t) => {
  const metrics = createMetrics()
  t.strictSame(await samples(metrics, 'sallyport_change_feed_age_seconds'), [])
  let age: number | undefined = 0.25
  metrics.watchChangeFeed(() => age)
  t.strictSame(await samples(metrics, 'sallyport_change_feed_age_seconds'), [
    'sallyport_change_feed_age_seconds 0.25',
  ])
  age = undefined
  t.strictSame(await samples(metrics, 'sallyport_change_feed_age_seconds'), [])
})

t.test('is text that Prometheus reads: each metric declared once, before its samples', async (t) => {
  const metrics = createMetrics()
  metrics.forRoute('simple').settled('GET', 200, 'forwarded', 0.1)
  metrics.lookedUp('redis', 'rejected')
  const text = await metrics.expose()
  t.match(metrics.contentType, /^text\/plain; version=0\.0\.4/)
  t.match(text, /^process_cpu_seconds_total /m)
  t.match(text, /^nodejs_eventloop_lag_seconds /m)
  const declared = new Set<string>()
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const [, name] = /^# TYPE (\S+) (?:counter|gauge|histogram|summary)$/.exec(line) ?? []
    if (name !== undefined) {
      t.notOk(declared.has(name), name)
      declared.add(name)
    } else if (!line.startsWith('# HELP ')) {
      const sample =
        /^([a-z0-9_]+?)(_bucket|_sum|_count)?(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? \S+$/i.exec(line)
      const [, family = '', suffix = ''] = sample ?? []
      t.ok(declared.has(family) || declared.has(family + suffix), line)
    }
  }
})

t.test('keeps two gateways in one process apart', async (t) => {
  const [one, other] = [createMetrics(), createMetrics()]
  one.storeQueried('find')
  t.strictSame(await samples(other, 'sallyport_store_queries_total'), [])
})

t.test('costs a request less than a microsecond', async (t) => {
  const metrics = createMetrics()
  const routes = ['a', 'b', 'c', 'd'].map(metrics.forRoute)
  const rounds = 200_000
  const began = performance.now()
  for (let n = 0; n < rounds; n += 1) {
    metrics.exchangeBegan()
    routes[n & 3]?.settled(
      n & 1 ? 'GET' : 'PUT',
      n & 4 ? 200 : 404,
      n & 4 ? 'forwarded' : 'not_found',
      (n & 7) / 100,
    )
  }
  t.ok(((performance.now() - began) / rounds) * 1000 < 1)
})
