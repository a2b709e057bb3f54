/**
 * The configuration file of a running gateway: what it comes to hold is in force whole from one request to the next,
 * what is under way goes on as it began, and a file that cannot be used changes nothing.
 * @module
 */

import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import {
  type Configuration,
  type FollowedGateway,
  startFollowedGateway,
} from '../../support/followed-gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

const success = 'sallyport_config_last_reload_success'

type Route = Configuration['routes'][number]

function routeTo(upstream: string, path: string, rest: Partial<Route> = {}): Route {
  return {
    name: path.replace(/\W+/g, '') || 'all',
    match: { path },
    upstream,
    authorize: { public: true },
    ...rest,
  }
}

function oneRoute(url: string, rest: Partial<Configuration> = {}): Configuration {
  return { upstreams: { legacy: { url } }, routes: [routeTo('legacy', '/{path*}')], ...rest }
}

const statusOf = async (gateway: FollowedGateway, path = '/') => (await gateway.request({ path })).status

const complaints = ({ log }: FollowedGateway) =>
  log
    .filter(({ message }) => String(message).includes('cannot be used'))
    .map(({ problems }) => (problems as string[]).map((problem) => problem.replace(/^.*sallyport\.yaml/, '')))

/** What a client has received of an answer that goes on. */
function openStream(t: Test, port: number, path: string): { text: () => string; isOpen: () => boolean } {
  const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`))
  let text = ''
  let isOpen = true
  socket.setEncoding('latin1').on('data', (piece) => {
    text += piece
  })
  socket
    .on('error', () => {})
    .on('close', () => {
      isOpen = false
    })
  t.teardown(() => socket.destroy())
  return { text: () => text, isOpen: () => isOpen }
}

t.test('a file that changes is taken without being asked', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await startFollowedGateway(t, oneRoute(upstream.url))
  t.equal(await statusOf(gateway), 200)
  gateway.write({ ...oneRoute(upstream.url), routes: [routeTo('legacy', '/only')] })
  await until(async () => (await statusOf(gateway)) === 404)
  t.equal(await statusOf(gateway, '/only'), 200)
  t.equal(await gateway.metric(success), 1)
  t.ok((await gateway.metric(`${success}_timestamp_seconds`)) > 1_600_000_000)
})

t.test(
  'a route that was removed is 404, and one that was made stricter refuses, from the reload on',
  async (t) => {
    const upstream = await recordingUpstream(t)
    const open = { upstreams: { legacy: { url: upstream.url } } }
    const gateway = await startFollowedGateway(t, {
      ...open,
      routes: [routeTo('legacy', '/gone'), routeTo('legacy', '/strict')],
    })
    t.equal(await statusOf(gateway, '/gone'), 200)
    t.equal(await statusOf(gateway, '/strict'), 200)
    gateway.write({ ...open, routes: [routeTo('legacy', '/strict', { authorize: {} })] })
    gateway.reload()
    t.equal(await statusOf(gateway, '/gone'), 404)
    t.equal(await statusOf(gateway, '/strict'), 401)
    t.equal(upstream.requests.length, 2)
  },
)

t.test(
  'a file that cannot be used changes nothing, is told once with every line, and is mended',
  async (t) => {
    const upstream = await recordingUpstream(t)
    const gateway = await startFollowedGateway(t, oneRoute(upstream.url))
    const lines = [
      'keys: { ring: "${file:ring-of-nobody}" }',
      'store: { sqlite: { path: tokens.db } }',
      `upstreams: { legacy: { url: "${upstream.url}" } }`,
      'routes:',
      '  - { name: one, match: { path: "/x" }, upstream: legacy, pathMode: near }',
      '  - { name: two, match: { path: "/y" }, upstream: legacy, mode: never }',
    ]
    gateway.write(lines.join('\n'))
    await until(async () => (await gateway.metric(success)) === 0)
    t.same(await gateway.readiness().then(({ status, checks }) => [status, checks.configuration]), [
      200,
      'degraded',
    ])
    t.equal(await statusOf(gateway), 200, 'the last good one is in force')
    await sleep(2_500)
    const [told = [], ...more] = complaints(gateway)
    t.same(more, [])
    t.same(
      told.map((problem) => problem.match(/^:\d+: [^:]+/)?.[0]),
      [':1: keys.ring', ':5: routes[0].pathMode', ':6: routes[1].mode'],
    )
    gateway.write(oneRoute(upstream.url))
    await until(async () => (await gateway.metric(success)) === 1)
    t.equal((await gateway.readiness()).checks.configuration, 'ok')
  },
)

t.test('what only a restart can change keeps the whole file out, and is told at its line', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await startFollowedGateway(t, oneRoute(upstream.url))
  const fixed: readonly [Partial<Configuration>, string][] = [
    [{ listen: { port: 1 } }, 'listen.port'],
    [{ listen: { port: 0, timeouts: { drain: '1s' } } }, 'listen.timeouts.drain'],
    [{ listen: { port: 0, limits: { headerBytes: '8KiB' } } }, 'listen.limits.headerBytes'],
    [{ admin: { port: 1 } }, 'admin.port'],
    [{ keys: { file: 'another' } }, 'keys.file'],
    [{ store: { sqlite: { path: 'another' } } }, 'store.sqlite.path'],
    [{ cache: { lease: '800ms' } }, 'cache.lease'],
    [{ systemToken: { networks: ['10.0.0.0/8'] } }, 'systemToken.networks'],
  ]
  for (const [change, place] of fixed) {
    gateway.write({ ...oneRoute(upstream.url, change), routes: [routeTo('legacy', '/only')] })
    gateway.reload()
    const told = complaints(gateway).at(-1) ?? []
    t.ok(
      told.some((problem) => problem.startsWith(`:1: ${place}: needs a restart`)),
      `${place}: ${told}`,
    )
    t.equal(await statusOf(gateway), 200, `nothing of a file with another ${place} is in force`)
  }
  t.equal(complaints(gateway).length, fixed.length)
  const limits = { listen: { port: 0, limits: { targetBytes: '64B' } } }
  gateway.write(oneRoute(upstream.url, limits))
  gateway.reload()
  t.equal(await statusOf(gateway, `/${'x'.repeat(100)}`), 400, 'the bounds of a head are judged anew')
})

t.test('an open stream goes on by the configuration that it began with', async (t) => {
  const events = new PassThrough()
  const old = await recordingUpstream(t, () => ({
    headers: [['Content-Type', 'text/event-stream']],
    body: events,
  }))
  const next = await recordingUpstream(t, () => ({ body: 'next' }))
  const gateway = await startFollowedGateway(t, oneRoute(old.url))
  const stream = openStream(t, gateway.port, '/events')
  events.write('data: 1\n\n')
  await until(() => stream.text().includes('data: 1'))
  for (let count = 0; count < 20; count++) {
    gateway.write(oneRoute(next.url, { log: { level: count % 2 === 0 ? 'debug' : 'info' } }))
    gateway.reload()
  }
  t.equal((await gateway.request({})).body.toString(), 'next')
  events.write('data: 2\n\n')
  await until(() => stream.text().includes('data: 2'))
  events.end('data: 3\n\n')
  await until(() => stream.text().endsWith('\r\n0\r\n\r\n'))
  t.match(stream.text(), /data: 3/)
})

t.test(
  'connections to an upstream that did not change are kept; those to one that is gone are closed',
  async (t) => {
    const kept = await recordingUpstream(t)
    const gone = await recordingUpstream(t, undefined, { keepAliveMs: 0 })
    const timeouts = { keepAlive: '60s' } as const
    const both = { kept: { url: kept.url, timeouts }, gone: { url: gone.url, timeouts } }
    const gateway = await startFollowedGateway(t, {
      upstreams: both,
      routes: [routeTo('kept', '/kept'), routeTo('gone', '/gone')],
    })
    await statusOf(gateway, '/kept')
    await statusOf(gateway, '/gone')
    t.equal(gone.openConnections, 1)
    gateway.write({
      upstreams: { kept: both.kept },
      routes: [routeTo('kept', '/kept'), routeTo('kept', '/more')],
    })
    gateway.reload()
    t.equal(await statusOf(gateway, '/kept'), 200)
    t.equal(await statusOf(gateway, '/more'), 200)
    t.equal(kept.connections, 1)
    await until(() => gone.openConnections === 0)
  },
)

t.test('a request to an upstream that was removed has the drain time, and not more', async (t) => {
  const never = await recordingUpstream(t, () => new Promise(() => {}))
  const next = await recordingUpstream(t)
  const listen = { port: 0, timeouts: { drain: '700ms' as const } }
  const gateway = await startFollowedGateway(t, oneRoute(never.url, { listen }))
  const answer = gateway.request({ path: '/slow' })
  await until(() => never.requests.length === 1)
  gateway.write(oneRoute(next.url, { listen }))
  gateway.reload()
  t.equal(await Promise.race([answer.then(({ status }) => status), sleep(300, 'under way')]), 'under way')
  t.equal((await answer).status, 502)
  t.equal(await statusOf(gateway), 200)
})

t.test(
  'a folder that is swapped by a symbolic link is followed, and so is a file that is referred to',
  async (t) => {
    const upstream = await recordingUpstream(t)
    const lay = (folder: string, text: string) => {
      mkdirSync(join(folder, 'v1'))
      writeFileSync(join(folder, 'v1', 'sallyport.yaml'), text)
      writeFileSync(join(folder, 'v1', 'path'), '/one\n')
      symlinkSync('v1', join(folder, '..data'))
      symlinkSync('..data/path', join(folder, 'path'))
      symlinkSync('..data/sallyport.yaml', join(folder, 'sallyport.yaml'))
      return join(folder, 'sallyport.yaml')
    }
    const configuration = {
      ...oneRoute(upstream.url),
      routes: [{ ...routeTo('legacy', '/x'), match: { path: '${file:path}' } }],
    }
    const gateway = await startFollowedGateway(t, configuration, lay)
    t.equal(await statusOf(gateway, '/one'), 200)
    const folder = dirname(gateway.file)
    mkdirSync(join(folder, 'v2'))
    symlinkSync('../v1/sallyport.yaml', join(folder, 'v2', 'sallyport.yaml'))
    writeFileSync(join(folder, 'v2', 'path'), '/two\n')
    symlinkSync('v2', join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    await until(async () => (await statusOf(gateway, '/two')) === 200)
    t.equal(await statusOf(gateway, '/one'), 404)
  },
)

t.test('a file that is still being written is left alone', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await startFollowedGateway(t, oneRoute(upstream.url))
  for (let count = 0; count < 12; count++) {
    gateway.write(`{"half": ${count}`)
    await sleep(250)
  }
  gateway.write(oneRoute(upstream.url, { log: { level: 'debug' } }))
  await until(() => gateway.log.some(({ message }) => String(message).endsWith('and is in force')))
  t.same(complaints(gateway), [])
})
