/**
 * What the other tests stand on: servers that really stop, stall and come back, and bytes that are kept as they were.
 * @module
 */

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import { startRegistry } from '../support/docker-registry.ts'
import { startNginx } from '../support/nginx.ts'
import { parseResponse } from '../support/parse-response.ts'
import { freshDatabase, startPostgres } from '../support/postgres.ts'
import type { Server } from '../support/private-server.ts'
import { processStat, processTree } from '../support/process-tree.ts'
import { rawRequest, request } from '../support/raw-request.ts'
import { recordingUpstream } from '../support/recording-upstream.ts'
import { sharedRedisUrl, startRedis } from '../support/redis.ts'
import { sampleMemory } from '../support/sampled-memory.ts'

t.test('a committed row survives a PostgreSQL that is killed and started again', async (t) => {
  const server = await stopped(t, startPostgres())
  await query(server.url, 'CREATE TABLE kept AS SELECT 42 AS answer')
  await server.kill()
  await t.rejects(query(server.url, 'SELECT 1'), { code: 'ECONNREFUSED' })
  const killed = server.pid
  await server.restart()
  t.not(server.pid, killed)
  t.strictSame(await query(server.url, 'SELECT answer FROM kept'), [{ answer: 42 }])
})

t.test('a frozen PostgreSQL leaves connections open and answers nobody until it is thawed', async (t) => {
  const server = await stopped(t, startPostgres())
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  t.teardown(() => client.end())
  server.freeze()
  let isAnswered = false
  const answer = client.query('SELECT 1').then(() => {
    isAnswered = true
  })
  await t.rejects(query(server.url, 'SELECT 1'), /timeout/)
  t.equal(isAnswered, false)
  server.thaw()
  await answer
  t.equal(isAnswered, true)
})

t.test('a stopped server leaves neither processes nor files', async (t) => {
  const server = await startPostgres()
  const pids = processTree(server.pid)
  t.ok(pids.length > 1, 'PostgreSQL has backends')
  const [row] = await query(server.url, 'SHOW data_directory')
  const folder = String(row?.data_directory)
  t.equal(existsSync(folder), true)
  server.freeze()
  await server.stop()
  await server.stop()
  t.equal(existsSync(folder), false)
  const isAlive = (pid: number) => ![undefined, 'Z'].includes(processStat(pid)?.[0])
  t.strictSame(pids.filter(isAlive), [])
})

t.test('a fresh database is empty, and is dropped when its test is over', async (t) => {
  let url = ''
  await t.test('one test', async (t) => {
    url = await freshDatabase(t)
    t.strictSame(await query(url, "SELECT * FROM pg_tables WHERE schemaname = 'public'"), [])
  })
  await t.rejects(query(url, 'SELECT 1'), { code: '3D000' })
})

