/**
 * A stream ends with its token: whatever had been let through is broken off within a second of the moment at which a
 * new request would be refused, at both ends, and nothing else is touched.
 * @module
 */

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { rotateToken } from '../../../src/tokens/life/rotate-token.ts'
import { actAt } from '../../support/act.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { until } from '../../support/until.ts'
import { endlessUpstream, goesOn, type OpenStream, openStream, promisedMs } from './open-streams.ts'

const upstream = await endlessUpstream(t)
const silent = createServer((socket) => socket.on('error', () => {}).resume())
t.teardown(() => silent.close())
await once(silent.listen(0, '127.0.0.1'), 'listening')
const { port: silentPort } = silent.address() as { port: number }

const ring = newKeyRing(systemClock).reveal()
const gateway = await startTestGateway(t, {
  keys: { ring },
  upstream: upstream.url,
  upstreams: { legacy: { url: upstream.url }, silent: { url: `http://127.0.0.1:${silentPort}` } },
  routes: [
    { match: { path: '/events/trial' }, mode: 'shadow' },
    { match: { path: '/events/public' }, authorize: { public: true } },
    { match: { path: '/poll' }, upstream: 'silent' },
    { match: { path: '/{path*}' }, authorize: { access: 'read-only' } },
  ],
  listen: { timeouts: { drain: '0s' } },
})

const closed = (cause: string) => gateway.metric(`sallyport_streams_closed_total{cause="${cause}"}`)
const rotate = (id: string, overlapMs: number) =>
  rotateToken(
    { registry: gateway.store, keyRing: parseKeyRing(ring), clock: systemClock, isNetwork: () => false },
    id,
    { overlapMs, createdBy: 'test', origin: 'test' },
  )
const revoke = (id: string) =>
  gateway.store.revokeToken(id, { at: Date.now(), by: 'test', origin: 'test', cause: 'leaked' })

/** Starts a stream, and waits for its first bytes. */
async function start(
  t: Test,
  path: string,
  text?: string,
  { port }: TestGateway = gateway,
): Promise<OpenStream> {
  const stream = openStream(t, port, path, text === undefined ? {} : { text })
  await goesOn(stream)
  return stream
}

async function endsInTime(t: Test, since: number, ...streams: readonly OpenStream[]): Promise<void> {
  const tookMs = Math.max(...(await Promise.all(streams.map(({ ended }) => ended)))) - since
  t.ok(tookMs < promisedMs, `ended after ${Math.round(tookMs)} ms`)
}

t.test('a revoked token takes its event streams and downloads with it, and no others', async (t) => {
  const leaked = await gateway.issue({ subject: 'alice' })
  const spare = await gateway.issue({ subject: 'alice' })
  const foreign = await gateway.issue({ subject: 'bob' })
  const doomed = [await start(t, '/events/1', leaked.text), await start(t, '/download/1', leaked.text)]
  const untouched = [await start(t, '/events/2', spare.text), await start(t, '/download/2', foreign.text)]
  const before = await closed('revoked')

  await revoke(leaked.token.id)
  await endsInTime(t, performance.now(), ...doomed)
  await until(() => upstream.bodyOf('/events/1')?.destroyed, promisedMs)
  await until(() => upstream.bodyOf('/download/1')?.destroyed, promisedMs)
  t.notMatch(doomed[0]?.head(), /\r\n0\r\n\r\n$/, 'the answer does not pass for a whole one')

  await sleep(2 * promisedMs)
  for (const stream of untouched) await goesOn(stream)
  t.equal(await closed('revoked'), before + 2)
  const line = gateway.log.find(({ path }) => path === '/events/1')
  t.match(line, { outcome: 'revoked', reason: 'revoked', tokenId: leaked.token.id, status: 200 })
})

t.test('a client that has stopped to read is left all the same, and so is its upstream', async (t) => {
  const { text, token } = await gateway.issue()
  const stream = await start(t, '/download/paused', text)
  stream.socket.pause()
  await revoke(token.id)
  await until(() => upstream.bodyOf('/download/paused')?.destroyed, promisedMs)
})

