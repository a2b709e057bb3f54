/**
 * `serve` told to stop: what runs is finished, nothing new is begun, the process ends with 0 and leaves nothing behind
 * that would keep the next one from starting.
 * @module
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type GatewayProcess, newInstallation } from '../../support/installation.ts'
import { type Reply, recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

/** A gateway in front of an upstream that answers when it is told to. */
async function slowScene(t: Test, drain: `${number}s` | `${number}ms` = '30s') {
  const answer = Promise.withResolvers<Reply>()
  const upstream = await recordingUpstream(t, () => answer.promise)
  const installation = newInstallation(t, { upstream: upstream.url, listen: { timeouts: { drain } } })
  const gateway = await installation.serve()
  const { text } = await installation.issue()
  const head = `Host: gateway\r\nAuthorization: Bearer ${text}\r\n`
  return { answer: answer.resolve, upstream, installation, gateway, text, head }
}

async function open({ port }: GatewayProcess): Promise<{ socket: Socket; received: () => string }> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return { socket, received: () => received }
}

/** What became of an attempt to connect. */
async function connecting({ port }: GatewayProcess): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return 'connected'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'failed'
  } finally {
    socket.destroy()
  }
}

t.test('a slow request is finished after SIGTERM, then the process ends with 0 at once', async (t) => {
  const { answer, upstream, gateway, head } = await slowScene(t)
  const { socket, received } = await open(gateway)
  // Not «Connection: close»: a client that would keep its connection must not keep the process.
  socket.write(`GET /slow HTTP/1.1\r\n${head}\r\n`)
  await until(() => upstream.requests.length === 1)
  gateway.terminate()
  await until(async () => (await connecting(gateway)) === 'ECONNREFUSED')
  t.equal(await Promise.race([gateway.ended, sleep(500, 'still running')]), 'still running')
  t.equal(received(), '')
  answer({ body: 'worth the wait' })
  const answeredAt = performance.now()
  t.equal(await gateway.ended, 0)
  t.ok(performance.now() - answeredAt < 2_000, `${performance.now() - answeredAt} ms`)
  t.match(received(), /^HTTP\/1\.1 200 .*worth the wait$/s)
  t.match(gateway.output(), /"outcome":"forwarded"[^\n]*"path":"\/slow"/, 'its line is in the log')
})

t.test('an upload that is under way is finished after SIGTERM, whole', async (t) => {
  const { answer, upstream, gateway, installation, head } = await slowScene(t)
  const { text } = await installation.issue({ access: 'owner' })
  const { socket, received } = await open(gateway)
  const owner = head.replace(/Bearer \S+/, `Bearer ${text}`)
  socket.write(`PUT /upload HTTP/1.1\r\n${owner}Content-Length: 10\r\n\r\nhello`)
  await until(() => upstream.requests.length === 1)
  gateway.terminate()
  await until(async () => (await connecting(gateway)) === 'ECONNREFUSED')
  socket.write('world')
  answer({ status: 201 })
  t.equal(await gateway.ended, 0)
  t.match(received(), /^HTTP\/1\.1 201 /)
  t.equal(upstream.requests[0]?.body.toString(), 'helloworld')
  t.equal(upstream.requests[0]?.state, 'complete')
})

t.test('idle connections are closed, and keep nobody waiting', async (t) => {
  const { answer, gateway, head } = await slowScene(t)
  answer({ body: 'ok' })
  const silent = await open(gateway)
  const idle = await open(gateway)
  idle.socket.write(`GET / HTTP/1.1\r\n${head}\r\n`)
  await until(() => idle.received().endsWith('ok'))
  const toldAt = performance.now()
  gateway.terminate()
  t.equal(await gateway.ended, 0)
  t.ok(performance.now() - toldAt < 2_000, `${Math.round(performance.now() - toldAt)} ms`)
  t.equal(silent.received(), '')
})

t.test('a request that outlasts the drain is broken off, and the process still ends with 0', async (t) => {
  const { upstream, gateway, head } = await slowScene(t, '500ms')
  const { socket, received } = await open(gateway)
  socket.write(`GET / HTTP/1.1\r\n${head}\r\n`)
  await until(() => upstream.requests.length === 1)
  const toldAt = performance.now()
  gateway.terminate()
  t.equal(await gateway.ended, 0)
  const tookMs = performance.now() - toldAt
  t.ok(tookMs >= 490 && tookMs < 3_000, `${Math.round(tookMs)} ms`)
  t.notMatch(received(), /200/)
})

t.test('on a connection that is being drained no further request reaches the upstream', async (t) => {
  const { answer, upstream, gateway, head } = await slowScene(t)
  const { socket } = await open(gateway)
  socket.write(`GET /first HTTP/1.1\r\n${head}\r\n`)
  await until(() => upstream.requests.length === 1)
  gateway.terminate()
  await until(async () => (await connecting(gateway)) === 'ECONNREFUSED')
  answer({ body: 'ok' })
  await once(socket, 'close')
  t.equal(await gateway.ended, 0)
  t.equal(upstream.requests.length, 1)
})

t.test('the next process goes on with the same record, also after one that was killed', async (t) => {
  const { answer, installation, gateway, text } = await slowScene(t)
  answer({ body: 'ok' })
  const ask = async ({ request }: GatewayProcess, token: string) =>
    (await request({ headers: [['Authorization', `Bearer ${token}`]] })).status
  const { text: revokedText, token: revoked } = await installation.issue()
  t.equal(await ask(gateway, text), 200)
  await gateway.stop()
  t.equal((await installation.run('token', 'revoke', revoked.id)).code, 0, 'commands need no gateway')

  const second = await installation.serve()
  t.equal(await ask(second, text), 200)
  t.equal(await ask(second, revokedText), 401)
  await second.kill()
  const third = await installation.serve()
  t.equal(await ask(third, text), 200)
  t.equal(await ask(third, revokedText), 401)
})
