/**
 * A DSN as a credential of the API: it matches with its key and its project, on the routes that take one, and it reads
 * nothing.
 * @module
 */

import t from 'tap'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { isRefused, isSeenAs } from './checks.ts'
import { backendKey, frontendKey, inactiveKey, sentryTokens } from './credentials.ts'
import { authorization, basic, bearer, dsn, startScene } from './scene.ts'

const reports = '/api/0/projects/acme/backend/user-reports/'
const checkIns = '/api/0/monitors/nightly/checkins/'
const scene = await startScene(t)
const post = (path: string, ...headers: readonly HeaderLine[]) =>
  scene.request({ method: 'POST', path, headers, body: '{}' })
const report = (text: string) => post(reports, authorization(`DSN ${text}`))
const invalid = (text: string) => isRefused(t, scene, () => report(text), 'Invalid dsn', text)
const { publicKey } = backendKey

t.test('E17 an active key of the project is accepted, and goes up to Sentry', async (t) => {
  const text = dsn(publicKey, '42')
  await isSeenAs(t, () => report(text), 'dsn')
  t.strictSame(scene.sentry.last().header('authorization'), [`DSN ${text}`])
  t.equal(scene.sentry.last().body.toString(), '{}')
  await isSeenAs(t, () => post(checkIns, authorization(`DSN ${text}`)), 'dsn')
  await isSeenAs(
    t,
    () => post(`/api/0/organizations/acme/monitors/nightly/checkins/`, authorization(`DSN ${text}`)),
    'dsn',
  )
})

t.test('E18 the same key with another project is invalid', async () => {
  await invalid(dsn(publicKey, '43'))
  await invalid(dsn(publicKey, '042'))
  await invalid(dsn(frontendKey.publicKey, '42'))
})

t.test('E18 a key is of no other project than that of the path', async (t) => {
  const text = authorization(`DSN ${dsn(publicKey, '42')}`)
  for (const path of [
    '/api/0/projects/acme/frontend/user-reports/',
    '/api/0/projects/other/backend/user-reports/',
    '/api/0/projects/acme/BACKEND/user-reports/',
    '/api/0/organizations/other/monitors/nightly/checkins/',
  ]) {
    await isRefused(t, scene, () => post(path, text), 'Invalid dsn', path)
  }
})

t.test('E19 a project that is no number is invalid, and so is all that is no DSN', async () => {
  for (const project of [
    'abc',
    'backend',
    '4x',
    '-42',
    '+42',
    '42.0',
    '٤٢',
    '',
    '42/',
    '42?x=1',
    '42#',
    '%34%32',
    '9'.repeat(30),
  ]) {
    await invalid(dsn(publicKey, project))
  }
  for (const text of [
    'x',
    publicKey,
    `${publicKey}@h/42`,
    `https://h/42`,
    `https://@h/42`,
    'https://',
    `https://${publicKey}@h`,
  ]) {
    await invalid(text)
  }
})

t.test('E20 the secret and the beginning of the path do not matter', async (t) => {
  for (const text of [
    `https://${publicKey}:${'5'.repeat(32)}@h/prefix/42`,
    `http://${publicKey}:@sentry.example:9000/a/b/c/42`,
    `HTTPS://${publicKey}@[::1]/42`,
  ]) {
    await isSeenAs(t, () => report(text), 'dsn', text)
  }
})

t.test('E21 an inactive key and an unknown one are invalid', async () => {
  await invalid(dsn(inactiveKey.publicKey, '42'))
  await invalid(dsn('f'.repeat(32), '42'))
  await invalid(dsn(publicKey.toUpperCase(), '42'))
})

t.test('E22 the scheme may be in any case, after any white space', async (t) => {
  for (const scheme of ['dsn ', 'dSn\t', 'DSN   ']) {
    await isSeenAs(t, () => post(reports, authorization(scheme + dsn(publicKey, '42'))), 'dsn', scheme)
  }
  await isRefused(t, scene, () => report(''), 'Invalid token header. No credentials provided.')
  const two = `${dsn(publicKey, '42')} x`
  await isRefused(
    t,
    scene,
    () => report(two),
    'Invalid token header. Token string should not contain spaces.',
  )
})

t.test('E23 a DSN reads nothing', async (t) => {
  const text = authorization(`DSN ${dsn(publicKey, '42')}`)
  for (const path of [reports, checkIns, '/api/0/organizations/acme/monitors/nightly/checkins/']) {
    await isRefused(
      t,
      scene,
      () => scene.send(path, text),
      'Authentication credentials were not provided.',
      path,
    )
  }
  const before = scene.sentry.requests.length
  const head = await scene.request({ method: 'HEAD', path: reports, headers: [text] })
  t.equal(head.status, 401)
  t.strictSame(head.header('www-authenticate'), ['xBasic realm="api"'])
  const override: HeaderLine = ['X-HTTP-Method-Override', 'GET']
  await isSeenAs(t, () => post(reports, text, override), 'dsn')
  t.strictSame(scene.sentry.last().header('x-http-method-override'), [], 'nor by another method in a header')
  t.equal(scene.sentry.requests.length, before + 1)
})

t.test('a DSN is no credential on any other route', async (t) => {
  const missing = 'Authentication credentials were not provided.'
  const text = authorization(`DSN ${dsn(publicKey, '42')}`)
  for (const path of ['/api/0/organizations/', '/api/0/projects/acme/backend/keys/', '/api/0/', '/api/0']) {
    await isRefused(t, scene, () => post(path, text), missing, path)
  }
})

t.test('a public key is a credential in a DSN alone, and no other token passes for one', async (t) => {
  await isRefused(t, scene, () => post(reports, bearer(publicKey)), 'Invalid token')
  await isRefused(t, scene, () => post(reports, basic(`${publicKey}:`)), 'API key is not valid')
  await invalid(dsn(sentryTokens.user, '42'))
  await isSeenAs(t, () => post(reports, bearer(sentryTokens.user)), 'user', 'tokens are taken there as ever')
})
