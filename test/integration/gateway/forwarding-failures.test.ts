/**
 * Upstreams that are dead, slow, rude or busy: what the client learns, and what it does not.
 * @module
 */

import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { freePort } from '../../support/free-port.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import type { Scope } from '../../support/private-server.ts'
import type { RawAnswer } from '../../support/raw-request.ts'
import { type RecordingUpstream, type ReplyTo, recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

t.test('an upstream that is not there is 502', async (t) => {
  const port = await freePort()
  const { ask, gateway } = await begin(t, `http://127.0.0.1:${port}`)
  const answer = await ask('GET')
  t.equal(answer.status, 502)
  says(t, answer, 'upstream_unreachable', port)
  t.match(gateway.log.at(-1), { code: 'upstream_unreachable', reason: 'ECONNREFUSED', owner: 'upstream' })
})

t.test('an upstream that comes back is served again', async (t) => {
  const upstream = await recordingUpstream(t)
  const { ask } = await begin(t, upstream.url)
  await upstream.close()
  t.equal((await ask('GET')).status, 502)
  const { createServer } = await import('node:http')
  const again = createServer((_request, response) => response.end('back')).listen(upstream.port, '127.0.0.1')
  t.teardown(() => again.close())
  t.equal((await ask('GET')).body.toString(), 'back')
})

t.test('a name that does not resolve is 502', async (t) => {
  const { ask } = await begin(t, 'http://no-such-host.invalid:80')
  const answer = await ask('GET')
  t.equal(answer.status, 502)
  t.notMatch(answer.body.toString(), /no-such-host/)
})

t.test('an upstream that does not answer in time is 504, and is let go of', async (t) => {
  const upstream = await recordingUpstream(t, () => new Promise(() => {}))
  const { ask } = await begin(t, upstream.url, { timeouts: { headers: '300ms' } })
  const started = performance.now()
  const answer = await ask('GET')
  t.equal(answer.status, 504)
  t.ok(performance.now() - started < 3_000)
  says(t, answer, 'upstream_timeout', upstream.port)
})

t.test('an upstream that hangs up without a word is 502, and is asked once', async (t) => {
  const upstream = await recordingUpstream(t, () => ({ raw: '' }))
  const { ask } = await begin(t, upstream.url)
  for (const method of ['GET', 'POST']) {
    says(t, await ask(method), 'upstream_invalid', upstream.port)
  }
  t.strictSame(
    upstream.requests.map(({ method }) => method),
    ['GET', 'POST'],
    'nothing is sent twice',
  )
})

t.test('an upstream that dies in the middle of a body breaks the response off', async (t) => {
  const halves: readonly ReplyTo[] = [
    () => ({ raw: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf' }),
    () => ({ raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n' }),
    () => ({ raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n' }),
    () => ({ body: Readable.from(failing()), headers: [['Content-Length', '100']] }),
  ]
  for (const half of halves) {
    const upstream = await recordingUpstream(t, half)
    const { ask, gateway } = await begin(t, upstream.url)
    await t.rejects(
      ask('GET'),
      /no complete response at the end of the connection: "HTTP\/1\.1 200 OK.*half/s,
    )
    await until(() => gateway.log.at(-1)?.outcome === 'aborted')
  }
})

t.test('an upstream that stalls in the middle of a body breaks the response off', async (t) => {
  const body = new Readable({ read() {} })
  body.push('half')
  const upstream = await recordingUpstream(t, () => ({ body }))
  const { ask } = await begin(t, upstream.url, { timeouts: { bodyIdle: '300ms' } })
  await t.rejects(ask('GET'), /no complete response at the end of the connection/)
  await until(() => body.destroyed)
})

t.test('what does not fit the queue is 503 with Retry-After, and never reaches the upstream', async (t) => {
  const release = Promise.withResolvers<void>()
  const upstream = await recordingUpstream(t, async () => {
    await release.promise
    return { body: 'ok' }
  })
  const { ask } = await begin(t, upstream.url, { connections: 1, queue: 1 })
  const served = ask('GET')
  await until(() => upstream.requests.length === 1)
  const queued = ask('GET')
  await sleep(50)
  const refused = await ask('PUT', 'body')
  t.equal(refused.status, 503)
  t.strictSame(refused.header('retry-after'), ['1'])
  says(t, refused, 'upstream_busy', upstream.port)
  release.resolve()
  t.equal((await served).status, 200)
  t.equal((await queued).status, 200)
  t.equal(upstream.requests.length, 2)
  t.equal((await ask('GET')).status, 200, 'and there is room again')
})

t.test('failures of every kind give their place in the queue back', async (t) => {
  const upstream = await recordingUpstream(t)
  const { ask, gateway } = await begin(t, upstream.url, {
    connections: 1,
    queue: 0,
    timeouts: { headers: '100ms' },
  })
  const replies: readonly ReplyTo[] = [
    () => ({ raw: 'garbage\r\n\r\n' }),
    () => ({ raw: '' }),
    () => ({ raw: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf' }),
    () => new Promise(() => {}),
    () => ({ status: 999, statusText: 'x' }),
    () => ({ raw: 'HTTP/1.1 200 \u65e5\u672c\r\nContent-Length: 0\r\n\r\n' }),
    () => ({ headers: [['X-Any', 'x']] }),
  ]
  for (const reply of replies) {
    upstream.reply(reply)
    const settled = gateway.log.length
    await ask('GET').catch(() => {})
    await until(() => gateway.log.length > settled)
  }
  upstream.reply(() => ({ body: 'ok' }))
  await until(async () => (await ask('GET')).status === 200, 2_000)
  t.equal((await ask('GET')).status, 200)
})

interface Begun {
  readonly gateway: TestGateway
  ask(method: string, body?: string): Promise<RawAnswer>
}

async function begin(t: Scope, url: string, upstream: object = {}): Promise<Begun> {
  const gateway = await startTestGateway(t, {
    upstream: url,
    upstreams: { legacy: { url, ...upstream } },
    routes: [{ match: { path: '/{path*}' } }],
  })
  const { text } = await gateway.issue()
  const headers = [['Authorization', `Bearer ${text}`]] as const
  return { gateway, ask: (method, body = '') => gateway.request({ method, path: '/a', headers, body }) }
}

/** The refusal has its code, and not a word of where the upstream is or what it did. */
function says(t: Test, answer: RawAnswer, code: string, port: RecordingUpstream['port']): void {
  const text = answer.body.toString()
  t.equal(JSON.parse(text).code, code)
  const leaks = new RegExp(`127\\.0\\.0\\.1|\\b${port}\\b|ECONN|UND_|HPE_|socket|legacy`, 'i')
  t.notMatch(text, leaks)
  t.notMatch(answer.headers.flat().join('\n'), leaks)
}

async function* failing() {
  yield 'half'
  await sleep(20)
  throw new Error('the disk is gone')
}
