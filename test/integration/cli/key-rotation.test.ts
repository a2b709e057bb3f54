/**
 * A rotation of keys by commands, under real gateways: tokens outlive it, with restarts and without.
 * @module
 */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { writeKeyRing } from '../../../src/tokens/keys/key-ring-file.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { type GatewayProcess, type Installation, newInstallation } from '../../support/installation.ts'
import { freshDatabase } from '../../support/postgres.ts'
import type { Scope } from '../../support/private-server.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { sharedRedisUrl } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

const { url: upstream } = await recordingUpstream(t)

type Plan = Omit<Parameters<typeof newInstallation>[1], 'upstream'>

function installationWithFile(t: Scope & { testdir(): string }, plan: Plan = {}): Installation {
  const file = join(t.testdir(), 'keys.json')
  writeKeyRing(file, newKeyRing(systemClock))
  return newInstallation(t, { upstream, keys: { file }, ...plan })
}

async function issue({ run }: Installation): Promise<{ readonly id: string; readonly text: string }> {
  const { document, stderr, code } = await run('token', 'issue', '--kind', 'personal', '--subject', 'alice')
  if (code !== 0) throw new Error(stderr)
  return { id: String(document.id), text: String(document.token) }
}

async function statusOf(gateway: GatewayProcess, text: string): Promise<number> {
  return (await gateway.request({ headers: [['Authorization', `Bearer ${text}`]] })).status
}

t.test('a token works on across a rotation, from Redis too, until its key may go', async (t) => {
  const redis = { url: sharedRedisUrl(), prefix: `test:${randomBytes(8).toString('hex')}:`, timeout: '1s' }
  const installation = installationWithFile(t, {
    store: { postgres: { url: await freshDatabase(t) } },
    cache: { redis },
  })
  const before = await installation.serve()
  const old = await issue(installation)
  t.equal(await statusOf(before, old.text), 200)

  t.equal((await installation.run('key', 'rotate')).code, 0)
  t.equal(await statusOf(before, old.text), 200, 'a gateway that runs serves on')
  await before.stop()

  const after = await installation.serve()
  t.equal(await statusOf(after, old.text), 200)
  t.equal(
    await after.metric('sallyport_token_lookups_total{tier="redis",result="hit"}'),
    1,
    'what the former key sealed is opened',
  )
  const fresh = await issue(installation)
  t.equal(await statusOf(after, fresh.text), 200)
  t.match((await installation.run('key', 'list')).document, {
    keys: [
      { id: 'k1', role: 'previous', tokens: 1 },
      { id: 'k2', role: 'current', tokens: 1 },
    ],
  })

  t.match((await installation.run('key', 'retire', 'k1')).document, { error: { code: 'key_in_use' } })
  const renewed = await installation.run('token', 'rotate', old.id, '--overlap', '0s')
  t.equal((await installation.run('key', 'retire', 'k1')).code, 0)
  await after.stop()

  const last = await installation.serve()
  t.equal(await statusOf(last, fresh.text), 200)
  t.equal(await statusOf(last, String(renewed.document.token)), 200)
  t.equal(await statusOf(last, old.text), 401)
})

t.test('with a staged key no gateway meets a token that it does not know', async (t) => {
  const installation = installationWithFile(t)
  t.equal((await installation.run('key', 'rotate', '--stage')).code, 0)
  const gateway = await installation.serve()
  t.equal((await installation.run('key', 'rotate')).code, 0)
  const { text } = await issue(installation)
  t.equal(await statusOf(gateway, text), 200)
})

t.test('a gateway follows every step without a restart, and SIGHUP does not stop it', async (t) => {
  const installation = installationWithFile(t)
  const gateway = await installation.serve()
  const old = await issue(installation)
  t.equal(await statusOf(gateway, old.text), 200)
  const staged = await installation.run('key', 'rotate', '--stage')
  t.match(staged.stderr, /wait until all show the key/)
  const rotated = await installation.run('key', 'rotate')
  t.match(rotated.stderr, /read the file within a second/)
  t.notMatch(staged.stderr + rotated.stderr, /[Rr]estart/)
  const fresh = await issue(installation)
  t.equal(await statusOf(gateway, fresh.text), 200)
  t.equal(await statusOf(gateway, old.text), 200)

  await installation.run('token', 'revoke', old.id)
  t.match(await installation.run('key', 'retire', 'k1'), { code: 0, stderr: /forget the key/ })
  process.kill(gateway.pid, 'SIGHUP')
  await until(() => gateway.output().includes('"keys":["k2"]'))
  t.equal(await statusOf(gateway, old.text), 401)
  t.equal(await statusOf(gateway, fresh.text), 200)
  t.equal(await gateway.metric('sallyport_key_ring_key{key="k2"}'), 1)
})

t.test('a ring from a setting is printed with the advice to restart', async (t) => {
  const { stderr } = await newInstallation(t, { upstream }).run('key', 'rotate', '--print')
  t.match(stderr, /restart every gateway/)
})
