/**
 * Uploads in every form that clients use: each step leads back to the gateway, and an upload belongs to its repository.
 * @module
 */

import { createHash, randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { RawAnswer } from '../../support/raw-request.ts'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { realRegistry } from './real-registry.ts'

const place = await realRegistry(t)
const { gateway, issue, jwt, registry } = place
const mine = await jwt(await issue(['acme']), 'repository:acme/app:*')
const theirs = await jwt(await issue(['other']), 'repository:other/app:*')
const uploads = '/v2/acme/app/blobs/uploads/'

interface Step {
  readonly text?: string
  readonly headers?: readonly HeaderLine[]
  readonly body?: Buffer | string
}

function step(method: string, path: string, { text = mine, headers = [], body = '' }: Step = {}) {
  const type: HeaderLine = ['Content-Type', 'application/octet-stream']
  return gateway.request({
    method,
    path,
    headers: [['Authorization', `Bearer ${text}`], ...(body === '' ? [] : [type]), ...headers],
    body,
  })
}

/** Where an answer leads: to a path of the gateway, whose host a client keeps. */
function next(t: Test, answer: RawAnswer): string {
  const [location = ''] = answer.header('location')
  const url = new URL(location, `http://127.0.0.1:${gateway.port}`)
  t.equal(url.host, `127.0.0.1:${gateway.port}`, 'it leads back to the gateway')
  return url.pathname + url.search
}

function digestOf(...chunks: readonly Buffer[]): string {
  return `sha256:${createHash('sha256').update(Buffer.concat(chunks)).digest('hex')}`
}

t.test('in one piece behind its beginning', async (t) => {
  const content = randomBytes(5_000)
  const digest = digestOf(content)
  const begun = await step('POST', uploads)
  t.equal(begun.status, 202)
  const done = await step('PUT', `${next(t, begun)}&digest=${encodeURIComponent(digest)}`, { body: content })
  t.equal(done.status, 201)
  const got = await step('GET', next(t, done))
  t.equal(digestOf(got.body), digest)
})

t.test('in chunks, with a look at how far it is', async (t) => {
  const chunks = [randomBytes(3_000), randomBytes(1), randomBytes(20_000)]
  let at = next(t, await step('POST', uploads))
  for (const body of chunks) {
    const answer = await step('PATCH', at, { body })
    t.equal(answer.status, 202)
    at = next(t, answer)
    const status = await step('GET', at)
    t.equal(status.status, 204)
    at = next(t, status)
  }
  const digest = digestOf(...chunks)
  const done = await step('PUT', `${at}&digest=${digest}`)
  t.equal(done.status, 201)
  t.strictSame(done.header('docker-content-digest'), [digest])
  t.equal((await step('HEAD', `/v2/acme/app/blobs/${digest}`)).status, 200)
})

t.test('given up, it is gone', async (t) => {
  const at = next(t, await step('POST', uploads))
  t.equal((await step('DELETE', at)).status, 204)
  t.equal((await step('GET', at)).status, 404)
})

t.test('a blob is deleted from its repository', async (t) => {
  const content = randomBytes(100)
  const digest = digestOf(content)
  const at = next(t, await step('POST', uploads))
  await step('PUT', `${at}&digest=${digest}`, { body: content })
  t.equal((await step('DELETE', `/v2/acme/app/blobs/${digest}`)).status, 202)
  t.equal((await step('HEAD', `/v2/acme/app/blobs/${digest}`)).status, 404)
})

t.test('a client that claims another host is led to the gateway all the same', async (t) => {
  for (const headers of [
    [['X-Forwarded-Host', 'evil.example']],
    [['X-Forwarded-Proto', 'gopher']],
    [['Forwarded', 'host=evil.example;proto=https']],
  ] as const) {
    const begun = await step('POST', uploads, { headers })
    t.equal(begun.status, 202)
    t.notMatch(begun.header('location').join(), /evil|gopher/)
    next(t, begun)
  }
})

t.test('nobody goes on with an upload of another group, under its name or under an own one', async (t) => {
  const at = next(t, await step('POST', uploads))
  for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
    t.equal((await step(method, at, { text: theirs })).status, 404, `${method} of theirs`)
    const moved = at.replace('/acme/app/', '/other/app/')
    t.equal((await step(method, moved, { text: theirs })).status, 404, `${method} under another name`)
    const crossed = at.replace('/acme/app/', '/acme/app/../../other/app/')
    t.ok((await step(method, crossed, { text: theirs })).status >= 400, `${method} by way of another`)
  }
  t.equal((await step('GET', at)).status, 204, 'it goes on where it belongs')
})

t.test('whoever may only pull begins no upload, and neither goes on with one nor ends it', async (t) => {
  const reader = await jwt(await issue(['acme'], { access: 'read-only' }), 'repository:acme/app:*')
  t.equal((await step('POST', uploads, { text: reader })).status, 404)
  const at = next(t, await step('POST', uploads))
  for (const method of ['PATCH', 'PUT', 'DELETE'])
    t.equal((await step(method, at, { text: reader })).status, 404, method)
  t.equal((await step('GET', at)).status, 204)
})

t.test('past the gateway there is nothing else that a client of it would have seen', async (t) => {
  const { repositories } = (await (await fetch(`${registry.url}/v2/_catalog`)).json()) as {
    repositories: readonly string[]
  }
  t.strictSame([...repositories].sort(), ['acme/app'])
})
