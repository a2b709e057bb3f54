/**
 * The API of access tokens as the gateway serves it before a GoCD that has none: with GoCD's documents, statuses and
 * sentences, for whoever GoCD says that it is.
 * @module
 */

import t from 'tap'
import type { RawAnswer } from '../../support/raw-request.ts'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { allTokens, basic, bearer, ownTokens, type Scene, startScene, v1 } from './scene.ts'
import { badLogin } from './upstream.ts'

const alice = basic('alice', 'wonder:land')
const bob = basic('bob', 'builder')
const root = basic('root', 'toor')
const typed: HeaderLine = ['Content-Type', 'application/json']
const nobody = '00000000-0000-7000-8000-000000000000'

const message = (sentence: string) => JSON.stringify({ message: sentence }, null, 2)
const documentOf = ({ body }: RawAnswer) => JSON.parse(body.toString())
const create = ({ send }: Scene, login: HeaderLine, body: string) =>
  send('POST', ownTokens, [login, v1, typed], body)
const made = async (scene: Scene, login: HeaderLine, description = 'x') =>
  documentOf(await create(scene, login, JSON.stringify({ description })))
const idsIn = (answer: RawAnswer) =>
  documentOf(answer)._embedded.access_tokens.map(({ id }: { id: string }) => id)

t.test('G22 a token is made, works as its user, and is shown once', async (t) => {
  const now = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
  const scene = await startScene(t, 'gateway', { clock: { now: () => now } })
  const answer = await create(scene, alice, '{"description":"x"}')
  t.equal(answer.status, 200)
  t.strictSame(answer.header('content-type'), ['application/vnd.go.cd.v1+json; charset=utf-8'])
  t.strictSame(answer.header('cache-control'), ['no-store'])
  const { id, token } = documentOf(answer)
  t.match(token, /^[0-9a-f]{40}$/)
  const place = `http://127.0.0.1:${scene.gateway.port}${ownTokens}`
  const links = {
    self: { href: `${place}/${id}` },
    doc: { href: 'https://api.gocd.org/current/#access-tokens' },
    find: { href: `${place}/:id` },
  }
  const shown = {
    _links: links,
    id,
    description: 'x',
    username: 'alice',
    revoked: false,
    revoke_cause: null,
    revoked_by: null,
    revoked_at: null,
    created_at: '2026-01-02T03:04:05Z',
    last_used_at: null,
  }
  t.equal(answer.body.toString(), JSON.stringify({ ...shown, token }, null, 2))
  const later = await scene.get(`${ownTokens}/${id}`, alice, v1)
  t.equal(later.status, 200)
  t.equal(later.body.toString(), JSON.stringify(shown, null, 2))
  t.equal(scene.gocd.forwarded().length, 0, 'GoCD was asked who that is, and for nothing else')

  const used = await scene.get('/go/api/agents', bearer(token))
  t.equal(used.status, 200)
  t.equal(used.body.toString(), 'as alice')
  t.strictSame(scene.gocd.forwarded().at(-1)?.header('authorization'), [alice[1]])
})

t.test('G21 a token needs a description', async (t) => {
  const scene = await startScene(t, 'gateway')
  for (const body of [
    '{}',
    '',
    ' ',
    '{"description":null}',
    '{"description":""}',
    '{"description":" \\t"}',
  ]) {
    const answer = await create(scene, alice, body)
    t.equal(answer.status, 422, body)
    const document = documentOf(answer)
    t.strictSame(document.errors, { description: ['must not be blank'] })
    t.strictSame(Object.keys(document._links), ['doc', 'find'])
    t.notOk('token' in document || 'id' in document)
  }
  t.equal((await create(scene, alice, JSON.stringify({ description: 'y'.repeat(257) }))).status, 422)
  t.equal((await create(scene, alice, '{"description":"a\\nb"}')).status, 422)
  t.equal((await create(scene, alice, '{"description":7}')).status, 422)
  t.strictSame(idsIn(await scene.get(ownTokens, alice, v1)), [])
})

t.test('a body that is no JSON object is refused, and nothing in one passes for an answer', async (t) => {
  const scene = await startScene(t, 'gateway')
  for (const body of ['x', '[]', '"x"', '{"description":"a","description":"b"}', '{']) {
    const answer = await create(scene, alice, body)
    t.equal(answer.status, 400, body)
    t.equal(answer.body.toString(), message('Payload data is not valid JSON.'))
  }
  const forged = '{"description":"x","status":200,"document":{},"refused":true,"code":"not_found"}'
  t.equal((await create(scene, alice, forged)).status, 200)
  t.equal((await create(scene, alice, JSON.stringify({ description: 'z'.repeat(70_000) }))).status, 413)
  t.equal(idsIn(await scene.get(ownTokens, alice, v1)).length, 1)
})

