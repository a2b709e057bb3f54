/**
 * Tokens of Sentry's and of the gateway's: how their end is told, and what goes up in their place.
 * @module
 */

import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import type { RawAnswer } from '../../support/raw-request.ts'
import { until } from '../../support/until.ts'
import { isRefused, isSeenAs } from './checks.ts'
import { activeLegacyKey, backendKey, disabledLegacyKey, sentryTokens } from './credentials.ts'
import { authorization, basic, bearer, startScene } from './scene.ts'

const path = '/api/0/organizations/acme/projects/'
const scene = await startScene(t)
const act = () => ({ at: Date.now(), by: 'test', origin: 'test', cause: '' })
const send = (text: string) => scene.send(path, bearer(text))

t.test("Sentry's own tokens go up as they came", async (t) => {
  await isSeenAs(t, () => send(sentryTokens.user), 'user')
  await isSeenAs(t, () => send(sentryTokens.organization), 'organization')
  t.strictSame(scene.sentry.last().header('authorization'), [`Bearer ${sentryTokens.organization}`])
})

t.test("the gateway's are exchanged for Sentry's, and stay here", async (t) => {
  const { text } = await scene.issue({ access: 'read-only' })
  await isSeenAs(t, () => send(text), 'shared')
  t.notMatch(JSON.stringify(scene.sentry.last().headers), text)
  const before = scene.sentry.requests.length
  const post = await scene.request({ method: 'POST', path, headers: [bearer(text)] })
  t.equal(post.status, 403)
  t.equal(post.body.toString(), '{"detail":"You do not have permission to perform this action."}')
  t.equal(scene.sentry.requests.length, before)
})

t.test('E13 a token is expired from that millisecond on', async (t) => {
  t.teardown(() => scene.setTime(Date.now()))
  scene.setTime(scene.expiresAt - 1)
  await isSeenAs(t, () => send(sentryTokens.expiring), 'expiring')
  scene.setTime(scene.expiresAt)
  await isRefused(t, scene, () => send(sentryTokens.expiring), 'Token expired')
  await scene.store.setSubjectStatus('carol', 'disabled', act())
  await setTimeout(1_100)
  await isRefused(t, scene, () => send(sentryTokens.expiring), 'Token expired', 'whoever it was of')
})

t.test('E14 a disabled or deleted user is told so', async (t) => {
  for (const status of ['disabled', 'deleted'] as const) {
    const { text } = await scene.issue({ subject: `gone-${status}` })
    await isSeenAs(t, () => send(text), 'shared')
    await scene.store.setSubjectStatus(`gone-${status}`, status, act())
    await eventually(() => send(text), 'User inactive or deleted')
    await isRefused(t, scene, () => send(text), 'User inactive or deleted', status)
  }
})

t.test('E15 the tokens of an application end with it', async (t) => {
  await isSeenAs(t, () => send(sentryTokens.application), 'application')
  await scene.store.setSubjectStatus('deployer', 'disabled', act())
  const inactive = 'UserApplication inactive or deleted'
  await eventually(() => send(sentryTokens.application), inactive)
  await isRefused(t, scene, () => send(sentryTokens.application), inactive)
})

t.test('a revoked token is as if it had never been', async (t) => {
  const { text, token } = await scene.issue()
  await isSeenAs(t, () => send(text), 'shared')
  await scene.store.revokeToken(token.id, act())
  await eventually(() => send(text), 'Invalid token')
  await isRefused(t, scene, () => send(text), 'Invalid token')
})

t.test('E16 the prefix of organizations chooses the sentence, and nothing else', async (t) => {
  const forged = `sntrys_${Buffer.from('{"org":"acme","iat":1}').toString('base64')}_x`
  for (const text of ['sntrys_x_y', 'sntrys_', forged, `${sentryTokens.organization}x`, 'sntrys_é_"']) {
    await isRefused(t, scene, () => send(text), 'Invalid org token', text)
  }
  for (const text of ['Sntrys_x_y', 'xsntrys_x_y', 'sntryu_0123456789abcdef']) {
    await isRefused(t, scene, () => send(text), 'Invalid token', text)
  }
})

t.test('E24 a legacy key is active, disabled or unknown', async (t) => {
  await isSeenAs(t, () => scene.send(path, basic(`${activeLegacyKey.key}:`)), 'legacy key')
  const scheme = authorization(`bASIC\t${Buffer.from(`${activeLegacyKey.key}:`).toString('base64')}`)
  await isSeenAs(t, () => scene.send(path, scheme), 'legacy key')
  await isRefused(t, scene, () => scene.send(path, basic(`${disabledLegacyKey.key}:`)), 'Key is disabled')
  const unknown = ['ffffffffffffffffffffffffffffffff', '', sentryTokens.user, backendKey.publicKey]
  for (const key of unknown) {
    await isRefused(t, scene, () => scene.send(path, basic(`${key}:`)), 'API key is not valid', key)
  }
})

t.test('a legacy key and a public key are no tokens', async (t) => {
  for (const text of [activeLegacyKey.key, disabledLegacyKey.key, backendKey.publicKey]) {
    await isRefused(t, scene, () => send(text), 'Invalid token', text)
  }
})

t.test('no text of a token or key is in the log', async (t) => {
  const log = JSON.stringify(scene.log)
  t.match(log, /"request"/)
  for (const text of [...Object.values(sentryTokens), activeLegacyKey.key, disabledLegacyKey.key]) {
    t.notMatch(log, text)
  }
})

/** Until the change has come to the gateway, which breaks off what is under way then. */
async function eventually(send: () => Promise<RawAnswer>, detail: string): Promise<void> {
  const body = JSON.stringify({ detail })
  await until(async () => (await send().catch(() => undefined))?.body.toString() === body)
}
