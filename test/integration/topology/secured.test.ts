/**
 * Redis behind TLS and passwords, as one server, under Sentinel and as a cluster: whoever cannot prove to be it learns
 * no password and is not used.
 * @module
 */

import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { z } from 'zod'
import { redis as redisSchema } from '../../../src/config/schema/redis.ts'
import { RedisClient } from '../../../src/redis/redis-client.ts'
import { RedisSubscription } from '../../../src/redis/redis-subscription.ts'
import { freePort } from '../../support/free-port.ts'
import { serverFolder, startServer } from '../../support/private-server.ts'
import { pingRedis, startRedis } from '../../support/redis.ts'
import { findProgram } from '../../support/run-process.ts'
import { until } from '../../support/until.ts'

type Servers = NonNullable<z.input<typeof redisSchema>>

const certificates = join(import.meta.dirname, '../../support/certificates')
const file = (name: string) => join(certificates, name)
const ca = readFileSync(file('ca.pem'), 'utf8')
const tls = { ca, serverName: 'service.test' }
const password = 'server-S3CR3T'
const sentinelPassword = 'sentinel-S3CR3T'
const tlsFiles = {
  'tls-cert-file': file('service.pem'),
  'tls-key-file': file('service.key'),
  'tls-ca-cert-file': file('ca.pem'),
  'tls-auth-clients': 'no',
}

async function startSecured(args: readonly string[] = []): Promise<number> {
  const tlsPort = await freePort()
  const files = Object.entries(tlsFiles).flatMap(([name, value]) => [`--${name}`, value])
  const server = await startRedis({
    args: ['--tls-port', String(tlsPort), ...files, '--requirepass', password, ...args],
  })
  t.teardown(() => server.stop())
  return tlsPort
}

async function startSecuredSentinel(masterPort: number): Promise<number> {
  const folder = serverFolder('sentinel')
  const [port, tlsPort] = [await freePort(), await freePort()]
  const lines = [
    ...[`port ${port}`, `tls-port ${tlsPort}`, 'bind 127.0.0.1', `dir ${folder}`],
    ...Object.entries(tlsFiles).map((words) => words.join(' ')),
    ...['tls-replication yes', `requirepass ${sentinelPassword}`],
    `sentinel monitor main 127.0.0.1 ${masterPort} 1`,
    `sentinel auth-pass main ${password}`,
  ]
  writeFileSync(join(folder, 'sentinel.conf'), `${lines.join('\n')}\n`)
  const sentinel = await startServer({
    command: findProgram('redis-server') ?? 'redis-server',
    args: [join(folder, 'sentinel.conf'), '--sentinel'],
    url: `rediss://127.0.0.1:${tlsPort}`,
    port,
    folder,
    ready: () => pingRedis(port),
  })
  t.teardown(() => sentinel.stop())
  return tlsPort
}

const single = await startSecured()
const sentinel = await startSecuredSentinel(single)
const node = await startSecured([
  ...['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())],
  ...['--tls-cluster', 'yes', '--cluster-announce-ip', '127.0.0.1'],
])

const topologies: Readonly<Record<string, Servers>> = {
  'one server': { url: `rediss://:${password}@127.0.0.1:${single}`, tls },
  'a master under Sentinel': {
    sentinel: { name: 'main', nodes: [`rediss://127.0.0.1:${sentinel}`], password, sentinelPassword },
    tls,
  },
  'a cluster': { cluster: { nodes: [`rediss://127.0.0.1:${node}`], password }, tls },
}

/** A client, and every reason that it gave for its state. */
function clientOf(t: Test, servers: Servers) {
  const reasons: string[] = []
  const client = new RedisClient({
    servers: redisSchema.unwrap().parse(servers),
    timeoutMs: 1_000,
    stateChanged: (state, reason) => reasons.push(`${state} ${reason}`),
  })
  t.teardown(() => client.close())
  return { client, reasons }
}

t.before(async () => {
  const { Redis } = await import('ioredis')
  const redis = new Redis(node, '127.0.0.1', {
    password,
    protocol: 2,
    tls: { ca, servername: 'service.test' },
  })
  await redis.cluster('ADDSLOTSRANGE', 0, 16_383)
  await until(async () => /cluster_state:ok/.test(String(await redis.cluster('INFO'))))
  redis.disconnect()
})

for (const [name, servers] of Object.entries(topologies)) {
  t.test(`${name} is written to, read and heard over TLS`, async (t) => {
    const { client, reasons } = clientOf(t, servers)
    await client.connect()
    await client.write('key', Buffer.from('value'), 60_000)
    t.equal(String(await client.read('key', 100)), 'value')
    t.same(reasons, ['up connected'])

    const channel = `{${randomUUID()}}`
    const heard: string[] = []
    const subscription = new RedisSubscription({
      servers: redisSchema.unwrap().parse(servers),
      channels: [channel],
      heard: (message) => heard.push(message),
      lost: () => {},
    })
    t.teardown(() => subscription.close())
    await subscription.connect()
    const publish = `return redis.call('${servers.cluster ? 'SPUBLISH' : 'PUBLISH'}', KEYS[1], 'news')`
    await until(async () => (await client.run(publish, channel, [])) === 1)
    await until(() => heard.length > 0)
    t.equal(heard[0], 'news')
  })

  const wrong: Readonly<Record<string, Servers>> = {
    'has a certificate of an unknown authority': { ...servers, tls: { serverName: 'service.test' } },
    'has a certificate for another name': { ...servers, tls: { ca, serverName: 'other.test' } },
    'refuses the password': JSON.parse(JSON.stringify(servers).replaceAll(password, 'wrong-S3CR3T')),
  }
  for (const [flaw, settings] of Object.entries(wrong)) {
    t.test(`${name} that ${flaw} is not used, and no reason tells a secret`, async (t) => {
      const { client, reasons } = clientOf(t, settings)
      await client.connect()
      await t.rejects(client.read('key', 100))
      t.equal(client.state, 'down')
      t.notMatch(reasons.join('\n'), 'S3CR3T')
    })
  }
}
