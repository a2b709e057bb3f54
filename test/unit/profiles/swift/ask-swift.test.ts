/**
 * Who owns an account is taken from Swift's own words alone: an answer that something else could have given proves
 * nothing, and the question is as good as not answered.
 * @module
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { upstream as upstreamSettings } from '../../../../src/config/schema/upstream.ts'
import { openClient, openUpstream } from '../../../../src/forward/upstreams.ts'
import { Secret } from '../../../../src/lib/secret.ts'
import { SwiftQuestions } from '../../../../src/profiles/swift/ask-swift.ts'

let answer: readonly [status: number, body: string] = [500, '']
const server = createServer((_request, response) => response.writeHead(answer[0]).end(answer[1]))
await once(server.listen(0, '127.0.0.1'), 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const upstream = openUpstream('swift', upstreamSettings.parse({ url }), openClient)
t.teardown(async () => {
  await upstream.client.close()
  server.close()
})
const questions = new SwiftQuestions(upstream, 5_000)

function ownsAccount(status: number, body: string): Promise<boolean | 'refused'> {
  answer = [status, body]
  return questions.ownsAccount(new Secret('AUTH_tk'), 'AUTH_test')
}

t.test('only what Swift says of metadata without a name makes an owner', async (t) => {
  t.equal(await ownsAccount(400, 'Metadata name cannot be empty'), true)
  t.equal(await ownsAccount(403, 'Forbidden'), false)
  t.equal(await ownsAccount(401, 'Unauthorized'), 'refused')
})

t.test('any other answer is none', async (t) => {
  for (const [status, body] of [
    [400, ''],
    [400, '<html><h1>400 Bad Request</h1></html>'],
    [400, 'Metadata name too long'],
    [200, 'Metadata name cannot be empty'],
    [204, ''],
    [404, ''],
    [503, ''],
  ] as const) {
    await t.rejects(ownsAccount(status, body), /Swift answered \d+/, `${status} ${body}`)
  }
})
