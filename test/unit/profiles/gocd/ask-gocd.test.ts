/**
 * GoCD's word is taken for what it says and for nothing more: an answer that is neither yes nor no is no answer.
 * @module
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { upstream as upstreamSettings } from '../../../../src/config/schema/upstream.ts'
import { openClient, openUpstream } from '../../../../src/forward/upstreams.ts'
import { Secret } from '../../../../src/lib/secret.ts'
import { GocdQuestions } from '../../../../src/profiles/gocd/ask-gocd.ts'

let answer: readonly [status: number, body: string] = [500, '']
const server = createServer((_request, response) => response.writeHead(answer[0]).end(answer[1]))
await once(server.listen(0, '127.0.0.1'), 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const upstream = openUpstream('gocd', upstreamSettings.parse({ url }), openClient)
t.teardown(async () => {
  await upstream.client.close()
  server.close()
})
const questions = new GocdQuestions({ upstream, deadlineMs: 5_000, adminPath: '/go/api/admins' })

function whoIs(status: number, body: string) {
  answer = [status, body]
  return questions.whoIs(new Secret('Basic x'))
}

t.test('a login is of whom GoCD says', async (t) => {
  t.same(await whoIs(200, '{"login_name":"Alice"}'), { outcome: 'user', name: 'alice' })
  t.same(await whoIs(200, '{"login_name":"Alice","enabled":true}'), { outcome: 'user', name: 'alice' })
  t.same(await whoIs(200, '{"login_name":"anonymous"}'), { outcome: 'security-off' })
  t.match(await whoIs(200, '{"login_name":"alice","enabled":false}'), { outcome: 'refused' })
  t.same(await whoIs(401, '{"message":"Go away"}'), { outcome: 'refused', sentence: 'Go away' })
  t.match(await whoIs(401, '<html>'), { outcome: 'refused', sentence: /^Invalid credentials\./ })
  t.match(await whoIs(401, JSON.stringify({ message: 'x'.repeat(501) })), {
    sentence: /^Invalid credentials\./,
  })
})

t.test('any other answer is none', async (t) => {
  const others: readonly (readonly [number, string])[] = [
    [200, ''],
    [200, '<html>alice</html>'],
    [200, '{}'],
    [200, '{"login_name":""}'],
    [200, '{"login_name":7}'],
    [200, '["login_name"]'],
    [200, 'null'],
    [201, '{"login_name":"alice"}'],
    [302, '{"login_name":"alice"}'],
    [403, '{"message":"no"}'],
    [404, ''],
    [503, '{"login_name":"alice"}'],
  ]
  for (const [status, body] of others) {
    await t.rejects(whoIs(status, body), /GoCD answered/, `${status} ${body}`)
  }
})

t.test('an administrator is whoever may ask what only administrators may', async (t) => {
  const isAdmin = (status: number) => {
    answer = [status, '']
    return questions.isAdmin(new Secret('Basic x'))
  }
  t.equal(await isAdmin(200), true)
  for (const status of [401, 403]) t.equal(await isAdmin(status), false)
  for (const status of [204, 302, 404, 500]) await t.rejects(isAdmin(status), /GoCD answered/)
})