t.test('Redis can be killed, and comes back empty on the same port', async (t) => {
  t.match(sharedRedisUrl(), /^redis:\/\//)
  const server = await stopped(t, startRedis())
  t.equal(await sendLine(server.port, 'SET key value'), '+OK')
  await server.kill()
  await t.rejects(sendLine(server.port, 'GET key'), { code: 'ECONNREFUSED' })
  await server.restart()
  t.equal(await sendLine(server.port, 'GET key'), '$-1')
})

t.test('nginx stores what is uploaded to it and serves it again', async (t) => {
  const nginx = await startNginx(t)
  const body = randomBytes(300_000)
  const stored = await request(nginx.port, { method: 'PUT', path: '/a/b.bin', body })
  t.equal(stored.status, 201)
  const served = await request(nginx.port, { path: '/a/b.bin' })
  t.equal(served.status, 200)
  t.ok(served.body.equals(body))
})

t.test('nginx runs a server block of the test', async (t) => {
  const nginx = await startNginx(t, {
    config: (port) => `server { listen 127.0.0.1:${port}; location / { return 418 "teapot"; } }`,
  })
  t.match(await request(nginx.port, {}), { status: 418, body: Buffer.from('teapot') })
})

t.test('the registry speaks its protocol', async (t) => {
  const registry = await startRegistry(t)
  const answer = await request(registry.port, { path: '/v2/_catalog' })
  t.equal(answer.status, 200)
  t.same(JSON.parse(String(answer.body)), { repositories: [] })
})

t.test('headers, target and body reach the record as they were written', async (t) => {
  const upstream = await recordingUpstream(t)
  await request(upstream.port, {
    method: 'PROPFIND',
    path: '/a/../b//%2e?x=%00',
    headers: [
      ['X-Twice', '1'],
      ['HOST', 'example.org'],
      ['x-twICE', '2'],
    ],
    body: 'hello',
  })
  const [record] = upstream.requests
  t.match(record, { method: 'PROPFIND', target: '/a/../b//%2e?x=%00', state: 'complete', bodyLength: 5 })
  t.strictSame(record?.headers, [
    ['X-Twice', '1'],
    ['HOST', 'example.org'],
    ['x-twICE', '2'],
    ['Content-Length', '5'],
  ])
  t.strictSame(record?.header('X-TWICE'), ['1', '2'])
  t.equal(String(record?.body), 'hello')
  t.equal(record?.bodySha256, '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824')
})

t.test('a body that breaks off is recorded as aborted', async (t) => {
  const upstream = await recordingUpstream(t, undefined, { replyAtHead: true })
  await rawRequest(upstream.port, 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf')
  const [record] = upstream.requests
  while (record?.state === 'receiving') await sleep(5)
  t.match(record, { state: 'aborted', bodyLength: 4 })
})

t.test('replies keep the case, the order and the repetition of their headers', async (t) => {
  const headers = [
    ['SET-cookie', 'a=1'],
    ['Keep-Alive', 'timeout=7'],
    ['Set-Cookie', 'b=2'],
    ['Connection', 'X-Hop'],
  ] as const
  const upstream = await recordingUpstream(t, () => ({
    status: 207,
    statusText: 'So So',
    headers,
    body: 'x',
  }))
  const answer = await request(upstream.port, {})
  t.match(answer, { status: 207, statusText: 'So So', closed: false })
  t.strictSame(answer.headers.slice(0, 4), headers)
})

t.test('streams, raw bytes and changed replies are sent', async (t) => {
  const upstream = await recordingUpstream(t, () => ({ body: Readable.from(['one', 'two']) }))
  t.equal(String((await request(upstream.port, {})).body), 'onetwo')
  upstream.reply(() => ({ raw: 'HTTP/1.1 200 OK\r\n\r\nto the end' }))
  t.match(await request(upstream.port, {}), { body: Buffer.from('to the end'), closed: true })
})

t.test('the raw client tells a response that is not complete from one that is', async (t) => {
  const upstream = await recordingUpstream(t, () => ({
    raw: 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf',
  }))
  await t.rejects(request(upstream.port, {}), /no complete response at the end.*half/)
  upstream.reply(() => new Promise(() => {}))
  await t.rejects(request(upstream.port, {}, { timeoutMs: 50 }), /no complete response after 50 ms/)
  upstream.reply(() => ({ raw: 'SSH-2.0\r\n\r\n' }))
  await t.rejects(request(upstream.port, {}), /not a status line: SSH-2.0/)
})

t.test('a response is read whole however it is cut into pieces', async (t) => {
  const whole = Buffer.from(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\nrest',
  )
  const context = { isHead: false, isEnded: false }
  for (let length = 0; length < whole.length - 4; length++) {
    t.equal(parseResponse(whole.subarray(0, length), context), undefined, `${length} bytes are not enough`)
  }
  const parsed = parseResponse(whole, context)
  t.match(parsed?.response, { status: 200, interim: [100], body: Buffer.from('abc0123456789') })
  t.equal(String(parsed?.rest), 'rest')
})

t.test('memory that a process takes is seen', async (t) => {
  const finish = sampleMemory(process.pid, 5)
  const taken = Buffer.alloc(64 * 1024 ** 2, 1)
  const { growthBytes } = finish()
  t.ok(growthBytes > 60 * 1024 ** 2, `${taken.length} bytes show up as ${growthBytes}`)
})

async function stopped(t: Test, starting: Promise<Server>): Promise<Server> {
  const server = await starting
  t.teardown(() => server.stop())
  return server
}

/** The first line that Redis answers to an inline command. */
async function sendLine(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write(`${command}\r\n`)
    const [bytes] = await once(socket, 'data', { signal: AbortSignal.timeout(1_000) })
    return String(bytes).trim()
  } finally {
    socket.destroy()
  }
}

async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 300, query_timeout: 5_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query(sql)).rows
  } finally {
    // Not awaited: a frozen server never says goodbye.
    void client.end().catch(() => {})
  }
}