t.test('G20 lists are of active tokens unless a filter says otherwise', async (t) => {
  const scene = await startScene(t, 'gateway')
  const [kept, lost] = [await made(scene, alice), await made(scene, alice)]
  await made(scene, bob)
  await scene.send('POST', `${ownTokens}/${lost.id}/revoke`, [alice, v1])
  const list = (query: string) => scene.get(ownTokens + query, alice, v1)
  for (const query of ['', '?filter=active', '?filter=', '?filter=%20', '?other=all']) {
    t.strictSame(idsIn(await list(query)), [kept.id], query)
  }
  t.strictSame(idsIn(await list('?filter=all')).toSorted(), [kept.id, lost.id].toSorted())
  t.strictSame(idsIn(await list('?filter=revoked')), [lost.id])
  const { _links } = documentOf(await list(''))
  t.strictSame(_links, {
    self: { href: `http://127.0.0.1:${scene.gateway.port}${ownTokens}` },
    doc: { href: 'https://api.gocd.org/current/#access-tokens' },
  })
  const bad = await list('?filter=bad-value')
  t.equal(bad.status, 400)
  t.equal(
    bad.body.toString(),
    message(
      'Value `bad-value` is not allowed for query parameter named `filter`. Valid values are active, all, revoked.',
    ),
  )
})

t.test('G23 a token is revoked once, everywhere at once, and for ever', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { id, token } = await made(scene, alice)
  t.equal((await scene.get('/go/api/agents', bearer(token))).status, 200)
  const revoke = (body?: string) => scene.send('POST', `${ownTokens}/${id}/revoke`, [alice, v1, typed], body)
  const first = await revoke('{"revoke_cause":"laptop lost"}')
  t.equal(first.status, 200)
  t.match(documentOf(first), { id, revoked: true, revoke_cause: 'laptop lost', revoked_by: 'alice' })
  t.match(documentOf(first).revoked_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  const sent = scene.gocd.forwarded().length
  const refused = await scene.get('/go/api/agents', bearer(token))
  t.equal(refused.status, 401, 'with the answer it was over')
  t.match(
    refused.body.toString(),
    /"Invalid Personal Access Token\. Access token was revoked at: [-\d]{10} [:\d]{8}\.\d{3}"/,
  )
  t.equal(scene.gocd.forwarded().length, sent)
  const second = await revoke()
  t.equal(second.status, 409)
  t.equal(second.body.toString(), message('Access token has already been revoked!'))
  const unknown = await scene.send('POST', `${ownTokens}/${nobody}/revoke`, [alice, v1])
  t.equal(unknown.status, 404)
  t.equal(unknown.body.toString(), message(`Access token with id '${nobody}' was not found!`))
})

t.test("G24 somebody else's token is not there, except for an administrator", async (t) => {
  const scene = await startScene(t, 'gateway')
  const { id, token } = await made(scene, bob)
  for (const [method, path] of [
    ['GET', `${ownTokens}/${id}`],
    ['POST', `${ownTokens}/${id}/revoke`],
  ] as const) {
    const { status, body } = await scene.send(method, path, [alice, v1])
    t.equal(status, 404)
    t.equal(body.toString(), message(`Access token with id '${id}' was not found!`))
  }
  t.equal((await scene.get('/go/api/agents', bearer(token))).status, 200)
  t.equal((await scene.get(`${ownTokens}/${id}`, root, v1)).status, 200)
  t.equal((await scene.send('POST', `${ownTokens}/${id}/revoke`, [root, v1])).status, 200)
  t.equal((await scene.get('/go/api/agents', bearer(token))).status, 401)
})

t.test('the API of all tokens is for administrators', async (t) => {
  const scene = await startScene(t, 'gateway')
  const mine = await made(scene, alice)
  const his = await made(scene, bob)
  t.strictSame(idsIn(await scene.get(allTokens, root, v1)), [his.id, mine.id])
  const shown = documentOf(await scene.get(`${allTokens}/${mine.id}`, root, v1))
  t.match(shown, { username: 'alice', revoked_because_user_deleted: false })
  t.strictSame(shown._links.self, { href: `http://127.0.0.1:${scene.gateway.port}${allTokens}/${mine.id}` })
  t.equal((await scene.send('POST', `${allTokens}/${mine.id}/revoke`, [root, v1])).status, 200)
  t.match(documentOf(await scene.get(`${ownTokens}/${mine.id}`, alice, v1)), { revoked_by: 'root' })
  t.equal(
    (await scene.send('POST', allTokens, [root, v1, typed], '{"description":"x"}')).status,
    404,
    'nobody makes them there',
  )
  for (const [method, path] of [
    ['GET', allTokens],
    ['GET', `${allTokens}/${his.id}`],
    ['POST', `${allTokens}/${his.id}/revoke`],
  ] as const) {
    const { status, body, header } = await scene.send(method, path, [alice, v1])
    t.equal(status, 403)
    t.equal(body.toString(), message('You are not authorized to perform this action.'))
    t.strictSame(header('www-authenticate'), [])
  }
})

