/**
 * Sessions are Sentry's: its pages pass as they are, and its API where a session comes along. A token and a session
 * never go up together.
 * @module
 */

import t from 'tap'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { isRefused, isSeenAs } from './checks.ts'
import { sentryTokens } from './credentials.ts'
import { bearer, startScene } from './scene.ts'

const scene = await startScene(t)
const session: HeaderLine = ['Cookie', 'a=1; sentrysid=alice']

t.test('pages pass with and without a session, and may set one', async (t) => {
  const page = await scene.send('/organizations/acme/issues/', session)
  t.equal(page.body.toString(), 'page of alice')
  t.strictSame(page.header('set-cookie'), ['sentrysid=fresh'])
  t.strictSame(scene.sentry.last().header('cookie'), ['a=1; sentrysid=alice'])
  t.equal((await scene.send('/auth/login/')).body.toString(), 'login')
  const form = { method: 'POST', path: '/auth/login/', headers: [session], body: 'csrfmiddlewaretoken=x' }
  t.equal((await scene.request(form)).status, 200)
  t.equal(scene.sentry.last().body.toString(), 'csrfmiddlewaretoken=x')
})

t.test('the API passes with the cookie of a session, and Sentry decides what it is', async (t) => {
  await isSeenAs(t, () => scene.send('/api/0/users/me/', session), 'session')
  const [challenge, text] = [
    'xBasic realm="api"',
    '{"detail":"Authentication credentials were not provided."}',
  ]
  const stale = await scene.send('/api/0/users/me/', ['Cookie', 'sentrysid=forged'])
  t.equal(stale.status, 401)
  t.equal(stale.body.toString(), text, "E26 in Sentry's own words")
  t.strictSame(stale.header('www-authenticate'), [challenge])
  t.equal(scene.sentry.last().target, '/api/0/users/me/')
})

t.test('no other cookie is a session', async (t) => {
  const missing = 'Authentication credentials were not provided.'
  for (const cookie of [
    'sentrysid',
    'xsentrysid=alice',
    'sentrysid2=alice',
    'x="sentrysid"',
    'SENTRYSID=alice',
    '',
  ]) {
    await isRefused(t, scene, () => scene.send('/api/0/users/me/', ['Cookie', cookie]), missing, cookie)
  }
})

t.test('a bad token is not saved by a session, and a good one goes up without it', async (t) => {
  await isRefused(t, scene, () => scene.send('/api/0/users/me/', session, bearer('wrong')), 'Invalid token')
  await isSeenAs(t, () => scene.send('/api/0/users/me/', session, bearer(sentryTokens.user)), 'user')
  t.strictSame(scene.sentry.last().header('cookie'), [])
})

t.test('a preflight with the name of a session is no session', async (t) => {
  const headers: HeaderLine[] = [
    ['Origin', 'https://evil.example'],
    ['Access-Control-Request-Method', 'DELETE'],
  ]
  const answer = await scene.request({ method: 'OPTIONS', path: '/api/0/users/me/', headers })
  t.equal(answer.status, 401)
})

t.test('a token is no credential on pages', async (t) => {
  const before = scene.sentry.requests.length
  t.equal((await scene.send('/organizations/acme/', bearer(sentryTokens.user))).status, 401)
  t.equal(scene.sentry.requests.length, before)
})
