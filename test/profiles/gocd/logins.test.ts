/**
 * Requests with a token of the gateway's go to GoCD as the user who made it, for as long as GoCD takes the user's login:
 * never as anybody else, and never on the gateway's own word.
 * @module
 */

import t from 'tap'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { basic, bearer, ownTokens, type Scene, startScene, v1 } from './scene.ts'
import { badLogin } from './upstream.ts'

const alice = basic('alice', 'wonder:land')
const typed: HeaderLine = ['Content-Type', 'application/json']
const gone =
  '{\n  "message": "Invalid Personal Access Token. Access Token belonging to the user has either been disabled, removed or expired."\n}'
const invalid = '{\n  "message": "Invalid Personal Access Token."\n}'

async function make({ send }: Scene, login: HeaderLine = alice): Promise<{ id: string; token: string }> {
  const { body } = await send('POST', ownTokens, [login, v1, typed], '{"description":"x"}')
  return JSON.parse(body.toString())
}

t.test('a request goes up with the login of its user and with no other credential', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { token } = await make(scene, basic('Bob', 'builder'))
  const extras = [['Cookie', 'JSESSIONID=of-alice'] as const, ['X-Auth-Token', 'x'] as const]
  const { status, body, header } = await scene.send(
    'POST',
    '/go/api/pipelines/p/schedule',
    [bearer(token), ...extras],
    '{}',
  )
  t.equal(status, 200)
  t.equal(body.toString(), 'as bob')
  t.strictSame(header('set-cookie'), [])
  const received = scene.gocd.forwarded().at(-1)
  t.strictSame(received?.header('authorization'), [basic('Bob', 'builder')[1]])
  t.strictSame(received?.header('cookie'), [])
  t.notOk(received?.headers.some(([, value]) => value.includes(token)))
  t.equal(received?.body.toString(), '{}')
})

t.test('passwords and pages go up as before', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { token } = await make(scene)
  t.equal((await scene.get('/go/api/agents', alice)).body.toString(), 'as alice')
  t.equal((await scene.get('/go/pipelines', bearer(token))).body.toString(), 'page for nobody')
  t.strictSame(scene.gocd.forwarded().at(-1)?.header('authorization'), [])
  t.equal((await scene.get('/go/api/agents', basic('alice', 'wrong'))).status, 401)
})

t.test('GoCD is asked once in a while who a user is, for tokens and for passwords', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { token } = await make(scene)
  const asked = scene.gocd.questions().length
  t.equal(asked, 1)
  for (let count = 0; count < 5; count++) {
    t.equal((await scene.get('/go/api/agents', bearer(token))).status, 200)
    t.equal((await scene.get(ownTokens, alice, v1)).status, 200)
  }
  t.equal(scene.gocd.questions().length, asked + 1, 'once more, for the token')
  for (const question of scene.gocd.questions()) {
    t.equal(question.method, 'GET')
    t.strictSame(question.header('authorization'), [alice[1]])
    t.strictSame(question.header('cookie'), [])
  }
})

t.test('the token of a user who is gone is refused as soon as GoCD says so', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { token } = await make(scene)
  t.equal((await scene.get('/go/api/agents', bearer(token))).status, 200)
  scene.gocd.users.delete('alice')
  const { status, body, header } = await scene.get('/go/api/agents', bearer(token))
  t.equal(status, 401)
  t.equal(body.toString(), gone)
  t.strictSame(header('www-authenticate'), [])
  const asked = scene.gocd.questions().length + scene.gocd.forwarded().length
  t.equal((await scene.get('/go/api/agents', bearer(token))).body.toString(), gone)
  t.equal(scene.gocd.questions().length + scene.gocd.forwarded().length, asked, 'the login is forgotten')
})

t.test('and when its time is over in any case, whatever GoCD serves without a login', async (t) => {
  let now = Date.now()
  const scene = await startScene(t, 'gateway', { clock: { now: () => now } })
  const { token } = await make(scene)
  t.equal((await scene.get('/go/api/agents', bearer(token))).status, 200)
  scene.gocd.users.delete('alice')
  const sent = scene.gocd.forwarded().length
  now += 60_001
  t.equal((await scene.get('/go/api/agents', bearer(token))).body.toString(), gone)
  t.equal(scene.gocd.forwarded().length, sent, 'GoCD did not see the request')
})

t.test('a user whom GoCD has disabled has no tokens', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { token } = await make(scene)
  scene.gocd.users.set('alice', { password: 'wonder:land', isDisabled: true })
  t.equal((await scene.get('/go/api/agents', bearer(token))).body.toString(), gone)
  const { status, body } = await scene.get(ownTokens, basic('alice', 'wonder:land'), v1, ['X-Tra', '1'])
  t.equal(status, 200, 'a password is taken for 60 seconds after GoCD has taken it')
  t.match(body.toString(), '_embedded')
})

t.test('after another password, a new token brings the others back', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { token } = await make(scene)
  scene.gocd.users.set('alice', { password: 'new' })
  t.equal((await scene.get('/go/api/agents', bearer(token))).body.toString(), gone)
  const { token: next } = await make(scene, basic('alice', 'new'))
  for (const each of [token, next]) t.equal((await scene.get('/go/api/agents', bearer(each))).status, 200)
  t.strictSame(scene.gocd.forwarded().at(-1)?.header('authorization'), [basic('alice', 'new')[1]])
})

