/**
 * Pods are replaced for a change of configuration exactly when the gateway says that it needs a restart for it.
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadSettings } from '../../src/config/load-settings.ts'
import { reportRestarts } from '../../src/config/needs-restart.ts'
import type { Settings } from '../../src/config/schema/settings.ts'
import { objectsOf, only, type Plan, render, type Values } from './chart.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-restarts-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const env = {
  DATABASE_URL: 'postgres://db/sallyport',
  REDIS_URL: 'redis://redis:6379',
  PROXY_SECRET: 'a'.repeat(32),
}

interface Deployed {
  readonly settings: Settings
  readonly checksum: string
}

function deployed(values: Values, plan: Plan = 'standalone'): Deployed {
  const objects = objectsOf(render(plan, values))
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(file, only(objects, 'ConfigMap', '-config').data['sallyport.yaml'])
  const loaded = loadSettings(file, { env })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const { annotations } = only(objects, 'Deployment').spec.template.metadata
  return { settings: loaded.settings, checksum: annotations['checksum/sallyport-restart'] }
}

const config = (more: object) => ({ config: more })
const changes: Readonly<Record<string, Values>> = {
  'an upstream': config({ upstreams: { other: { url: 'http://other' } } }),
  'a limit': config({ limits: { slow: { by: 'address', requests: 10, per: '1m', everyRoute: true } } }),
  'trusted proxies': config({ clientAddress: { trustedProxies: ['10.0.0.0/8'] } }),
  'the log': config({ log: { level: 'debug' } }),
  'failed credentials': config({ authentication: { failures: { attempts: 5 } } }),
  'the number of headers': config({ listen: { limits: { headerCount: 50 } } }),
  'the length of a target': config({ listen: { limits: { targetBytes: '4KiB' } } }),
  'the number of connections': config({ listen: { limits: { connections: 100 } } }),
  workers: config({ listen: { workers: 2 } }),
  'a port': { listen: { port: 9080 } },
  'the port of the admin listener': { admin: { port: 9081 } },
  draining: { drain: { seconds: 60 } },
  certificates: { tls: { secretName: 'tls' } },
  memory: config({ cache: { memory: { entries: 10 } } }),
  Redis: { secrets: { redis: { name: 'redis' } } },
  'the store': config({ store: { outageGrace: '10s' } }),
  migrations: { migrations: { enabled: false } },
  tracing: config({ tracing: { endpoint: 'http://collector:4318/v1/traces' } }),
  'networks of the system token': config({ systemToken: { networks: ['10.0.0.0/8'] } }),
}

const before = deployed({})

for (const [title, values] of Object.entries(changes)) {
  t.test(`a change of ${title} replaces pods when the gateway could not take it over`, async (t) => {
    compare(t, before, deployed(values))
  })
}

const tracing = { endpoint: 'http://collector:4318/v1/traces' }
const traced = deployed(config({ tracing }))
const changesOfTracing: Readonly<Record<string, Values>> = {
  sampling: config({ tracing: { ...tracing, sampling: { ratio: 0.1 } } }),
  trust: config({ tracing: { ...tracing, trust: 'none' } }),
  'the name of the service': config({ tracing: { ...tracing, serviceName: 'other' } }),
  'the collector': config({ tracing: { endpoint: 'http://other:4318/v1/traces' } }),
}

for (const [title, values] of Object.entries(changesOfTracing)) {
  t.test(`tracing: a change of ${title} replaces pods when it could not be taken over`, async (t) => {
    compare(t, traced, deployed(values))
  })
}

const asked = deployed({}, 'decision')
const changesOfAsking: Readonly<Record<string, Values>> = {
  'the port of questions': { decision: { port: 9082 } },
  'the headers that are copied': { decision: { copies: ['authorization'] } },
  'the time of a decision': config({ decision: { timeout: '1s' } }),
  'the certificate of questions': { tls: { secretName: 'tls' } },
  'an upstream': config({ upstreams: { other: { url: 'http://other' } } }),
}

for (const [title, values] of Object.entries(changesOfAsking)) {
  t.test(`mode decision: a change of ${title} replaces pods when it could not be taken over`, async (t) => {
    compare(t, asked, deployed(values, 'decision'))
  })
}

function compare(t: Test, before: Deployed, after: Deployed): void {
  t.notSame(after.settings, before.settings, 'it is a change')
  const refused: string[] = []
  reportRestarts(before.settings, after.settings, (path) => refused.push(path.join('.')))
  t.equal(after.checksum !== before.checksum, refused.length > 0, refused.join(', ') || 'taken over')
}

t.test('both kinds of change are among them', async (t) => {
  const checksums = Object.values(changes).map((values) => deployed(values).checksum)
  t.ok(checksums.includes(before.checksum))
  t.ok(checksums.some((checksum) => checksum !== before.checksum))
})
