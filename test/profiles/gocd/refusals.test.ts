/**
 * What the holder of a token is told when it is not taken, in which form, and who is told that it was revoked.
 * @module
 */

import t from 'tap'
import { deleteSubject } from '../../../src/tokens/life/delete-subject.ts'
import { basic, bearer, invalid, startScene } from './scene.ts'
import { badLogin } from './upstream.ts'

const act = (at: number) => ({ at, by: 'root', origin: 'test', cause: 'lost' })
const caughtUp = () => new Promise((resolve) => setTimeout(resolve, 300))
const message = (sentence: string) => JSON.stringify({ message: sentence }, null, 2)

t.test('G6 whoever has the secret of a revoked token is told when it was revoked', async (t) => {
  const { gocd, gateway, get, importToken } = await startScene(t, 'upstream')
  const { text, id } = await importToken()
  await gateway.store.revokeToken(id, act(Date.UTC(2019, 1, 18, 10, 25, 30, 123)))
  await caughtUp()
  const sent = gocd.forwarded().length
  const { status, body, header } = await get('/go/api/agents', bearer(text))
  t.equal(status, 401)
  t.equal(
    body.toString(),
    '{\n  "message": "Invalid Personal Access Token. Access token was revoked at: 2019-02-18 10:25:30.123"\n}',
  )
  t.strictSame(header('www-authenticate'), [])
  t.equal(gocd.forwarded().length, sent)
})

t.test('G7 whoever has only its salt id is not', async (t) => {
  const { gateway, get, importToken } = await startScene(t, 'upstream')
  const { text, id } = await importToken()
  await gateway.store.revokeToken(id, act(Date.now()))
  await caughtUp()
  const { status, body } = await get('/go/api/agents', bearer(text.slice(0, 8) + '0'.repeat(32)))
  t.equal(status, 401)
  t.equal(body.toString(), invalid)
})

t.test('G8 the token of a deleted user is an invalid one, and not a revoked one', async (t) => {
  const { gateway, get, importToken } = await startScene(t, 'upstream')
  const { text } = await importToken()
  await deleteSubject(gateway.store, { now: Date.now }, 'alice', { by: 'root', origin: 'test' })
  await caughtUp()
  const { status, body } = await get('/go/api/agents', bearer(text))
  t.equal(status, 401)
  t.equal(body.toString(), invalid)
})

t.test(
  'G9 what GoCD says of an authorization configuration that is gone reaches the client unchanged',
  async (t) => {
    const { gocd, get, importToken } = await startScene(t, 'upstream')
    const { text } = await importToken()
    const sentence =
      'Can not find authorization configuration "ldap" to which the requested personal access token belongs. Authorization Configuration "ldap" might have been renamed or deleted. Please revoke the existing token and create a new one for the same.'
    gocd.tokens.set(text, { refused: sentence })
    const { status, body, header } = await get('/go/api/agents', bearer(text))
    t.equal(status, 401)
    t.equal(body.toString(), message(sentence))
    t.strictSame(header('www-authenticate'), [])
  },
)

t.test('G10 the owner of a token is told when disabled', async (t) => {
  const { gocd, gateway, get, importToken } = await startScene(t, 'upstream')
  const { text } = await importToken()
  await gateway.store.setSubjectStatus('alice', 'disabled', act(Date.now()))
  await caughtUp()
  const sent = gocd.forwarded().length
  const { status, body, header } = await get('/go/api/agents', bearer(text))
  t.equal(status, 401)
  t.equal(body.toString(), message('Your account has been disabled by the administrator'))
  t.strictSame(header('www-authenticate'), [])
  t.equal(gocd.forwarded().length, sent)
})

const xml = '<access-denied>\n  <message>Invalid Personal Access Token.</message>\n</access-denied>\n'

t.test('G16 whoever accepts XML is told in XML', async (t) => {
  const { get } = await startScene(t, 'upstream')
  for (const type of ['application/xml', 'text/xml']) {
    const { status, body, header } = await get('/go/api/agents', bearer('bad'), ['Accept', type])
    t.equal(status, 401)
    t.equal(body.toString(), xml)
    t.strictSame(header('content-type'), [`${type};charset=utf-8`])
  }
})

