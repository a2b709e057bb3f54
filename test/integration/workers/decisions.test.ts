/**
 * Workers are one gateway to proxies that ask, too: questions over HTTP and by gRPC go to them in turn, and what is asked
 * while they drain is answered.
 * @module
 */

import { create } from '@bufbuild/protobuf'
import { Client, credentials } from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import {
  Health,
  HealthCheckRequestSchema,
} from '../../../src/decide/grpc/generated/grpc/health/v1/health_pb.ts'
import { definitionOf } from '../../../src/decide/grpc/method-definition.ts'
import { freePort } from '../../support/free-port.ts'
import type { InstallationPlan } from '../../support/installation.ts'
import { request } from '../../support/raw-request.ts'
import type { ReplyTo } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { phrase, proof, secret } from '../decide/asking.ts'
import { openChecks } from '../decide/grpc/checking.ts'
import { answeredBy, isAlive, openRoutes, readinessOf, startScene, workersOf } from './scene.ts'

type Routes = NonNullable<InstallationPlan['routes']>

/** Two workers that can be asked, on ports of their own. */
async function startAskable(t: Test, routes: Routes, timeouts: object = {}, replyTo?: ReplyTo) {
  const [port, grpcPort] = [await freePort(), await freePort()]
  const scene = await startScene(
    t,
    {
      routes,
      listen: { workers: 2, timeouts },
      decision: {
        port,
        grpc: { port: grpcPort },
        timeout: '20s',
        proxies: [{ name: 'edge', secrets: [secret], copies: ['authorization', 'x-sallyport-*'] }],
      },
    },
    replyTo,
  )
  /** On a connection of its own, as `request` makes one for each. */
  const askHttp = async (path: string, proofs = proof) => {
    const { headers, ...question } = phrase('envoy', { path })
    return (await request(port, { ...question, headers: [...headers, ...proofs] })).status
  }
  return { ...scene, port, grpcPort, askHttp }
}

const { path, requestSerialize, responseDeserialize } = definitionOf(Health.method.check)

/** What the whole server says of itself, on one connection. */
function openProbe(t: Test, port: number): () => Promise<number> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  })
  t.teardown(() => client.close())
  return () =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        create(HealthCheckRequestSchema),
        (error, answer) => (answer === undefined ? reject(error) : resolve(answer.status)),
      )
    })
}

t.test('connections of proxies go to the workers in turn, over HTTP and by gRPC', async (t) => {
  const { gateway, askHttp, grpcPort, upstream } = await startAskable(t, openRoutes)
  for (let count = 0; count < 20; count++) {
    t.equal(await askHttp('/http'), 200)
    t.equal((await openChecks(t, grpcPort)({ path: '/grpc' })).httpResponse.case, 'okResponse')
  }
  for (const path of ['/http', '/grpc']) {
    const { 1: one = 0, 2: two = 0 } = await answeredBy(gateway, path, 20)
    t.equal(one + two, 20)
    t.ok(one >= 5 && two >= 5, `${path}: ${one} and ${two}`)
  }
  for (let count = 0; count < 4; count++) {
    t.equal(await askHttp('/unproved', []), 503)
    await t.rejects(openChecks(t, grpcPort)({ path: '/unproved' }, []), { code: 16 })
  }
  t.equal(upstream.requests.length, 0)
  t.equal(await gateway.metric('sallyport_exchanges_total{route="open",outcome="allowed"}'), 40)
})

t.test('once they are told to stop they say so first, and go on answering meanwhile', async (t) => {
  const { gateway, askHttp, grpcPort } = await startAskable(t, openRoutes, { drainDelay: '2s' })
  const workers = workersOf(gateway)
  // One connection to each worker.
  const probes = [openProbe(t, grpcPort), openProbe(t, grpcPort)]
  const checks = [openChecks(t, grpcPort), openChecks(t, grpcPort)]
  for (const [place, probe] of probes.entries()) {
    t.equal(await probe(), 1)
    t.equal((await checks[place]?.({ path: '/before' }))?.httpResponse.case, 'okResponse')
  }
  gateway.terminate()
  for (const probe of probes) await until(async () => (await probe()) === 2)
  t.equal(await openProbe(t, grpcPort)(), 2, 'a new connection is taken, and told')
  for (const check of [...checks, openChecks(t, grpcPort)]) {
    t.equal((await check({ path: '/after' })).httpResponse.case, 'okResponse')
    t.equal(await askHttp('/after'), 200)
  }
  t.match(await readinessOf(gateway), { status: 503, checks: { dataPlane: 'draining' } })
  t.equal(await gateway.ended, 0)
  t.same(workers.filter(isAlive), [])
})

t.test('a question that is under way is answered before they end, and no other is taken', async (t) => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const routes: Routes = [
    {
      name: 'looked-up',
      match: { path: '/builds/{build}' },
      upstream: 'legacy',
      facts: { project: { request: '/api/{build}', header: 'x-project', timeout: '20s' } },
      authorize: { bindings: { project: '{project}' } },
    },
  ]
  const { gateway, installation, upstream, port, grpcPort } = await startAskable(
    t,
    routes,
    { drain: '60s' },
    async () => {
      await held
      return { headers: [['X-Project', 'pip']] }
    },
  )
  const { text } = await installation.issue({ bindings: { project: ['pip'] } })
  const headers = [['Authorization', `Bearer ${text}`]] as const
  const { headers: head, ...question } = phrase('envoy', { path: '/builds/1', headers })
  const overHttp = request(port, { ...question, headers: [...head, ...proof] }, { timeoutMs: 30_000 })
  const byGrpc = openChecks(t, grpcPort)({ path: '/builds/2', headers })
  await until(() => upstream.requests.length === 2)
  gateway.terminate()
  const refused = (ask: () => Promise<unknown>) =>
    ask().then(
      () => false,
      () => true,
    )
  await until(() => refused(() => request(port, question)))
  await until(() => refused(openProbe(t, grpcPort)))
  release()
  t.equal((await overHttp).status, 200)
  t.equal((await byGrpc).httpResponse.case, 'okResponse')
  t.equal(await gateway.ended, 0)
})