t.test('what GoCD has no route for is not found', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { id } = await made(scene, alice)
  const sent = scene.gocd.forwarded().length
  const cases: readonly (readonly [method: string, path: string, ...headers: HeaderLine[]])[] = [
    ['GET', ownTokens],
    ['GET', ownTokens, ['Accept', '*/*']],
    ['GET', ownTokens, ['Accept', 'application/vnd.go.cd.v2+json']],
    ['DELETE', `${ownTokens}/${id}`, v1],
    ['PUT', `${ownTokens}/${id}`, v1],
    ['GET', `${ownTokens}/`, v1],
    ['GET', `${ownTokens}/${id}/revoke`, v1],
    ['POST', `${ownTokens}/${id}`, v1],
    ['POST', `${ownTokens}/${id}/unrevoke`, v1],
    ['POST', `${ownTokens}/${id}/revoke/x`, v1],
  ]
  for (const [method, path, ...headers] of cases) {
    const { status, body } = await scene.send(method, path, [alice, ...headers])
    t.equal(status, 404, `${method} ${path}`)
    t.equal(body.toString(), message('The url you are trying to reach appears to be incorrect.'))
  }
  t.equal((await scene.get(ownTokens, alice, ['Accept', 'application/vnd.go.cd+json'])).status, 200)
  t.equal((await scene.send('HEAD', ownTokens, [alice, v1])).status, 200)
  t.equal(scene.gocd.forwarded().length, sent)
})

t.test(
  'G18 G19 whoever does not log in, or wrongly, is asked for a password, unless a script asks',
  async (t) => {
    const scene = await startScene(t, 'gateway')
    const cases: readonly (readonly [sentence: string, ...HeaderLine[]])[] = [
      ['You are not authenticated!'],
      ['You are not authenticated!', ['Cookie', 'JSESSIONID=of-alice']],
      ['You are not authenticated!', ['Authorization', 'Negotiate x']],
      ['You are not authenticated!', ['Authorization', 'Bearer']],
      [badLogin, basic('alice', 'wrong')],
      [badLogin, basic('nobody', 'x')],
      ['Invalid basic authentication credentials specified in request.', ['Authorization', 'Basic Ym9i']],
      ['Invalid basic authentication credentials specified in request.', ['Authorization', 'Basic !!!!']],
      ['Invalid basic authentication credentials specified in request.', ['Authorization', 'Basic']],
      ['Invalid basic authentication credentials specified in request.', ['Authorization', 'Basic /////w==']],
    ]
    for (const [sentence, ...headers] of cases) {
      const { status, body, header } = await scene.get(ownTokens, v1, ...headers)
      t.equal(status, 401, sentence)
      t.equal(body.toString(), message(sentence))
      t.strictSame(header('www-authenticate'), ['Basic realm="GoCD"'])
      const ofScript = await scene.get(ownTokens, v1, ['X-Requested-With', 'XMLHttpRequest'], ...headers)
      t.equal(ofScript.status, 401)
      t.strictSame(ofScript.header('www-authenticate'), [])
    }
    t.equal((await scene.get(ownTokens, v1, alice, bob)).status, 400, 'two logins')
    t.equal(
      (await scene.get(ownTokens, v1, alice, bearer('0'.repeat(40)))).status,
      400,
      'a login and a token',
    )
    t.equal(scene.gocd.forwarded().length, 0)
  },
)

t.test('a page of another site cannot have a browser make or revoke tokens', async (t) => {
  const scene = await startScene(t, 'gateway')
  const { id } = await made(scene, alice)
  const own: HeaderLine = ['Origin', `https://127.0.0.1:${scene.gateway.port}`]
  for (const origin of ['https://evil.example', 'null', '']) {
    const headers = [alice, v1, ['Origin', origin] as const]
    t.equal((await scene.send('POST', `${ownTokens}/${id}/revoke`, headers)).status, 403, origin)
    t.equal((await scene.send('POST', ownTokens, [...headers, typed], '{"description":"x"}')).status, 403)
  }
  t.equal((await scene.send('POST', `${ownTokens}/${id}/revoke`, [alice, v1, own])).status, 200)
})

t.test('with its security off, GoCD has no tokens', async (t) => {
  const scene = await startScene(t, 'gateway')
  scene.gocd.isSecured = false
  const { status, body } = await scene.get(ownTokens, alice, v1)
  t.equal(status, 422)
  t.equal(body.toString(), message('Security must be enabled for this feature to work!'))
})

t.test('links are of the address that clients know', async (t) => {
  const scene = await startScene(t, 'gateway', { profile: { publicUrl: 'https://ci.example.org/' } })
  const { _links } = await made(scene, alice)
  t.match(
    _links.self.href,
    /^https:\/\/ci\.example\.org\/go\/api\/current_user\/access_tokens\/[-0-9a-f]{36}$/,
  )
})
