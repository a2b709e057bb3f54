/**
 * The way of spans to a collector, whatever state that is in: requests are unharmed, and no span is lost uncounted.
 * @module
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import t from 'tap'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { authority, certificateFile } from '../../support/http2-client.ts'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { spansWhen, startTraced } from './scene.ts'

const routes = [{ match: { path: '/{rest*}' }, authorize: { public: true } }]

/** So many requests, two spans each. */
async function ask(gateway: TestGateway, count: number): Promise<readonly number[]> {
  const answers = await Promise.all(Array.from({ length: count }, () => gateway.request({ path: '/a' })))
  return answers.map(({ status }) => status)
}

const spansThat = (gateway: TestGateway, result: string) =>
  gateway.metric(`sallyport_spans_total{result="${result}"}`)

const complaints = ({ log }: TestGateway) =>
  log.filter(({ message }) => String(message).startsWith('the collector does not take spans'))

const allGood = Array.from({ length: 10 }, () => 200)

t.test('spans go out together, as the endpoint and its headers say', async (t) => {
  const upstream = await recordingUpstream(t)
  const collector = await startOtlpReceiver(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes,
    tracing: {
      endpoint: `${collector.url}?tenant=a`,
      headers: { authorization: 'Bearer of-the-collector' },
      serviceName: 'gate',
      resource: { 'deployment.environment.name': 'test' },
    },
  })
  t.strictSame(await ask(gateway, 10), allGood)
  t.equal((await spansWhen(collector, 20)).length, 20)
  t.ok(collector.posts.length <= 3, 'not one by one')
  const [post] = collector.posts
  t.match(post, {
    method: 'POST',
    path: '/v1/traces?tenant=a',
    headers: { 'content-type': 'application/json', authorization: 'Bearer of-the-collector' },
  })
  t.match(collector.resource(), { 'service.name': 'gate', 'deployment.environment.name': 'test' })
  t.type(collector.resource()['service.instance.id'], 'string')
  await until(async () => (await spansThat(gateway, 'exported')) === 20)
  t.notMatch(JSON.stringify(gateway.log), 'of-the-collector')
})

t.test('spans that a collector rejects are counted', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url, { routes })
  collector.answer((response) => response.end('{"partialSuccess":{"rejectedSpans":"3"}}'))
  t.strictSame(await ask(gateway, 10), allGood)
  await until(
    async () => (await spansThat(gateway, 'exported')) + (await spansThat(gateway, 'rejected')) === 20,
  )
  t.equal(await spansThat(gateway, 'rejected'), 3 * collector.posts.length)

  const before = await spansThat(gateway, 'rejected')
  collector.answer((response) => response.writeHead(500).end('no'))
  t.strictSame(await ask(gateway, 10), allGood)
  await until(async () => (await spansThat(gateway, 'rejected')) === before + 20)
  t.equal(complaints(gateway).length, 1, 'which is said once')
  t.match(complaints(gateway)[0], { level: 'warn', reason: 'status 500' })
})

t.test('a collector behind TLS gets spans once it has proved itself', async (t) => {
  const upstream = await recordingUpstream(t)
  const collector = await startOtlpReceiver(t, {
    cert: readFileSync(certificateFile('service.pem')),
    key: readFileSync(certificateFile('service.key')),
  })
  const start = (tls: object) =>
    startTraced(t, upstream.url, { routes, tracing: { endpoint: collector.url, tls } })
  const good = await start({ ca: authority, serverName: 'service.test' })
  t.strictSame(await ask(good.gateway, 10), allGood)
  t.equal((await spansWhen(collector, 20)).length, 20)
  const before = collector.posts.length
  for (const tls of [{}, { ca: authority, serverName: 'other.test' }]) {
    const { gateway } = await start(tls)
    t.strictSame(await ask(gateway, 10), allGood)
    await until(async () => (await spansThat(gateway, 'undelivered')) === 20)
  }
  t.equal(collector.posts.length, before)
})

t.test('a collector that is busy is asked again', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url, { routes })
  collector.answer((response) => {
    collector.answer((next) => next.end('{}'))
    response.writeHead(503).end()
  })
  t.strictSame(await ask(gateway, 10), allGood)
  t.equal((await spansWhen(collector, 20)).length, 20)
  t.ok(collector.posts.length >= 2)
  await until(async () => (await spansThat(gateway, 'exported')) === 20)
})

t.test('a collector that is down costs nothing but its spans', async (t) => {
  const upstream = await recordingUpstream(t)
  const headers = { authorization: 'Bearer of-the-collector' }
  const { gateway, collector } = await startTraced(t, upstream.url, { routes, tracing: { headers } })
  await collector.close()
  t.strictSame(await ask(gateway, 10), allGood)
  await until(async () => (await spansThat(gateway, 'undelivered')) === 20)
  t.equal(complaints(gateway).length, 1)
  t.match(complaints(gateway)[0], { error: { cause: { code: 'ECONNREFUSED' } } })
  t.notMatch(JSON.stringify(gateway.log), 'of-the-collector')
})

t.test('a collector that does not answer costs nothing but its spans', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url, { routes, tracing: { timeout: '100ms' } })
  collector.answer(() => {})
  t.strictSame(await ask(gateway, 10), allGood)
  await until(async () => (await spansThat(gateway, 'undelivered')) === 20)
  t.match(complaints(gateway)[0], { reason: 'no answer in time' })
})

t.test('an answer without end is not read to its end', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url, { routes })
  let written = 0
  collector.answer((response) => {
    response.writeHead(200)
    const piece = Buffer.alloc(16 * 1024, ' ')
    const write = () => {
      while (!response.destroyed && response.write(piece)) written += piece.length
    }
    response.on('drain', write).on('error', () => {})
    write()
  })
  t.strictSame(await ask(gateway, 10), allGood)
  await until(async () => (await spansThat(gateway, 'undelivered')) === 20)
  t.ok(written < 64 * 1024 * 1024)
  t.match(complaints(gateway)[0], { reason: 'the answer is too long' })
})

t.test('what is no HTTP at all costs nothing but its spans', async (t) => {
  const noise = createServer((socket) => {
    socket.on('error', () => {})
    socket.end('220 mail.example ESMTP\r\n')
  })
  await once(noise.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => noise.close())
  const { port } = noise.address() as { port: number }
  const upstream = await recordingUpstream(t)
  const { gateway } = await startTraced(t, upstream.url, {
    routes,
    tracing: { endpoint: `http://127.0.0.1:${port}/v1/traces` },
  })
  t.strictSame(await ask(gateway, 10), allGood)
  await until(async () => (await spansThat(gateway, 'undelivered')) === 20)
})

t.test('what has not gone out when the gateway closes goes out then', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url, { routes })
  t.strictSame(await ask(gateway, 10), allGood)
  await gateway.close()
  t.equal(collector.spans().length, 20)
})

t.test('a gateway that closes does not wait for a collector that does not answer', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url, { routes, tracing: { timeout: '1m' } })
  collector.answer(() => {})
  t.strictSame(await ask(gateway, 10), allGood)
  await gateway.close()
  t.match(gateway.log.at(-1), { spans: 20, message: 'spans were not delivered before the end' })
})
