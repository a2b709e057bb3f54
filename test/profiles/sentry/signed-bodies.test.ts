/**
 * What only Sentry can check passes through unchanged: signed bodies, and credentials in a body.
 * @module
 */

import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { isSeenAs } from './checks.ts'
import { sentryTokens, signingKeys } from './credentials.ts'
import { bearer, from, startScene } from './scene.ts'
import { sign } from './upstream.ts'

const scene = await startScene(t)
const relays = '/api/0/relays/projectconfigs/'
const relayId: HeaderLine = ['X-Sentry-Relay-Id', '1b2c3d4e-0000-4000-8000-aabbccddeeff']
const bodies = [
  Buffer.from('{ "projects" : [ 42 ],\r\n "x":1e400 }\n'),
  randomBytes(70_000),
  gzipSync('{"projects":[42]}'),
  Buffer.from('not json at all \u0000\xff', 'latin1'),
]

t.test('E29 what a relay signed goes up byte for byte, with both headers, from where it came', async (t) => {
  for (const body of bodies) {
    const signature: HeaderLine = ['x-sentry-relay-SIGNATURE', sign(body, signingKeys.relay)]
    const headers = [relayId, signature, from('10.0.0.1, 203.0.113.9')]
    await isSeenAs(t, () => scene.request({ method: 'POST', path: relays, headers, body }), 'relay')
    const seen = scene.sentry.last()
    t.ok(seen.body.equals(body))
    t.strictSame(seen.header('x-sentry-relay-id'), [relayId[1]])
    t.strictSame(seen.header('x-sentry-relay-signature'), [signature[1]])
    t.strictSame(seen.header('x-forwarded-for'), ['203.0.113.9'])
  }
})

t.test('E29 it may come in chunks, and compressed', async (t) => {
  const body = gzipSync('{"projects":[42]}')
  const head = `POST ${relays} HTTP/1.1\r\nHost: sentry\r\nX-Forwarded-For: 203.0.113.9\r\nContent-Encoding: gzip\r\n${relayId.join(': ')}\r\nX-Sentry-Relay-Signature: ${sign(body, signingKeys.relay)}\r\nTransfer-Encoding: chunked\r\n\r\n`
  const chunk = (piece: Buffer) => [`${piece.length.toString(16)}\r\n`, piece, '\r\n']
  const pieces = [head, ...chunk(body.subarray(0, 7)), ...chunk(body.subarray(7)), '0\r\n\r\n']
  await isSeenAs(t, () => scene.raw(Buffer.concat(pieces.map((piece) => Buffer.from(piece)))), 'relay')
  t.ok(scene.sentry.last().body.equals(body))
  t.strictSame(scene.sentry.last().header('content-encoding'), ['gzip'])
})

t.test('E29 Sentry refuses a forged one itself, and its answer passes unchanged', async (t) => {
  const headers = [relayId, ['X-Sentry-Relay-Signature', 'forged'] as const, from('203.0.113.9')]
  const answer = await scene.request({ method: 'POST', path: relays, headers, body: '{}' })
  t.equal(answer.status, 401)
  t.equal(answer.body.toString(), '{"detail":"Invalid relay signature"}')
  t.strictSame(answer.header('www-authenticate'), ['xBasic realm="api"'])
})

t.test('E29 a second signature is refused, in any spelling of its name', async (t) => {
  const before = scene.sentry.requests.length
  const signature: HeaderLine = ['X-Sentry-Relay-Signature', sign('{}', signingKeys.relay)]
  for (const second of [
    'X-Sentry-Relay-Signature',
    'x-sentry-relay-signature',
    'X_Sentry_Relay_Signature',
    'X-Sentry_Relay-Signature',
  ]) {
    const headers: HeaderLine[] = [relayId, signature, [second, 'other']]
    t.equal((await scene.request({ method: 'POST', path: relays, headers, body: '{}' })).status, 400, second)
  }
  t.equal(scene.sentry.requests.length, before)
})

t.test('a remote call goes up byte for byte with its signature', async (t) => {
  const path = '/api/0/internal/rpc/user/get_user/'
  for (const body of bodies) {
    const headers: HeaderLine[] = [['Authorization', `rpcsignature rpc0:${sign(body, signingKeys.rpc)}`]]
    await isSeenAs(t, () => scene.request({ method: 'POST', path, headers, body }), 'rpc')
    t.strictSame(scene.sentry.last().header('authorization'), [headers[0]?.[1]])
  }
  const forged = await scene.request({
    method: 'POST',
    path,
    headers: [['Authorization', 'rpcsignature rpc0:00']],
    body: '{}',
  })
  t.equal(forged.status, 403)
  t.equal(forged.body.toString(), '{"detail":"Invalid signature"}')
})

t.test('a client id and its secret stay in their body, and a JWT in its header', async (t) => {
  const path = '/api/0/sentry-app-installations/1b2c3d4e-0000-4000-8000-aabbccddeeff/authorizations/'
  const body = '{"client_id": "a",  "client_secret":"b"}'
  await scene.request({ method: 'POST', path, body })
  t.equal(scene.sentry.last().body.toString(), body)
  const jwt = bearer('eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln')
  await scene.request({ method: 'POST', path, headers: [jwt], body: '{"grant_type":"x"}' })
  t.strictSame(scene.sentry.last().header('authorization'), [jwt[1]])
})

t.test("nobody gets the gateway's standing at Sentry there", async (t) => {
  for (const path of [relays, '/api/0/internal/rpc/user/get_user/']) {
    await scene.request({
      method: 'POST',
      path,
      headers: [bearer(scene.systemToken), from('10.0.0.1')],
      body: '{}',
    })
    t.notMatch(JSON.stringify(scene.sentry.last().headers), sentryTokens.system, path)
    t.notMatch(JSON.stringify(scene.sentry.last().headers), sentryTokens.shared, path)
  }
})
