/**
 * The DSN in the first line of an envelope: a credential where there is no other, never one beside another, read within
 * bounds whatever the coding; and the body goes up byte for byte.
 * @module
 */

import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { isRefused } from './checks.ts'
import { backendKey, frontendKey, inactiveKey } from './credentials.ts'
import { dsn, startScene } from './scene.ts'

const scene = await startScene(t)
const key = backendKey.publicKey
const good = dsn(key, '42')
const path = '/api/42/envelope/'
const item = '{"type":"event"}\n{"message":"x"}\n'
const envelope = (header: object) => `${JSON.stringify(header)}\n${item}`
const post = (body: string | Buffer, headers: readonly HeaderLine[] = [], to = path) =>
  scene.request({ method: 'POST', path: to, headers, body })
const coded = (coding: string): readonly HeaderLine[] => [['Content-Encoding', coding]]
const codings: Readonly<Record<string, (text: string) => Buffer>> = {
  identity: (text) => Buffer.from(text),
  gzip: (text) => gzipSync(text),
  GZIP: (text) => gzipSync(text),
  deflate: (text) => deflateSync(text),
  br: (text) => brotliCompressSync(text),
  zstd: (text) => zstdCompressSync(text),
}

t.test('it is a credential in every coding, and the body goes up byte for byte', async (t) => {
  for (const [coding, encode] of Object.entries(codings)) {
    const body = encode(envelope({ event_id: 'x', dsn: good }))
    t.equal((await post(body, coded(coding))).status, 200, coding)
    t.ok(scene.sentry.last().body.equals(body), coding)
    t.strictSame(scene.sentry.last().header('content-encoding'), [coding])
    const bad = encode(envelope({ dsn: dsn(inactiveKey.publicKey, '42') }))
    await isRefused(t, scene, () => post(bad, coded(coding)), 'Invalid dsn', coding)
  }
  t.equal((await post(envelope({ dsn: good }))).status, 200)
})

t.test('a long body is looked at no further than its beginning, and is whole at Sentry', async (t) => {
  const attachment = 'y'.repeat(3_000_000)
  for (const [coding, encode] of Object.entries(codings)) {
    const body = encode(envelope({ dsn: good }) + attachment)
    t.equal((await post(body, coded(coding))).status, 200, coding)
    t.equal(scene.sentry.last().bodyLength, body.length, coding)
  }
})

t.test('an envelope may be its header alone', async (t) => {
  t.equal((await post(JSON.stringify({ dsn: good }))).status, 200)
  t.equal((await post(`${JSON.stringify({ dsn: good })}\r\n${item}`)).status, 200)
})

t.test('project and key have to be those of the path', async (t) => {
  for (const text of [
    dsn(key, '43'),
    dsn(frontendKey.publicKey, '42'),
    dsn(frontendKey.publicKey, '43'),
    dsn(key, 'abc'),
    'x',
    '',
  ]) {
    await isRefused(t, scene, () => post(envelope({ dsn: text })), 'Invalid dsn', text)
  }
  for (const strange of [42, true, [good], { dsn: good }]) {
    await isRefused(t, scene, () => post(envelope({ dsn: strange })), 'Invalid dsn', JSON.stringify(strange))
  }
})

t.test('beside a key in the head it has to be the same', async (t) => {
  const auth: HeaderLine = ['X-Sentry-Auth', `Sentry sentry_key=${key}`]
  const query = `${path}?sentry_key=${key}`
  for (const [coding, encode] of Object.entries(codings)) {
    const headers = coded(coding)
    t.equal((await post(encode(envelope({ dsn: good })), headers, query)).status, 200, coding)
    t.equal(
      (await post(encode(envelope({})), [auth, ...headers])).status,
      200,
      `${coding}: none in the envelope`,
    )
    for (const other of [
      dsn(frontendKey.publicKey, '42'),
      dsn(frontendKey.publicKey, '43'),
      dsn(key, '43'),
    ]) {
      const body = encode(envelope({ dsn: other }))
      await isRefused(
        t,
        scene,
        () => post(body, [auth, ...headers]),
        'Invalid dsn',
        `${coding} header ${other}`,
      )
      await isRefused(t, scene, () => post(body, headers, query), 'Invalid dsn', `${coding} query ${other}`)
    }
  }
  const spelled = '/api/42/%65nvelope/'
  const two = envelope({ dsn: dsn(frontendKey.publicKey, '42') })
  await isRefused(
    t,
    scene,
    () => post(two, [auth], spelled),
    'Invalid dsn',
    'in another spelling of the path',
  )
})

