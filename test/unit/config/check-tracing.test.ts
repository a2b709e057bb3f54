/**
 * Tracing that could not work, or would say what the gateway says itself, is refused with its place.
 * @module
 */

import t from 'tap'
import { accepted, minimal, problemsOf } from './load.ts'

const withTracing = (tracing: object) => minimal.concat(`tracing: ${JSON.stringify(tracing)}\n`)
const endpoint = 'http://collector:4318/v1/traces'

t.test('tracing is off unless it is asked for, and then believes trusted proxies alone', async (t) => {
  t.equal(accepted(t, minimal).settings.tracing, undefined)
  t.strictSame(accepted(t, withTracing({ endpoint, headers: { 'X-Key': 'k' } })).settings.tracing, {
    endpoint,
    headers: { 'x-key': 'k' },
    timeout: 5000,
    tls: {},
    serviceName: 'sallyport',
    resource: {},
    trust: 'proxies',
    sampling: { ratio: 1 },
  })
  const ratioOf = (ratio: unknown) =>
    accepted(t, withTracing({ sampling: { ratio } })).settings.tracing?.sampling.ratio
  t.strictSame([0, 1, 0.25, '0.01', '1', '0'].map(ratioOf), [0, 1, 0.25, 0.01, 1, 0])
})

t.test('what is no tracing is refused', async (t) => {
  for (const wrong of [
    { endpoint: 'collector:4318' },
    { endpoint: 'grpc://collector:4317' },
    { endpoint: 'http://user:password@collector/v1/traces' },
    { endpoint: 'http://collector:99999/v1/traces' },
    { endpoint: `${endpoint}#a` },
    { endpoint: `${endpoint} ` },
    { endpoint, headers: { authorization: 'a\r\nb: c' } },
    { endpoint, headers: { 'x y': 'a' } },
    { endpoint, timeout: '0s' },
    { endpoint, timeout: '61s' },
    { endpoint, trust: 'all' },
    { endpoint, tls: { verify: false } },
    ...[-0.1, 1.1, '1.5', 'half', Number.NaN, null].map((ratio) => ({ sampling: { ratio } })),
  ]) {
    t.not(problemsOf(t, withTracing(wrong)).length, 0, JSON.stringify(wrong))
  }
})

t.test('headers that the gateway writes itself, or that go nowhere, are refused', async (t) => {
  for (const name of ['host', 'content-length', 'content-type', 'connection', 'transfer-encoding']) {
    t.match(problemsOf(t, withTracing({ endpoint, headers: { [name]: 'a' } })), [
      new RegExp(`tracing.headers.${name}: is said by the gateway itself`),
    ])
  }
  t.match(problemsOf(t, withTracing({ headers: { 'x-key': 'a' } })), [
    /tracing.headers.x-key: has no effect without tracing.endpoint/,
  ])
})