t.test('G17 /go/cctray.xml is told in XML without being asked', async (t) => {
  const { get } = await startScene(t, 'upstream')
  for (const accept of [[], [['Accept', '*/*']], [['Accept', 'image/png, nonsense']]] as const) {
    const { status, body, header } = await get('/go/cctray.xml', bearer('bad'), ...accept)
    t.equal(status, 401)
    t.equal(body.toString(), xml)
    t.strictSame(header('content-type'), ['application/xml;charset=utf-8'])
  }
  const asked = await get('/go/cctray.xml', bearer('bad'), ['Accept', 'application/json'])
  t.equal(asked.body.toString(), invalid)
})

t.test('the form is the one that the client likes best of those that GoCD has', async (t) => {
  const { get } = await startScene(t, 'upstream')
  const forms: readonly (readonly [accept: string, type: string])[] = [
    ['application/vnd.go.cd.v1+json', 'application/vnd.go.cd.v1+json'],
    ['application/vnd.go.cd.v99+json', 'application/vnd.go.cd.v99+json'],
    ['application/vnd.go.cd.v100+json', 'application/json'],
    ['application/vnd.go.cd+json', 'application/json'],
    ['text/xml;q=0.2, application/json;q=0.9', 'application/json'],
    ['text/xml;q=0.9, application/json;q=0.2', 'text/xml'],
    ['text/html, TEXT/XML', 'text/xml'],
    ['application/xml;charset=utf-8', 'application/json'],
    ['application/xml, broken', 'application/json'],
    ['application/xml;q=2', 'application/json'],
  ]
  for (const [accept, type] of forms) {
    const { header } = await get('/go/api/agents', bearer('bad'), ['Accept', accept])
    t.strictSame(header('content-type'), [`${type};charset=utf-8`], accept)
  }
})

t.test('G18 a bad password is answered by GoCD, with its challenge', async (t) => {
  const { gocd, get } = await startScene(t, 'upstream')
  const { status, body, header } = await get('/go/api/agents', basic('alice', 'wrong'))
  t.equal(status, 401)
  t.equal(body.toString(), message(badLogin))
  t.strictSame(header('www-authenticate'), ['Basic realm="GoCD"'])
  t.strictSame(gocd.forwarded().at(-1)?.header('authorization'), [basic('alice', 'wrong')[1]])
})

t.test('G19 to a script of a page without it', async (t) => {
  const { gocd, get } = await startScene(t, 'upstream')
  const { status, header } = await get('/go/api/agents', basic('alice', 'wrong'), [
    'X-Requested-With',
    'XMLHttpRequest',
  ])
  t.equal(status, 401)
  t.strictSame(header('www-authenticate'), [])
  t.strictSame(gocd.forwarded().at(-1)?.header('x-requested-with'), ['XMLHttpRequest'])
})

t.test('a token that may not do what is asked is told so in the words of GoCD', async (t) => {
  const { gocd, get, send, importToken } = await startScene(t, 'upstream')
  const forbidden = message('You are not authorized to access this resource!')
  const reader = await importToken('alice', { access: 'read-only' })
  t.equal((await get('/go/api/agents', bearer(reader.text))).status, 200)
  const elsewhere = await importToken('alice', { bindings: { upstream: ['other'] } })
  const unbound = await importToken('alice', { bindings: {} })
  const sent = gocd.forwarded().length
  for (const [method, text] of [
    ['POST', reader.text],
    ['GET', elsewhere.text],
    ['GET', unbound.text],
  ] as const) {
    const { status, body, header } = await send(method, '/go/api/agents', [bearer(text)])
    t.equal(status, 403)
    t.equal(body.toString(), forbidden)
    t.strictSame(header('www-authenticate'), [])
  }
  t.equal(gocd.forwarded().length, sent)
})

t.test("the gateway's own kind of token is of no form that GoCD has", async (t) => {
  const { gateway, get } = await startScene(t, 'upstream')
  const own = await gateway.issue({ kind: 'personal', bindings: { upstream: ['gocd'] } })
  const { status, body } = await get('/go/api/agents', bearer(own.text))
  t.equal(status, 401)
  t.equal(body.toString(), invalid)
})
