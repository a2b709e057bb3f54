/**
 * `serve` told to stop while clients keep coming: it says so first and goes on serving, so that whoever spreads the
 * requests can look elsewhere; then what is under way has its time, and not more.
 * @module
 */

import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type GatewayProcess, type InstallationPlan, newInstallation } from '../../support/installation.ts'
import { request } from '../../support/raw-request.ts'
import { type ReplyTo, recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

const routes: NonNullable<InstallationPlan['routes']> = [
  { name: 'open', match: { path: '/{path*}' }, upstream: 'legacy', authorize: { public: true } },
]

interface Timeouts {
  readonly drainDelay?: `${number}ms`
  readonly drain?: `${number}ms`
}

async function scene(t: Test, timeouts: Timeouts, replyTo?: ReplyTo) {
  const upstream = await recordingUpstream(t, replyTo)
  const installation = newInstallation(t, { upstream: upstream.url, routes, listen: { timeouts } })
  return { upstream, gateway: await installation.serve() }
}

async function dataPlaneOf({ adminPort }: GatewayProcess): Promise<string> {
  const { status, body } = await request(adminPort, { path: '/readyz' })
  return `${status} ${JSON.parse(body.toString()).checks.dataPlane}`
}

interface Answer {
  readonly status: number | undefined
  readonly connection: string | undefined
}

function ask(port: number, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, path: '/x', agent }, (incoming) => {
      const { statusCode: status, headers } = incoming
      incoming
        .on('error', reject)
        .on('end', () => resolve({ status, connection: headers.connection }))
        .resume()
    })
    outgoing.on('error', reject).end()
  })
}

/** A client that reads an answer for as long as it comes. */
function download(t: Test, port: number): { text: () => string } {
  const socket = connect(port, '127.0.0.1', () => socket.write('GET /long HTTP/1.1\r\nHost: a\r\n\r\n'))
  let text = ''
  socket.setEncoding('latin1').on('data', (piece) => {
    text += piece
  })
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  return { text: () => text }
}

t.test('clients that keep their connections see no error while it drains with a delay', async (t) => {
  const { gateway } = await scene(t, { drainDelay: '2000ms' })
  t.equal(await dataPlaneOf(gateway), '200 ok')
  const agents = Array.from({ length: 8 }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
  for (const agent of agents) t.teardown(() => agent.destroy())
  const before: Answer[] = []
  const after: Answer[] = []
  const errors: string[] = []
  let isDraining = false
  let isUnready = false
  // As behind a load balancer: nobody comes any more once it has had the time to see that the gateway is not ready.
  const client = async (agent: Agent) => {
    while (!isUnready) {
      const answers = isDraining ? after : before
      await ask(gateway.port, agent).then(
        (answer) => answers.push(answer),
        (error: Error) => errors.push(error.message),
      )
      await sleep(10)
    }
  }
  const clients = agents.map(client)
  await until(() => before.length > 100)
  gateway.terminate()
  await until(async () => (await dataPlaneOf(gateway)) === '503 draining')
  isDraining = true
  await until(() => after.length > 200)
  isUnready = true
  await Promise.all(clients)
  t.equal(await gateway.ended, 0)
  t.same(errors, [])
  t.same([...new Set([...before, ...after].map(({ status }) => status))], [200])
  t.equal(before[0]?.connection, 'keep-alive')
  t.same([...new Set(after.map(({ connection }) => connection))], ['close'])
})

t.test(
  'a download that is under way is finished; the head of an answer says that it is the last',
  async (t) => {
    const body = new PassThrough()
    const begins = Promise.withResolvers<void>()
    const { gateway, upstream } = await scene(t, { drain: '30000ms' }, async () => {
      await begins.promise
      return { body }
    })
    const client = download(t, gateway.port)
    await until(() => upstream.requests.length === 1)
    gateway.terminate()
    await until(async () => (await dataPlaneOf(gateway)) === '503 draining')
    begins.resolve()
    for (let piece = 0; piece < 10; piece++) {
      body.write(`piece ${piece};`)
      await sleep(50)
    }
    body.end('the end')
    t.equal(await gateway.ended, 0)
    t.match(client.text(), /^HTTP\/1\.1 200 .*\r\nConnection: close\r\n/is)
    t.match(client.text(), /piece 9;.*the end\r\n0\r\n\r\n$/s)
  },
)

t.test('a download that is too long is cut off at the deadline, and the process ends with 0', async (t) => {
  const body = new PassThrough()
  const { gateway } = await scene(t, { drainDelay: '300ms', drain: '500ms' }, () => ({ body }))
  const client = download(t, gateway.port)
  body.write('begun')
  await until(() => client.text().includes('begun'))
  const toldAt = performance.now()
  gateway.terminate()
  t.equal(await gateway.ended, 0)
  t.ok(performance.now() - toldAt >= 790, 'not before the delay and the drain are over')
  t.notMatch(client.text(), /\r\n0\r\n\r\n$/, 'nobody takes it for whole')
})

t.test('a second signal ends it at once', async (t) => {
  const body = new PassThrough()
  const { gateway } = await scene(t, { drain: '60000ms' }, () => ({ body }))
  const client = download(t, gateway.port)
  body.write('begun')
  await until(() => client.text().includes('begun'))
  gateway.terminate()
  await until(async () => (await dataPlaneOf(gateway)) === '503 draining')
  t.equal(await Promise.race([gateway.ended, sleep(300, 'still running')]), 'still running')
  gateway.terminate()
  t.not(await Promise.race([gateway.ended, sleep(10_000, 'still running')]), 'still running')
})