t.test('an answer that is still awaited is not awaited any longer', async (t) => {
  const { text, token } = await gateway.issue()
  const arrived = once(silent, 'connection')
  const stream = openStream(t, gateway.port, '/poll', { text })
  const [connection] = (await arrived) as [Socket]
  await once(connection, 'close', { signal: AbortSignal.timeout(300) }).then(
    () => t.fail('the request ended by itself'),
    () => t.ok(stream.isOpen(), 'the request is under way'),
  )
  const upstreamLeft = once(connection, 'close')
  await revoke(token.id)
  await endsInTime(t, performance.now(), stream)
  await upstreamLeft
  t.equal(stream.receivedBytes(), 0)
})

t.test('an upload is broken off, and the upstream does not take it for whole', async (t) => {
  const { text, token } = await gateway.issue()
  const lines = ['Content-Length: 1000000']
  const stream = openStream(t, gateway.port, '/upload', { method: 'PUT', text, lines })
  stream.socket.write('the first bytes')
  const record = () => upstream.requests.find(({ target }) => target === '/upload')
  await until(() => record()?.state === 'receiving' && stream.receivedBytes() > 0)
  await revoke(token.id)
  await endsInTime(t, performance.now(), stream)
  await until(() => record()?.state === 'aborted', promisedMs)
})

t.test('a disabled subject loses every stream of every token, a deleted one for good', async (t) => {
  for (const [status, cause] of [
    ['disabled', 'subject-disabled'],
    ['deleted', 'subject-deleted'],
  ] as const) {
    const [one, two] = [await gateway.issue({ subject: status }), await gateway.issue({ subject: status })]
    const doomed = [
      await start(t, `/events/${status}`, one.text),
      await start(t, `/download/${status}`, two.text),
    ]
    const another = await start(t, `/events/not-${status}`, (await gateway.issue({ subject: 'carol' })).text)
    const before = await closed(cause)
    await gateway.store.setSubjectStatus(status, status, actAt(1))
    await endsInTime(t, performance.now(), ...doomed)
    t.equal(await closed(cause), before + 2)
    await goesOn(another)
  }
})

t.test('an expired token ends its streams, and not before', async (t) => {
  const lifetimeMs = 1_500
  const { text, token } = await gateway.issue({ lifetimeMs })
  const stream = await start(t, '/events/expiring', text)
  const lasting = await start(t, '/events/lasting', (await gateway.issue()).text)
  await sleep((token.expiresAt ?? 0) - systemClock.now() - 50)
  t.ok(stream.isOpen(), 'the last moment is its own')
  await endsInTime(t, performance.now() + 50, stream)
  t.equal(await closed('expired'), 1)
  await goesOn(lasting)
})

t.test('a rotated token keeps its streams for the overlap, and not for longer', async (t) => {
  const [brief, long] = [await gateway.issue(), await gateway.issue()]
  const ending = await start(t, '/events/brief', brief.text)
  const lasting = await start(t, '/events/long', long.text)
  const before = await closed('expired')
  const overlapMs = 1_500
  t.match(await rotate(brief.token.id, overlapMs), { outcome: 'rotated' })
  const endsAt = performance.now() + overlapMs
  t.match(await rotate(long.token.id, 3_600_000), { outcome: 'rotated' })
  await sleep(overlapMs - 200)
  t.ok(ending.isOpen(), 'the overlap is its own')
  await endsInTime(t, endsAt, ending)
  t.equal(await closed('expired'), before + 1)
  await goesOn(lasting)
})

t.test('routes that refuse nobody break nobody off', async (t) => {
  const { text, token } = await gateway.issue({ subject: 'erin' })
  const trial = await start(t, '/events/trial', text)
  const open = await start(t, '/events/public')
  await revoke(token.id)
  await sleep(2 * promisedMs)
  await goesOn(trial)
  await goesOn(open)
})