t.test('a body that was sent is not sent again: the next request is decided anew', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { token } = await make(scene)
  t.equal((await scene.get('/go/api/agents', bearer(token))).status, 200)
  scene.gocd.users.delete('alice')
  const { status, body } = await scene.send('POST', '/go/api/x', [bearer(token)], 'data')
  t.equal(status, 401)
  t.equal(body.toString(), gone)
})

t.test('a GoCD that does not answer is no yes and no «no»', async (t) => {
  let now = Date.now()
  const scene = await startScene(t, 'gateway', { clock: { now: () => now } })
  const { token } = await make(scene)
  t.equal((await scene.get('/go/api/agents', bearer(token))).status, 200)
  await scene.gocd.close()
  now += 60_001
  const { status, header } = await scene.get('/go/api/agents', bearer(token))
  t.equal(status, 503)
  t.strictSame(header('retry-after'), ['1'])
  t.equal((await scene.get(ownTokens, basic('bob', 'builder'), v1)).status, 503)
  t.equal((await scene.get('/go/api/agents', bearer('0'.repeat(40)))).status, 401, 'a bad token is bad')
})

t.test('a token that nobody made by a password has no login to go up with', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { text } = await scene.importToken('carol')
  const sent = scene.gocd.forwarded().length
  t.equal((await scene.get('/go/api/agents', bearer(text))).body.toString(), gone)
  t.equal(scene.gocd.forwarded().length, sent)
})

t.test('a token is good for the GoCD that it was made at, and nowhere else', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { token, id } = await make(scene)
  t.equal((await scene.get('/go/api/agents', bearer(token))).status, 200)
  t.strictSame((await scene.gateway.store.showToken(id))?.bindings, { upstream: ['gocd'] })
})

t.test('nobody whom the gateway has disabled makes tokens, and theirs are refused', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { token } = await make(scene)
  await scene.gateway.store.setSubjectStatus('alice', 'disabled', {
    at: Date.now(),
    by: 'root',
    origin: 'test',
    cause: '',
  })
  await new Promise((resolve) => setTimeout(resolve, 300))
  const disabled = '{\n  "message": "Your account has been disabled by the administrator"\n}'
  t.equal((await scene.get('/go/api/agents', bearer(token))).body.toString(), disabled)
  const { status, body } = await scene.send('POST', ownTokens, [alice, v1, typed], '{"description":"x"}')
  t.equal(status, 401)
  t.equal(body.toString(), disabled)
})

t.test('wrong passwords count as failed authentications', async (t) => {
  const input = { authentication: { failures: { attempts: 3 } } }
  const scene = await startScene(t, 'gateway', { input })
  const { token } = await make(scene)
  t.equal((await scene.get('/go/api/agents', bearer(token))).status, 200)
  // The bound, and the first of the few that are looked at beyond it.
  for (let count = 0; count < 4; count++) {
    const { body } = await scene.get(ownTokens, basic('bob', `guess ${count}`), v1)
    t.match(body.toString(), badLogin.slice(0, 20))
  }
  const asked = scene.gocd.questions().length
  t.equal((await scene.get(ownTokens, basic('bob', 'another'), v1)).status, 429)
  t.equal(scene.gocd.questions().length, asked)
  t.equal((await scene.get(ownTokens, alice, v1)).status, 200, 'a login that GoCD has just taken goes on')
  t.equal((await scene.get('/go/api/agents', bearer(token))).status, 200)
})

t.test('no secret is logged, nor kept in the clear', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { token, id } = await make(scene)
  await scene.get('/go/api/agents', bearer(token))
  await scene.get(ownTokens, basic('alice', 'a wrong secret'), v1)
  await scene.send('POST', `${ownTokens}/${id}/revoke`, [alice, v1])
  await scene.get('/go/api/agents', bearer(token))
  const text = JSON.stringify(scene.gateway.log)
  t.match(text, 'alice')
  for (const secret of [token, 'wonder', 'wrong secret', alice[1].slice(6)]) t.notOk(text.includes(secret))
  const entries = await scene.gateway.store.audit.ofToken(id, 10)
  t.ok(entries.length > 0)
  t.notOk(JSON.stringify(entries).includes(token))
})

t.test('a token in the query, or in another header, is none', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { token } = await make(scene)
  for (const [path, ...headers] of [
    [`/go/api/agents?access_token=${token}`],
    ['/go/api/agents', ['X-Auth-Token', token]],
    ['/go/api/agents', ['Authorization', token]],
    ['/go/api/agents', ['Authorization', `Token ${token}`]],
    ['/go/api/agents', ['Proxy-Authorization', `Bearer ${token}`]],
  ] as const) {
    t.equal((await scene.get(path, ...headers)).status, 401, path)
  }
  t.equal((await scene.get('/go/api/agents', ['Authorization', basic('alice', token)[1]])).status, 401)
  t.equal((await scene.get('/go/api/agents', bearer(token), bearer(token))).status, 400)
  t.equal((await scene.get('/go/api/agents', bearer(token), alice)).status, 400)
  t.equal((await scene.get('/go/api/agents', ['Authorization_', `Bearer ${token}`])).status, 400)
  const old = `GET /go/api/agents HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`
  t.equal((await scene.gateway.raw(old)).body.toString(), 'as alice')
  const twoLines = `GET /go/api/agents HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eDp5\r\nauthorization: Bearer ${token}\r\n\r\n`
  t.equal((await scene.gateway.raw(twoLines)).status, 400)
  t.equal((await scene.get('/go/api/agents', bearer(token.replace(/.$/, '')))).body.toString(), invalid)
})
