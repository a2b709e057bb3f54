/**
 * The token of internal services: good where a route admits it and from internal networks alone, beyond every
 * other rule there, one and the same for all replicas, and as good as unknown to anybody outside.
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { settings as settingsSchema } from '../../../src/config/schema/settings.ts'
import { migrate } from '../../../src/database/migrate.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import type { TokenRegistry } from '../../../src/tokens/ports.ts'
import { openTokenStore } from '../../../src/tokens/stores/open-token-store.ts'
import { ensureSystemToken } from '../../../src/tokens/system-token.ts'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import { type GatewayInput, startTestGateway } from '../../support/gateway.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { request } from '../../support/raw-request.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { runProcess } from '../../support/run-process.ts'
import { eventually, isRefused, lineOf, requestLines, seenByClient } from './refusal-checks.ts'

const ring = newKeyRing(systemClock).reveal()
const routes: GatewayInput['routes'] = [
  {
    match: { path: '/allow' },
    authorize: {
      system: 'allow',
      scopes: { anyOf: [] },
      networks: [],
      bindings: { project: 'x' },
      access: 'owner',
      condition: 'false',
    },
  },
  { match: { path: '/only' }, authorize: { system: 'only' } },
  { match: { path: '/refuse' } },
  { match: { path: '/named' }, authorize: { kinds: ['system', 'personal'] } },
]
const invalid = {
  status: 401,
  code: 'invalid_token',
  title: 'The credential is not valid.',
  challenge: 'Bearer realm="sallyport", error="invalid_token"',
}
const notHere = {
  status: 403,
  code: 'kind_not_allowed',
  title: 'This kind of token is not accepted here.',
}

t.test('it passes every rule where it is admitted, as an owner, and is logged as what it is', async (t) => {
  const { gateway, upstream, text, from } = await start(t)
  for (const path of ['/allow', '/only']) {
    const seen = requestLines(gateway).length
    const answer = await from('10.1.2.3', text, path, [['X-Container-Read', '.r:*']])
    t.equal(answer.status, 200, path)
    const received = upstream.requests.at(-1)
    t.strictSame(received?.header('x-container-read'), ['.r:*'], 'owners may send this')
    t.strictSame(received?.header('x-sallyport-subject'), ['sallyport:system'])
    t.strictSame(received?.header('authorization'), [])
    t.match(await eventually(() => requestLines(gateway)[seen]), {
      outcome: 'forwarded',
      tokenKind: 'system',
      subject: 'sallyport:system',
      clientAddress: '10.1.2.3',
    })
  }
})

t.test('no route admits it that does not say so, and «only» admits nothing else', async (t) => {
  const { gateway, upstream, text, from } = await start(t)
  for (const path of ['/refuse', '/named']) isRefused(t, await from('10.1.2.3', text, path), notHere, path)
  for (const kind of ['personal', 'admin', 'session'] as const) {
    const other = await gateway.issue({ kind, access: 'owner' })
    isRefused(t, await from('10.1.2.3', other.text, '/only'), notHere, kind)
  }
  const personal = await gateway.issue({ access: 'owner' })
  t.equal((await from('10.1.2.3', personal.text, '/allow')).status, 403, 'rules hold for all others')
  t.strictSame(upstream.requests, [])
})

t.test('from outside it looks like a token that nobody issued, and is counted and logged', async (t) => {
  const { gateway, upstream, text, from } = await start(t)
  t.equal((await from('10.1.2.3', text, '/only')).status, 200, 'it is known by now')
  const outside = ['10.2.0.1', '192.0.2.1', '::1', '2001:db8::1', '10.1.2.3, 192.0.2.1']
  for (const [count, client] of outside.entries()) {
    for (const path of ['/allow', '/only', '/refuse']) {
      const answer = await from(client, text, path)
      const unknown = await from(client, newTokenText('system').reveal(), path)
      isRefused(t, answer, invalid, `${client} ${path}`)
      t.equal(seenByClient(answer), seenByClient(unknown), `${client} ${path}: like an unknown one`)
      t.match((await lineOf(gateway, answer)).reason, 'outside the internal networks')
    }
    t.equal(await gateway.metric('sallyport_system_token_refused_total'), 3 * (count + 1))
  }
  t.equal(upstream.requests.length, 1)
  const warnings = gateway.log.filter(({ level }) => level === 'warn')
  t.equal(warnings.length, 3 * outside.length)
  t.match(warnings[0], { clientAddress: '10.2.0.1', message: 'the system token came from outside' })
  t.notMatch(JSON.stringify(gateway.log), text)
})

t.test('without internal networks it is accepted from nowhere', async (t) => {
  const { upstream, text, from } = await start(t, { networks: [] })
  for (const client of ['127.0.0.1', '10.1.2.3', '::1', '0.0.0.0']) {
    isRefused(t, await from(client, text, '/only'), invalid, client)
  }
  t.strictSame(upstream.requests, [])
})

t.test('a client cannot say itself that it is inside', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    keys: { ring },
    systemToken: { networks: ['10.0.0.0/8'] },
    routes,
  })
  const text = await systemTextOf(gateway.store)
  const claims = [
    'X-Forwarded-For',
    'X-Real-IP',
    'Forwarded',
    'X-Client-IP',
    'True-Client-IP',
    'X-Envoy-Internal',
  ]
  for (const name of claims) {
    const value = name === 'Forwarded' ? 'for=10.1.2.3' : '10.1.2.3'
    const headers = [
      ['Authorization', `Bearer ${text}`],
      [name, value],
    ] as const
    isRefused(t, await gateway.request({ path: '/only', headers }), invalid, name)
  }
  t.strictSame(upstream.requests, [])
})

t.test('it survives restarts with the same text', async (t) => {
  const store = { sqlite: { path: join(temporaryFolder(t), 'tokens.db') } }
  const first = await start(t, { store })
  await first.gateway.close()
  const second = await start(t, { store })
  t.equal(second.text, first.text)
  t.equal((await second.from('10.1.2.3', first.text, '/only')).status, 200)
})

for (const technology of ['sqlite', 'postgres'] as const) {
  t.test(`of gateways that miss it at once on one ${technology} store, one makes it for all`, async (t) => {
    const store = { ...(await emptyStore(t, technology)), migrations: 'manual' } as const
    await migrate(settingsSchema.shape.store.parse(store))
    const replicas = await Promise.all([start(t, { store }), start(t, { store }), start(t, { store })])
    for (const { text, from } of replicas) {
      t.equal(text, replicas[0].text)
      t.equal((await from('10.1.2.3', text, '/only')).status, 200)
    }
  })

  t.test(`gateways that start at once on one empty ${technology} store share one`, async (t) => {
    const store = await emptyStore(t, technology)
    const upstream = await recordingUpstream(t)
    const config = join(temporaryFolder(t), 'sallyport.yaml')
    const settings = {
      listen: { port: 0 },
      admin: { port: 0 },
      keys: { ring },
      store,
      systemToken: { networks: ['127.0.0.1'] },
      upstreams: { legacy: { url: upstream.url } },
      routes: [{ name: 'internal', match: { path: '/' }, upstream: 'legacy', authorize: { system: 'only' } }],
    }
    writeFileSync(config, JSON.stringify(settings))
    const ports = await Promise.all([1, 2, 3].map(() => serve(t, config)))

    const registry = openTokenStore(settingsSchema.shape.store.parse(store), { sealer: parseKeyRing(ring) })
    t.teardown(() => registry.close())
    const text = await systemTextOf(registry)
    for (const port of ports) {
      const headers = [['Authorization', `Bearer ${text}`]] as const
      t.equal((await request(port, { headers })).status, 200)
    }
    const filter = { state: 'all', kind: 'system', now: Date.now(), limit: 10 } as const
    t.equal((await registry.listTokens(filter)).length, 1)
  })
}

/** Starts a gateway in a process of its own, and yields the port of its data plane. */
async function serve(t: Test, config: string): Promise<number> {
  const main = join(import.meta.dirname, '../../../src/main.ts')
  const gateway = await runProcess(process.execPath, { args: [main, 'serve', '--config', config] })
  t.teardown(() => gateway.stop())
  const said = () => {
    const [, port] = /"dataPlane":"[^"]*:(\d+)"/.exec(gateway.output()) ?? []
    return port === undefined ? undefined : Number(port)
  }
  return await eventually(said, 20_000)
}

interface Differences {
  readonly networks?: string[]
  readonly store?: NonNullable<GatewayInput['store']>
}

async function start(t: Test, { networks = ['10.1.0.0/16'], store }: Differences = {}) {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    keys: { ring },
    ...(store === undefined ? {} : { store }),
    clientAddress: { trustedProxies: ['127.0.0.1'] },
    systemToken: { networks },
    routes,
  })
  const from = (
    client: string,
    text: string,
    path: string,
    more: readonly (readonly [string, string])[] = [],
  ) =>
    gateway.request({
      path,
      headers: [['X-Forwarded-For', client], ['Authorization', `Bearer ${text}`], ...more],
    })
  return { gateway, upstream, text: await systemTextOf(gateway.store), from }
}

/** The text as an operator reads it on the command line. */
async function systemTextOf(registry: TokenRegistry): Promise<string> {
  return (await ensureSystemToken(registry, parseKeyRing(ring), systemClock, 'test')).text.reveal()
}

async function emptyStore(t: Test, technology: 'sqlite' | 'postgres') {
  return technology === 'sqlite'
    ? { sqlite: { path: join(temporaryFolder(t), 'tokens.db') } }
    : { postgres: { url: await freshDatabase(t) } }
}

function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-system-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
