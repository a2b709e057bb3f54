/**
 * Where a bearer token counts before GoCD and where it does not, in which grammar, and what goes up with it. GoCD has
 * tokens of its own here, and checks what it gets.
 * @module
 */

import t from 'tap'
import { basic, bearer, invalid, startScene } from './scene.ts'

const json = 'application/json;charset=utf-8'

t.test('G1 an active token passes on /go/api/agents, and goes up as it came', async (t) => {
  const { gocd, get, importToken } = await startScene(t, 'upstream')
  const { text } = await importToken()
  for (const path of [
    '/go/api/agents',
    '/go/api',
    '/go/files/p/1/s/1/j/a.txt',
    '/go/cctray.xml',
    '/go/api/agents?x=1',
  ]) {
    const { status, body } = await get(path, bearer(text))
    t.equal(status, 200, path)
    t.equal(body.toString(), 'as alice')
    const received = gocd.forwarded().at(-1)
    t.equal(received?.target, path)
    t.strictSame(received?.header('authorization'), [`Bearer ${text}`])
    t.notOk(received?.headers.some(([name]) => /^x-sallyport/i.test(name)))
  }
})

t.test('G2 39 or 41 characters are no token, and nothing is looked up', async (t) => {
  const { gocd, gateway, get, importToken } = await startScene(t, 'upstream')
  const { text } = await importToken()
  const asked = () => gateway.metric('sallyport_store_queries_total{operation="find"}')
  const before = await asked()
  const sent = gocd.forwarded().length
  for (const wrong of [
    text.slice(1),
    `${text}0`,
    '',
    'x',
    `${text}${text}`,
    'g'.repeat(40),
    'a'.repeat(4000),
  ]) {
    const { status, body, header } = await get('/go/api/agents', bearer(wrong))
    // A value of spaces alone is no bearer token to anybody: GoCD finds no credential at all.
    if (wrong === '') {
      t.equal(status, 401)
      continue
    }
    t.equal(status, 401, wrong.slice(0, 50))
    t.equal(body.toString(), invalid)
    t.strictSame(header('content-type'), [json])
    t.strictSame(header('www-authenticate'), [])
  }
  t.equal(await asked(), before)
  t.equal(gocd.forwarded().length, sent + 1, 'only what has no token in it went up')
  t.strictSame(gocd.forwarded().at(-1)?.header('authorization'), [])
})

t.test('G3 G4 G5 an unknown salt id, a wrong secret and a token in capitals are told the same', async (t) => {
  const { gocd, get, importToken } = await startScene(t, 'upstream')
  const { text } = await importToken()
  const ofOtherSalt = (text.startsWith('0') ? '1' : '0') + text.slice(1)
  const ofOtherSecret =
    text.slice(0, -5) + text.slice(-5).replace(/./g, (digit) => (digit === '0' ? '1' : '0'))
  const capitals = text.replace(/\d/, 'a').toUpperCase()
  gocd.tokens.set(capitals, { user: 'alice' })
  const sent = gocd.forwarded().length
  for (const wrong of [ofOtherSalt, ofOtherSecret, capitals, text.toUpperCase()]) {
    const { status, body, header } = await get('/go/api/agents', bearer(wrong))
    t.equal(status, 401)
    t.equal(body.toString(), invalid)
    t.strictSame(header('www-authenticate'), [])
  }
  t.equal(gocd.forwarded().length, sent)
})

t.test('G11 the scheme is bearer in any case', async (t) => {
  const { gocd, get, importToken } = await startScene(t, 'upstream')
  const { text } = await importToken()
  for (const scheme of ['bearer', 'Bearer', 'BEARER', 'bEaReR']) {
    t.equal((await get('/go/api/agents', bearer(text, scheme))).status, 200, scheme)
    t.strictSame(gocd.forwarded().at(-1)?.header('authorization'), [`${scheme} ${text}`])
  }
})

t.test('G12 after exactly one space: a second one is part of the token', async (t) => {
  const { gocd, get, importToken } = await startScene(t, 'upstream')
  const { text } = await importToken()
  const sent = gocd.forwarded().length
  for (const scheme of ['Bearer ', 'Bearer \t']) {
    const { status, body } = await get('/go/api/agents', bearer(text, scheme))
    t.equal(status, 401)
    t.equal(body.toString(), invalid)
  }
  t.equal(gocd.forwarded().length, sent)
  const { status, body } = await get('/go/api/agents', ['Authorization', `Bearer\t${text}`])
  t.equal(status, 401, 'with a tab it is no bearer token to GoCD')
  t.match(body.toString(), 'You are not authenticated!')
  t.strictSame(gocd.forwarded().at(-1)?.header('authorization'), [], 'and goes nowhere')
})

t.test('G13 on pages for people a bearer token is ignored, and does not go up', async (t) => {
  const { gocd, get, importToken } = await startScene(t, 'upstream')
  const { text } = await importToken()
  const pages = [
    '/go/pipelines',
    '/go/admin/agents',
    '/go/',
    '/',
    '/go',
    '/go/apis',
    '/go/API/agents',
    '/go/cctray.xml/',
    '/go/cctray.xmlx',
  ]
  for (const path of pages) {
    for (const credential of [text, 'nonsense', '0'.repeat(40)]) {
      const { status, body } = await get(path, bearer(credential))
      t.equal(status, 200, path)
      t.equal(body.toString(), 'page for nobody')
      t.strictSame(gocd.forwarded().at(-1)?.header('authorization'), [])
    }
  }
  const { body } = await get('/go/pipelines', bearer(text), ['Cookie', 'JSESSIONID=of-alice'])
  t.equal(body.toString(), 'page for alice', 'the session counts as if there were no token')
})

