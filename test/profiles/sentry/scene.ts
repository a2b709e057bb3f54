/**
 * `config/sentry.yaml` as it is shipped, before a stand-in for Sentry, with everything imported that its clients hold.
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { loadSettings } from '../../../src/config/load-settings.ts'
import type { Settings } from '../../../src/config/schema/settings.ts'
import { startGateway } from '../../../src/gateway.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { importTokens } from '../../../src/tokens/foreign/import-tokens.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import type { TokenStore } from '../../../src/tokens/ports.ts'
import { openTokenStore } from '../../../src/tokens/stores/open-token-store.ts'
import { ensureSystemToken } from '../../../src/tokens/system-token.ts'
import { type Issue, newIssuer } from '../../support/issuer.ts'
import { type PlainRequest, type RawAnswer, rawRequest, request } from '../../support/raw-request.ts'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { openTestClient } from '../../support/upstream-client.ts'
import { dsnKeys, importedLines, sentryTokens } from './credentials.ts'
import { type StandIn, startStandIn } from './upstream.ts'

export interface Scene {
  readonly sentry: StandIn
  readonly port: number
  readonly store: TokenStore
  readonly issue: Issue
  /** The gateway's own. */
  readonly systemToken: string
  readonly log: readonly Record<string, unknown>[]
  /** From when on `sentryTokens.expiring` is expired. */
  readonly expiresAt: number
  /** Sets the clock of the gateway, until then the system's. */
  setTime(now: number): void
  send(path: string, ...headers: readonly HeaderLine[]): Promise<RawAnswer>
  request(plain: PlainRequest): Promise<RawAnswer>
  raw(bytes: string | Buffer): Promise<RawAnswer>
}

export interface SceneOptions {
  readonly internalNetworks?: readonly string[]
  readonly adjust?: (settings: Settings) => Settings
}

/** Requests come from 127.0.0.1, a proxy that is trusted: `from` says whom it names. */
export const from = (address: string): HeaderLine => ['X-Forwarded-For', address]
export const authorization = (value: string): HeaderLine => ['Authorization', value]
export const bearer = (text: string): HeaderLine => authorization(`Bearer ${text}`)
export const basic = (pair: string): HeaderLine =>
  authorization(`Basic ${Buffer.from(pair).toString('base64')}`)
export const dsn = (publicKey: string, project: string) => `https://${publicKey}@sentry.example/${project}`

const example = join(import.meta.dirname, '../../../config/sentry.yaml')

export async function startScene(t: Test, options: SceneOptions = {}): Promise<Scene> {
  const { internalNetworks = ['10.0.0.0/8'], adjust = (settings) => settings } = options
  const sentry = await startStandIn(t)
  const ring = newKeyRing(systemClock).reveal()
  const settings = adjust(exampleSettings(t, sentry.url, ring, internalNetworks))
  let setTo: number | undefined
  const clock = { now: () => setTo ?? Date.now() }
  const store = openTokenStore(settings.store, { sealer: parseKeyRing(ring) })
  t.teardown(() => store.close())

  const log: Record<string, unknown>[] = []
  const logTo = { write: (line: string) => void log.push(JSON.parse(line)) }
  const gateway = await startGateway(settings, { clock, logTo, openClient: openTestClient })
  t.teardown(() => gateway.close())
  const keyRing = parseKeyRing(ring)
  const system = await ensureSystemToken(store, keyRing, systemClock, 'test')
  const issuer = { registry: store, keyRing, clock: systemClock, isNetwork: () => true }
  const imported = await importTokens(
    issuer,
    textsOf(importedLines(new Date(Date.now() + 3_600_000).toISOString())),
    {
      skipsBad: false,
      createdBy: 'tester',
      origin: 'test',
    },
  )
  if (imported.outcome === 'refused') throw new Error(imported.problems.join('\n'))
  for (const subject of ['inactive-keys', 'legacy-disabled']) {
    await store.setSubjectStatus(subject, 'disabled', {
      at: Date.now(),
      by: 'test',
      origin: 'test',
      cause: '',
    })
  }

  const [expiring] = await store.listTokens({ state: 'active', subject: 'carol', now: Date.now(), limit: 1 })
  const { port } = gateway.dataAddress
  const scene: Scene = {
    sentry,
    port,
    store,
    issue: newIssuer(store, ring, systemClock),
    systemToken: system.text.reveal(),
    log,
    expiresAt: expiring?.expiresAt ?? Number.NaN,
    setTime: (now) => {
      setTo = now
    },
    send: (path, ...headers) => request(port, { path, headers }),
    request: (plain) => request(port, plain),
    raw: (bytes) => rawRequest(port, bytes),
  }
  await until(
    async () => (await scene.send('/api/0/organizations/', bearer(sentryTokens.user))).status === 200,
  )
  await until(async () => {
    const [key] = dsnKeys
    return (await scene.send(`/api/42/store/?sentry_key=${key.publicKey}`)).status === 200
  })
  return scene
}

/** The file as it stands, but for its bound on bad credentials, since all that tests send have one address. */
function exampleSettings(
  t: Test,
  upstreamUrl: string,
  ring: string,
  internalNetworks: readonly string[],
): Settings {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-before-sentry-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const keyFile = join(folder, 'keys.json')
  writeFileSync(keyFile, ring, { mode: 0o600 })
  const env = {
    SALLYPORT_PORT: '0',
    SALLYPORT_ADMIN_PORT: '0',
    SALLYPORT_KEY_FILE: keyFile,
    SALLYPORT_STORE: join(folder, 'tokens.db'),
    SENTRY_URL: upstreamUrl,
    SENTRY_TOKEN: sentryTokens.shared,
    SENTRY_SYSTEM_TOKEN: sentryTokens.system,
  }
  const loaded = loadSettings(example, { env })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const { settings } = loaded
  return {
    ...settings,
    authentication: { failures: { ...settings.authentication.failures, attempts: 0 } },
    clientAddress: { ...settings.clientAddress, trustedProxies: ['127.0.0.1'] },
    systemToken: { networks: [...internalNetworks] },
  }
}

async function* textsOf(lines: readonly object[]): AsyncGenerator<string> {
  for (const line of lines) yield JSON.stringify(line)
}
