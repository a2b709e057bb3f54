/**
 * What changes while assertions are made and verified: the key ring, the configuration, and who of several workers answers.
 * @module
 */

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { changeKeyRing, writeKeyRing } from '../../../src/tokens/keys/key-ring-file.ts'
import { newKeyRing, type RingMaterial } from '../../../src/tokens/keys/key-ring-text.ts'
import { retireKey, rotateKey, stageKey } from '../../../src/tokens/keys/rotate-key-ring.ts'
import { startTestGateway } from '../../support/gateway.ts'
import { newInstallation } from '../../support/installation.ts'
import { newIssuer } from '../../support/issuer.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { assertionIn, issuer, keyIdOf, keysPath, verifyAt } from './verifier.ts'

const assertion = { issuer, keysPath }
const routes = [{ name: 'api', match: { path: '/{path*}' }, upstream: 'legacy', assertion: {} }]

t.test(
  'through a rotation the current key signs, all are published, and a retired one is gone',
  async (t) => {
    const file = join(t.testdir(), 'keys.json')
    writeKeyRing(file, newKeyRing(systemClock))
    const upstream = await recordingUpstream(t)
    const gateway = await startTestGateway(t, { upstream: upstream.url, assertion, routes, keys: { file } })
    const published = async () => {
      const { body } = await gateway.request({ path: keysPath })
      return (JSON.parse(body.toString()).keys as { kid: string }[]).map(({ kid }) => kid)
    }
    const issue = () => newIssuer(gateway.store, readFileSync(file, 'utf8'), systemClock)()
    const ask = async ({ text }: { readonly text: string }) => {
      const { status } = await gateway.request({ headers: [['Authorization', `Bearer ${text}`]] })
      t.equal(status, 200)
      return assertionIn(upstream.requests.at(-1))
    }
    const change = async (step: (ring: RingMaterial) => RingMaterial) => {
      const before = String(await published())
      changeKeyRing(file, step)
      await until(async () => String(await published()) !== before)
    }

    const old = await issue()
    const first = await ask(old)
    t.same(await published(), [keyIdOf(first)])
    await change((ring) => stageKey(ring, systemClock))
    const [former, staged] = await published()
    t.equal(keyIdOf(await ask(old)), former, 'a staged key is published before it signs')
    await change((ring) => rotateKey(ring, systemClock))
    t.same(await published(), [staged, former])
    const second = await ask(old)
    t.equal(keyIdOf(second), staged)
    for (const text of [first, second]) t.match(await verifyAt(gateway.port, text), { sub: 'alice' })

    const fresh = await issue()
    await change((ring) => retireKey(ring, 'k1'))
    t.same(await published(), [staged])
    await t.rejects(verifyAt(gateway.port, first), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
    t.match(await verifyAt(gateway.port, await ask(fresh)), { sub: 'alice' })
  },
)

t.test(
  'workers sign alike, a reload changes what all of them say, and the admin listener has their keys',
  async (t) => {
    const upstream = await recordingUpstream(t)
    const plan = { upstream: upstream.url, assertion, routes, listen: { workers: 2 } }
    const installation = newInstallation(t, plan)
    const gateway = await installation.serve()
    await until(async () => (await fetch(`http://127.0.0.1:${gateway.adminPort}/readyz`)).ok)
    const { text: token } = await installation.issue()
    // Each on a connection of its own, which the workers take in turn.
    const askAll = async () => {
      const seen = upstream.requests.length
      for (let turn = 0; turn < 6; turn++) {
        const { status } = await gateway.request({ headers: [['Authorization', `Bearer ${token}`]] })
        t.equal(status, 200)
      }
      return upstream.requests.slice(seen).map((request) => assertionIn(request))
    }
    const before = await askAll()
    t.equal(new Set(before).size, 2, 'one of each worker')
    for (const text of before) {
      for (const port of [gateway.port, gateway.adminPort]) {
        t.match(await verifyAt(port, text), { iss: issuer, aud: 'legacy', sub: 'alice' })
      }
    }

    const settings = JSON.parse(readFileSync(installation.config, 'utf8'))
    const next = {
      ...settings,
      assertion: { issuer: 'https://renamed.example', lifetime: '5m', algorithm: 'EdDSA' },
      routes: [{ ...routes[0], assertion: { audience: 'storage' } }],
    }
    writeFileSync(`${installation.config}.new`, JSON.stringify(next), { mode: 0o600 })
    renameSync(`${installation.config}.new`, installation.config)
    process.kill(gateway.pid, 'SIGHUP')
    const inForce = 'the configuration was read and is in force'
    await until(() => gateway.output().split(inForce).length === 3)
    const after = await askAll()
    t.equal(new Set(after).size, 2)
    const terms = { issuer: 'https://renamed.example', audience: 'storage', algorithm: 'EdDSA' } as const
    for (const text of after) {
      const { iat = 0, exp = 0 } = await verifyAt(gateway.adminPort, text, terms)
      t.equal(exp - iat, 300)
      const formerly = { algorithm: 'EdDSA' } as const
      await t.rejects(verifyAt(gateway.adminPort, text, formerly), {
        code: 'ERR_JWT_CLAIM_VALIDATION_FAILED',
      })
    }
    t.equal((await gateway.request({ path: keysPath })).status, 401, 'the keys are published there no more')
  },
)