t.test('G14 the repository of the configuration and webhooks take no bearer token', async (t) => {
  const { gocd, get, send, importToken } = await startScene(t, 'upstream')
  const { text } = await importToken()
  for (const path of [
    '/go/api/config-repository.git',
    '/go/api/config-repository.git/info/refs?service=git-upload-pack',
  ]) {
    const { status, header } = await get(path, bearer(text))
    t.equal(status, 401, path)
    t.strictSame(header('www-authenticate'), ['Basic realm="GoCD"'], "GoCD's own answer")
    t.strictSame(gocd.forwarded().at(-1)?.header('authorization'), [])
  }
  t.equal((await get('/go/api/config-repository.git', basic('bob', 'builder'))).status, 200)
  t.equal((await send('POST', '/go/api/webhooks/github/notify', [bearer(text)], '{}')).status, 202)
  t.strictSame(gocd.forwarded().at(-1)?.header('authorization'), [])
  t.equal(
    (await get('/go/api/config-repository.gitx', bearer(text))).status,
    200,
    'another name is another thing',
  )
})

t.test('G29 of two tokens, the one that is not revoked goes on working', async (t) => {
  const { gateway, get, importToken } = await startScene(t, 'upstream')
  const [one, other] = [await importToken(), await importToken()]
  t.equal((await get('/go/api/agents', bearer(one.text))).status, 200)
  await gateway.store.revokeToken(one.id, { at: Date.now(), by: 'root', origin: 'test', cause: '' })
  await new Promise((resolve) => setTimeout(resolve, 300))
  t.equal((await get('/go/api/agents', bearer(one.text))).status, 401)
  t.equal((await get('/go/api/agents', bearer(other.text))).status, 200)
})

t.test("G30 with a token, a session of somebody else's decides nothing, and none is begun", async (t) => {
  const { gocd, get, importToken } = await startScene(t, 'upstream')
  const { text } = await importToken('bob')
  const cookies = [
    ['Cookie', 'JSESSIONID=of-alice'],
    ['cookie', 'a=b'],
    ['COOKIE2', '$Version=1'],
  ] as const
  const { status, body, header } = await get('/go/api/agents', ...cookies, bearer(text))
  t.equal(status, 200)
  t.equal(body.toString(), 'as bob')
  t.strictSame(header('set-cookie'), [])
  t.notOk(
    gocd
      .forwarded()
      .at(-1)
      ?.headers.some(([name]) => /cookie/i.test(name)),
  )
})

t.test('G30 a revoked token does not come in by the session that came of it', async (t) => {
  const { gocd, gateway, get, importToken } = await startScene(t, 'upstream')
  const { text, id } = await importToken()
  await gateway.store.revokeToken(id, { at: Date.now(), by: 'root', origin: 'test', cause: '' })
  await new Promise((resolve) => setTimeout(resolve, 300))
  const sent = gocd.forwarded().length
  t.equal((await get('/go/api/agents', bearer(text), ['Cookie', 'JSESSIONID=of-alice'])).status, 401)
  t.equal(gocd.forwarded().length, sent)
})

t.test('passwords and sessions go up untouched, both ways', async (t) => {
  const { gocd, get } = await startScene(t, 'upstream')
  const byPassword = await get('/go/api/agents', basic('alice', 'wonder:land'))
  t.equal(byPassword.body.toString(), 'as alice')
  t.strictSame(byPassword.header('set-cookie'), ['JSESSIONID=of-alice;Path=/go;HttpOnly'])
  t.strictSame(gocd.forwarded().at(-1)?.header('authorization'), [basic('alice', 'wonder:land')[1]])
  t.equal((await get('/go/api/agents', ['Cookie', 'JSESSIONID=of-alice'])).body.toString(), 'as alice')
  t.strictSame(gocd.forwarded().at(-1)?.header('cookie'), ['JSESSIONID=of-alice'])
  t.match((await get('/go/api/agents')).body.toString(), 'You are not authenticated!')
  t.equal((await get('/go/pipelines')).body.toString(), 'page for nobody')
  t.equal((await get('/go/api/agents', ['Authorization', 'Negotiate abc'])).status, 401)
  t.strictSame(gocd.forwarded().at(-1)?.header('authorization'), ['Negotiate abc'])
})

t.test('in shadow mode GoCD decides, on what the client sent', async (t) => {
  const route = {
    match: { path: '/{path*}' },
    upstream: 'gocd',
    profile: { gocd: {} },
    mode: 'shadow',
    authorize: { bindings: { upstream: 'gocd' } },
  } as const
  const { gocd, get } = await startScene(t, 'upstream', { input: { routes: [route] } })
  const unknown = '0123456789'.repeat(4)
  gocd.tokens.set(unknown, { user: 'bob' })
  t.equal((await get('/go/api/agents', bearer(unknown))).body.toString(), 'as bob')
  t.equal((await get('/go/api/agents', bearer('bad'))).body.toString(), invalid)
  t.strictSame(gocd.forwarded().at(-1)?.header('authorization'), ['Bearer bad'])
})

t.test('whatever method a bad token comes with, it goes nowhere', async (t) => {
  const { gocd, send } = await startScene(t, 'upstream')
  for (const method of ['HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
    const { status, body } = await send(method, '/go/api/agents', [bearer('0'.repeat(40))])
    t.equal(status, 401, method)
    t.equal(body.toString(), method === 'HEAD' ? '' : invalid)
  }
  t.equal(gocd.forwarded().length, 0)
})
