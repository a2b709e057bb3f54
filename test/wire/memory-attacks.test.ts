/**
 * What the gateway remembers, and what nobody can make it remember or forget.
 * @module
 */

import t from 'tap'
import { systemClock } from '../../src/lib/clock.ts'
import { parseKeyRing } from '../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../src/tokens/keys/key-ring-text.ts'
import { mintToken } from '../../src/tokens/mint-token.ts'
import { newRecordId } from '../../src/tokens/record-id.ts'
import { newTokenText } from '../../src/tokens/token-text.ts'
import { actAt } from '../support/act.ts'
import type { RawAnswer } from '../support/raw-request.ts'
import { until } from '../support/until.ts'
import { host, message } from './attacks/attack.ts'
import { codeOf, type Wire } from './wire.ts'
import { startWatchedWire, workOf } from './witness.ts'

const finds = 'sallyport_store_queries_total{operation="find"}'

function ask(wire: Wire, path: string, text: string, ...lines: readonly string[]): Promise<RawAnswer> {
  return wire.gateway.raw(message([`GET ${path} HTTP/1.1`, host, `Authorization: Bearer ${text}`, ...lines]))
}

t.test('B58 a token that is remembered is judged anew on every route', async (t) => {
  const wire = await startWatchedWire(t, {
    routes: [
      { match: { path: '/a' }, authorize: { scopes: { allOf: ['a'] } } },
      { match: { path: '/b' }, authorize: { scopes: { allOf: ['b'] } } },
      { match: { path: '/c' }, authorize: { condition: 'token.scopes == ["c"]' } },
    ],
  })
  const { text } = await wire.gateway.issue({ scopes: ['a'] })
  for (const [path, status] of [
    ['/a', 200],
    ['/b', 403],
    ['/c', 403],
    ['/a', 200],
    ['/b', 403],
  ] as const) {
    t.equal((await ask(wire, path, text)).status, status, path)
  }
  t.strictSame(
    wire.upstream.requests.map(({ target }) => target),
    ['/a', '/a'],
  )
  t.equal(await wire.gateway.metric(finds), 1, 'what is remembered is the record, and not the answer')
})

t.test('B59 look-ups under way at once are never taken for each other', async (t) => {
  const wire = await startWatchedWire(t)
  const names = Array.from({ length: 40 }, (_, index) => `s:${'|'.repeat(index % 3)}${index}`)
  const issued = await Promise.all(names.map((subject) => wire.gateway.issue({ subject })))
  const asked = issued.flatMap(({ text }, index) => [
    ask(wire, `/${index}`, text),
    ask(wire, `/${index}`, text),
  ])
  for (const answer of await Promise.all(asked)) t.equal(answer.status, 200)
  const wrong = wire.upstream.requests.filter(
    (request) => request.header('x-sallyport-subject')[0] !== names[Number(request.target.slice(1))],
  )
  t.strictSame(wrong, [])
  t.equal(wire.upstream.requests.length, 80)
})

t.test('B61 a token that was tried before it was made is let through once it is', async (t) => {
  const ring = newKeyRing(systemClock).reveal()
  const wire = await startWatchedWire(t, { keys: { ring } })
  const { store, issue } = wire.gateway
  const { subject, bindings } = (await issue()).token
  const { text, digest } = mintToken('personal', parseKeyRing(ring))
  for (let turn = 0; turn < 5; turn++) t.equal(codeOf(await ask(wire, '/a', text.reveal())), 'invalid_token')
  t.equal(await wire.gateway.metric(finds), 1, 'that it is unknown is remembered')
  const fields = { networks: undefined, paths: undefined, description: '', expiresAt: undefined }
  const id = newRecordId(systemClock)
  const rights = { kind: 'personal', scopes: [], bindings, access: 'read-only' } as const
  await store.addToken({ ...fields, ...rights, id, digest, subjectId: subject.id }, actAt(Date.now()))
  await until(async () => (await ask(wire, '/a', text.reveal())).status === 200, 5_000)
})

t.test('B61 a spray of unknown tokens does not wash the known ones out', async (t) => {
  const wire = await startWatchedWire(t, { cache: { memory: { entries: 50 } } })
  t.equal((await wire.send(['GET /a HTTP/1.1', host])).status, 200)
  for (let index = 0; index < 200; index++) {
    t.equal(codeOf(await ask(wire, '/a', newTokenText('personal').reveal())), 'invalid_token')
  }
  const before = await wire.gateway.metric(finds)
  t.equal((await wire.send(['GET /a HTTP/1.1', host])).status, 200)
  t.equal(await wire.gateway.metric(finds), before)
})

t.test(
  'B62 no client tells the gateway to forget: Cache-Control goes up, and nothing is looked up again',
  async (t) => {
    const wire = await startWatchedWire(t)
    await wire.send(['GET /a HTTP/1.1', host])
    const before = await wire.gateway.metric(finds)
    for (const line of [
      'Cache-Control: no-cache',
      'cache-control: no-store, max-age=0',
      'Pragma: no-cache',
      'Expires: 0',
    ]) {
      const request = await wire.forwarded(['GET /a HTTP/1.1', host, line])
      const [name = '', value = ''] = line.split(': ')
      t.strictSame(request.header(name), [value])
    }
    t.equal(await wire.gateway.metric(finds), before)
  },
)

t.test('B74 unknown, revoked, expired and disabled are one answer and one look-up', async (t) => {
  const wire = await startWatchedWire(t)
  const { issue, store } = wire.gateway
  const revoked = await issue({ subject: 'revoked' })
  await store.revokeToken(revoked.token.id, actAt(Date.now()))
  const disabled = await issue({ subject: 'disabled' })
  await store.setSubjectStatus('disabled', 'disabled', actAt(Date.now()))
  const expired = await issue({ subject: 'expired', lifetimeMs: 1 })
  const texts = [newTokenText('personal').reveal(), revoked.text, disabled.text, expired.text]
  const seen: unknown[] = []
  for (const text of texts) {
    const before = await workOf(wire.gateway)
    const answer = await ask(wire, '/a', text)
    const requestId = answer.header('x-request-id')[0] ?? ''
    const body = answer.body.toString().replace(requestId, '')
    const headers = answer.headers.filter(([name]) => !/^(date|x-request-id|content-length)$/i.test(name))
    seen.push({ status: answer.status, headers, body, cost: (await workOf(wire.gateway)) - before })
  }
  for (const other of seen) t.strictSame(other, seen[0])
  t.equal(wire.upstream.requests.length, 0)
})
