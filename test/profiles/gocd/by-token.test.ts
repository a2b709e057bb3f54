/**
 * Tokens manage no tokens: in no spelling, with no method, and wherever the API is served.
 * @module
 */

import t from 'tap'
import { allTokens, bearer, invalid, ownTokens, startScene, v1 } from './scene.ts'

const forbidden =
  '{\n  "message": "Unsupported operation: Accessing this API using access token is forbidden."\n}'

for (const tokens of ['upstream', 'gateway'] as const) {
  t.test(`G15 with tokens of ${tokens}, the API of tokens is closed to them`, async (t) => {
    const { gocd, gateway, send, importToken } = await startScene(t, tokens)
    const { text, id } = await importToken()
    const before = gocd.forwarded().length
    const paths = [ownTokens, allTokens].flatMap((path) => [
      path,
      `${path}/1`,
      `${path}/1/revoke`,
      `${path}/${id}/revoke`,
      `${path}/`,
    ])
    const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
    for (const path of paths) {
      for (const method of methods) {
        const { status, body } = await send(method, path, [bearer(text), v1])
        t.equal(status, 403, `${method} ${path}`)
        t.equal(body.toString(), forbidden)
      }
      t.equal((await send('HEAD', path, [bearer(text)])).status, 403)
    }
    t.equal(gocd.forwarded().length, before)
    t.equal((await gateway.store.showToken(id))?.revokedAt, undefined)
  })

  t.test(`G15 with tokens of ${tokens}, no spelling of the path gets round that`, async (t) => {
    const { gocd, send, importToken } = await startScene(t, tokens)
    const { text } = await importToken()
    const before = gocd.forwarded().length
    const spellings: readonly (readonly [path: string, status: number])[] = [
      ['/go/api/current_user/access%5Ftokens', 403],
      ['/go/%61pi/current_user/access_tokens', 403],
      ['/%67o/api/%63urrent_user/access_token%73', 403],
      ['/go/api/CURRENT_USER/Access_Tokens', 403],
      ['/go/api/./current_user/access_tokens', 400],
      ['/go/api/x/../current_user/access_tokens', 400],
      ['/go/api/%2e/current_user/access_tokens', 400],
      ['/go//api/current_user/access_tokens', 400],
      ['//go/api/current_user/access_tokens', 400],
      ['/go/api/current_user//access_tokens', 400],
      ['/go/api/current_user/access_tokens;x', 400],
      ['/go/api/current_user;x=1/access_tokens', 400],
      ['/go/api;jsessionid=of-alice/current_user/access_tokens', 400],
      ['/go/api/current_user%2faccess_tokens', 400],
      ['/go/api/current_user%2Faccess_tokens', 400],
      ['/go/api/current_user\\access_tokens', 400],
      ['/go/api/current_user%5caccess_tokens', 400],
      ['/go/api/current_user/access_tokens%00', 400],
      ['/go/api/current_user/access_tokens%3b', 400],
      ['/go/api/current_user/access_%2574okens', 400],
    ]
    for (const [path, status] of spellings) {
      for (const method of ['GET', 'POST']) {
        t.equal((await send(method, path, [bearer(text), v1])).status, status, `${method} ${path}`)
      }
    }
    t.equal(gocd.forwarded().length, before)
    const overridden = [
      bearer(text),
      v1,
      ['X-HTTP-Method-Override', 'POST'],
      ['X-Original-URL', ownTokens],
    ] as const
    t.equal((await send('GET', '/go/api/agents', overridden)).status, tokens === 'upstream' ? 200 : 401)
    for (const { headers } of gocd.forwarded()) {
      t.notOk(headers.some(([name]) => /^x-(http-method-override|original-url)$/i.test(name)))
    }
  })

  t.test(`G15 with tokens of ${tokens}, a bad token is told that it is bad`, async (t) => {
    const { gocd, send } = await startScene(t, tokens)
    for (const text of ['bad', '0'.repeat(40)]) {
      const { status, body } = await send('GET', ownTokens, [bearer(text), v1])
      t.equal(status, 401)
      t.equal(body.toString(), invalid)
    }
    t.equal(gocd.forwarded().length, 0)
  })
}

t.test('a password still gets to the API of a GoCD that has one', async (t) => {
  const { gocd, send } = await startScene(t, 'upstream')
  const { status, body } = await send('GET', ownTokens, [
    ['Authorization', `Basic ${btoa('bob:builder')}`],
    v1,
  ])
  t.equal(status, 200)
  t.equal(body.toString(), 'tokens of bob')
  t.equal(gocd.forwarded().length, 1)
})