t.test('without a DSN in the envelope either there is no credential', async (t) => {
  const missing = 'Authentication credentials were not provided.'
  for (const header of [{}, { dsn: null }, { event_id: 'x' }]) {
    await isRefused(t, scene, () => post(envelope(header)), missing, JSON.stringify(header))
  }
  await isRefused(t, scene, () => post(envelope({ dsn: good }), [], '/api/42/store/'), missing, 'no envelope')
})

t.test('a header that cannot be read within bounds is refused, with a good key too', async (t) => {
  const before = scene.sentry.requests.length
  const auth: HeaderLine = ['X-Sentry-Auth', `Sentry sentry_key=${key}`]
  const long = envelope({ trace: 'x'.repeat(20_000), dsn: good })
  const bomb = 'x'.repeat(20_000_000)
  const unreadable: readonly (readonly [string, string | Buffer, readonly HeaderLine[]])[] = [
    ['no JSON', `dsn=${good}\n`, []],
    ['an empty first line', `\n${envelope({ dsn: good })}`, []],
    ['spread over lines', `{"a":1,\n"dsn":"${good}"}\n${item}`, []],
    ['no object', `"${good}"\n`, []],
    ['a list', `[{"dsn":"${good}"}]\n`, []],
    ['no UTF-8', Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}\n')]), []],
    ['too long', long, []],
    ...Object.entries(codings).map(
      ([coding, encode]) => [`too long, ${coding}`, encode(long), coded(coding)] as const,
    ),
    ...Object.entries(codings).map(
      ([coding, encode]) => [`a bomb, ${coding}`, encode(bomb), coded(coding)] as const,
    ),
    ['said to be gzip', envelope({}), coded('gzip')],
    ['said to be zstd', envelope({}), coded('zstd')],
    ['cut off', gzipSync(envelope({})).subarray(0, 12), coded('gzip')],
    ['an unknown coding', envelope({}), coded('compress')],
    ['two codings', gzipSync(gzipSync(envelope({}))), coded('gzip, gzip')],
    ['two lines of it', gzipSync(envelope({})), [...coded('gzip'), ...coded('identity')]],
  ]
  for (const [name, body, headers] of unreadable) {
    const answer = await post(body, [auth, ...headers])
    t.equal(answer.status, 400, name)
    t.equal(answer.body.toString(), '{"detail":"The request is malformed."}', name)
  }
  t.equal(scene.sentry.requests.length, before)
})

/** A frame of zstd that says one letter `blocks` times 128 KiB, in four bytes each (RFC 8878 section 3.1.1.2). */
function zstdBomb(blocks: number): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38])
  const block = Buffer.alloc(4)
  block.writeUIntLE((131_072 << 3) | (1 << 1), 0, 3)
  block.write('x', 3)
  return Buffer.concat([head, ...Array.from({ length: blocks }, () => block)])
}

t.test('half a gigabyte in sixteen kilobytes is not unpacked', async (t) => {
  const peakBytes = () => process.resourceUsage().maxRSS * 1024
  const before = peakBytes()
  t.equal((await post(zstdBomb(4_000), coded('zstd'))).status, 400)
  t.ok(peakBytes() - before < 100_000_000, `${peakBytes() - before} bytes more`)
})
