/**
 * A thousand requests for one credential that nobody knows yet: one read of Redis, one query, a thousand answers.
 * @module
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import pg from 'pg'
import t from 'tap'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import type { TestGateway } from '../../support/gateway.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { sharedRedisUrl } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { counted, newFleet } from './fleet.ts'

const crowd = 1_000
const postgresUrl = await freshDatabase(t)
const fleet = await newFleet(t, { postgresUrl, redisUrl: sharedRedisUrl() })

/** Connections that are open before any of them asks, so that they ask at once. */
async function openConnections(port: number): Promise<readonly Socket[]> {
  return Promise.all(
    Array.from({ length: crowd }, async () => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      return socket
    }),
  )
}

/** The status lines of the answers, with how often each came. */
async function askTogether(sockets: readonly Socket[], text: string): Promise<Record<string, number>> {
  const head = `GET / HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nAuthorization: Bearer ${text}\r\n\r\n`
  for (const socket of sockets) socket.write(head)
  const answers = await Promise.all(sockets.map((socket) => buffer(socket)))
  const statuses = answers.map((answer) => answer.toString('latin1', 9, 12))
  return Object.fromEntries(
    [...Map.groupBy(statuses, (status) => status)].map(([status, all]) => [status, all.length]),
  )
}

/** Keeps every query for tokens waiting while `act` runs. */
async function withTokensLocked(act: () => Promise<unknown>): Promise<void> {
  const client = new pg.Client(postgresUrl)
  await client.connect()
  try {
    await client.query('BEGIN; LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE')
    await act()
    await client.query('COMMIT')
  } finally {
    await client.end()
  }
}

/** A crowd asks while the first of them waits for the store. */
async function stampede(gateway: TestGateway, text: string): Promise<Record<string, number>> {
  const sockets = await openConnections(gateway.port)
  const inFlight = () => gateway.metric('sallyport_exchanges_in_flight')
  let answers: Promise<Record<string, number>> | undefined
  await withTokensLocked(async () => {
    answers = askTogether(sockets, text)
    await until(async () => (await inFlight()) === crowd)
  })
  return (await answers) ?? {}
}

t.test('a thousand requests for one cold token are one query, and all are let through', async (t) => {
  const gateway = await fleet.startReplica()
  const { text, token } = await gateway.issue()
  let statuses: Record<string, number> = {}
  const counts = await counted(gateway, async () => {
    statuses = await stampede(gateway, text)
  })
  t.same(statuses, { 200: crowd })
  t.same(counts, { 'memory miss': crowd, 'redis miss': 1, 'store hit': 1, query: 1 })
  const ids = fleet.upstream.requests.map((request) => request.header('x-sallyport-token-id').join())
  t.equal(ids.length, crowd)
  t.same([...new Set(ids)], [token.id])
})

t.test('a thousand requests for one unknown token are one query, and none is let through', async (t) => {
  const gateway = await fleet.startReplica()
  const sent = fleet.upstream.requests.length
  let statuses: Record<string, number> = {}
  const counts = await counted(gateway, async () => {
    statuses = await stampede(gateway, newTokenText('personal').reveal())
  })
  t.same(statuses, { 401: crowd })
  t.same(counts, { 'memory miss': crowd, 'redis miss': 1, 'store absent': 1, query: 1 })
  t.equal(fleet.upstream.requests.length, sent)
})
