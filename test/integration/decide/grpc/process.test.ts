/**
 * The external processor decides on a request and filters the head of its response by the same grant, over real streams
 * to a real gateway. Whatever else comes ends the stream with an error, on which a proxy refuses.
 * @module
 */

import { status } from '@grpc/grpc-js'
import fc from 'fast-check'
import t from 'tap'
import type { GatewayInput } from '../../../support/gateway.ts'
import { until } from '../../../support/until.ts'
import { secret } from '../asking.ts'
import {
  type Line,
  type Message,
  mutated,
  type Processed,
  requestHead,
  responseHead,
  startProcessing,
} from './processing.ts'

const routes: GatewayInput['routes'] = [
  { match: { path: '/x' }, privilegedHeaders: { translate: { 'X-Key-Public': 'X-Key-Inner' } } },
  { match: { path: '/open' }, authorize: { public: true } },
  { match: { path: '/query' }, credentials: [{ query: 'token' }] },
  { match: { path: '/socket' }, upgrade: { protocols: ['websocket'] } },
]

const upstreams: readonly Line[] = [
  ['content-type', 'text/plain'],
  ['x-container-read', '.r:*'],
  ['x-container-read', 'bob'],
  ['x-key-inner', 'gr\xfcn'],
  ['set-cookie', 'a=1'],
  ['set-cookie', 'b=2'],
  ['x-empty', ''],
]

function bearer(text: string): Line {
  return ['authorization', `Bearer ${text}`]
}

async function immediateOf({ show }: Processed, message: Message) {
  const told = await show(message)
  if (told?.response.case !== 'immediateResponse') throw new Error(`told ${told?.response.case}`)
  const { status: code, headers, body } = told.response.value
  const lines = headers?.setHeaders.map(({ header }) => [
    header?.key,
    Buffer.from(header?.rawValue ?? []).toString(),
  ])
  return { status: code?.code, lines, body: Buffer.from(body).toString() }
}

t.test('what only an owner may see is taken out of the response for everybody else', async (t) => {
  const { gateway, open } = await startProcessing(t, routes)
  const { text } = await gateway.issue({ access: 'read-write' })
  const { show, ended } = open()
  const asked: readonly Line[] = [bearer(text), ['x-key-public', 'mine'], ['x-sallyport-subject', 'root']]
  const up = mutated(asked, await show(requestHead(asked)))
  t.match(new Map(up), new Map([['x-sallyport-subject', 'alice']]))
  t.notOk(up.some(([name]) => ['authorization', 'x-key-public', 'x-key-inner'].includes(name)))
  const seen = mutated(upstreams, await show(responseHead(upstreams)))
  t.strictSame(seen, [
    ['content-type', 'text/plain'],
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
    ['x-empty', ''],
  ])
  t.equal((await ended).code, status.OK)
  await until(() => gateway.log.some(({ outcome }) => outcome === 'allowed'))
  t.match(gateway.log.at(-1), {
    door: 'envoy-ext-proc',
    proxy: 'edge',
    clientAddress: '192.0.2.7',
    subject: 'alice',
  })
  t.equal(await gateway.metric('sallyport_exchanges_total{route="route-0",outcome="allowed"}'), 1)
})

t.test('an owner sends and sees it, under the names that clients know, byte for byte', async (t) => {
  const { gateway, open } = await startProcessing(t, routes)
  const { text } = await gateway.issue({ access: 'owner' })
  const { show } = open()
  const asked: readonly Line[] = [bearer(text), ['x-key-public', 'gr\xfcn'], ['x-container-read', '.r:*']]
  const up = mutated(asked, await show(requestHead(asked)))
  t.match(
    new Map(up),
    new Map([
      ['x-key-inner', 'gr\xfcn'],
      ['x-container-read', '.r:*'],
    ]),
  )
  t.notOk(up.some(([name]) => name === 'x-key-public'))
  const seen = mutated(upstreams, await show(responseHead(upstreams)))
  t.strictSame(
    [...seen].sort(),
    upstreams.map(([name, value]) => [name === 'x-key-inner' ? 'x-key-public' : name, value]).sort(),
  )
})

t.test(
  'whatever lines a response has, a client sees those that the gateway as the proxy would show',
  async (t) => {
    const { gateway, open } = await startProcessing(t, routes)
    const stranger = (await gateway.issue({ access: 'read-write' })).text
    const owner = (await gateway.issue({ access: 'owner' })).text
    const name = fc.constantFrom(
      'x-a',
      'x-b',
      'x-container-read',
      'x_container_read',
      'x-key-inner',
      'keep-alive',
    )
    const lines = fc.array(fc.tuple(name, fc.constantFrom('', '1', '2', 'a,b', '\xe9')), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(lines, fc.boolean(), async (shown, isOwner) => {
        const { show } = open()
        await show(requestHead([bearer(isOwner ? owner : stranger)]))
        const seen = mutated(shown, await show(responseHead(shown)))
        const expected = shown.flatMap(([key, value]) => {
          if (key === 'keep-alive') return []
          if (!isOwner && !['x-a', 'x-b'].includes(key)) return []
          return [[key === 'x-key-inner' ? 'x-key-public' : key, value]]
        })
        const inOrder = (all: readonly (readonly string[])[], of: string) => all.filter(([key]) => key === of)
        for (const key of new Set([...seen, ...expected].map(([key = '']) => key))) {
          t.strictSame(inOrder(seen, key), inOrder(expected, key), key)
        }
      }),
      { numRuns: 60 },
    )
  },
)

t.test('a credential in the query is taken out of the target', async (t) => {
  const { gateway, open } = await startProcessing(t, routes)
  const { text } = await gateway.issue()
  const { show } = open()
  const told = await show(requestHead([], { target: `/query?token=${text}&a=b` }))
  t.equal(new Map(mutated([], told)).get(':path'), '/query?a=b')
  await show(responseHead())
})

t.test('a refusal is answered in place of the upstream, and ends the stream well', async (t) => {
  const { gateway, open } = await startProcessing(t, routes)
  const stream = open()
  const told = await immediateOf(stream, requestHead())
  t.equal(told.status, 401)
  t.match(new Map(told.lines as [string, string][]).get('www-authenticate'), /^Bearer/)
  t.match(told.body, '"code"')
  t.equal((await stream.ended).code, status.OK)
  t.match(gateway.log.at(-1), { status: 401, door: 'envoy-ext-proc' })
})

t.test('an upgrade that its route allows passes the filter, and no other is let through', async (t) => {
  const { gateway, open } = await startProcessing(t, routes)
  const { text } = await gateway.issue()
  const upgrade: readonly Line[] = [
    bearer(text),
    ['connection', 'upgrade'],
    ['upgrade', 'websocket'],
    ['sec-websocket-version', '13'],
    ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ]
  const { show } = open()
  await show(requestHead(upgrade, { target: '/socket' }))
  const switched: readonly Line[] = [
    ['connection', 'upgrade'],
    ['upgrade', 'websocket'],
    ['x-container-read', '.r:*'],
  ]
  const seen = mutated(switched, await show(responseHead(switched, '101')))
  t.strictSame(seen, switched.slice(0, 2))
  t.equal((await immediateOf(open(), requestHead(upgrade))).status, 501)
})

t.test('nobody is listened to without one secret of a proxy', async (t) => {
  const { gateway, open } = await startProcessing(t, routes)
  for (const proof of [[], ['wrong'], [secret, secret]]) {
    const { show, ended } = open(proof)
    t.equal(await show(requestHead([], { target: '/open' })), undefined)
    t.equal((await ended).code, status.UNAUTHENTICATED)
    t.match(gateway.log.at(-1), { outcome: 'untrusted_proxy', proxy: '(unknown)', door: 'envoy-ext-proc' })
  }
})

t.test('the client is whoever the attributes say, and without it the setting is named', async (t) => {
  const { gateway, open } = await startProcessing(t, routes)
  for (const [source, address] of [
    ['192.0.2.9:1', '192.0.2.9'],
    ['[2001:db8::1]:65535', '2001:db8::1'],
  ] as const) {
    const { show, call } = open()
    t.equal((await show(requestHead([], { target: '/open', source })))?.response.case, 'requestHeaders')
    await show(responseHead())
    call.end()
    await until(() => gateway.log.at(-1)?.clientAddress === address)
  }
  for (const source of [
    '',
    '192.0.2.9',
    '/run/socket',
    'a:1',
    '[::1]',
    '1.2.3.4:x',
    '192.0.2.9:1, 192.0.2.8:1',
  ]) {
    t.equal((await immediateOf(open(), requestHead([], { target: '/open', source }))).status, 501, source)
    t.match(gateway.log.at(-1), { code: 'undecidable', reason: /request_attributes: \[source.address\]/ })
  }
  const noAddress = requestHead([], { target: '/open', source: '999.1.1.1:1' })
  t.match(await immediateOf(open(), noAddress), { status: 400 })
})

t.test('a head with two readings is refused', async (t) => {
  const { open } = await startProcessing(t, routes)
  for (const line of [
    [':path', '/x'],
    [':protocol', 'websocket'],
    ['host', 'app.example'],
    ['x a', '1'],
    ['x-a', '1\r\nx-b: 2'],
  ] as const) {
    t.match(await immediateOf(open(), requestHead([line], { target: '/open' })), { status: 400 }, line[0])
  }
})

const body: Message = { request: { case: 'requestBody', value: { body: Buffer.from('a') } } }
const observed: Message = { ...requestHead([], { target: '/open' }), observabilityMode: true }
const open = requestHead([], { target: '/open' })
const unwanted: Readonly<Record<string, readonly Message[]>> = {
  'a response before its request': [responseHead()],
  'a body first': [body],
  'nothing that is known': [{}],
  'observability mode': [observed],
  'a second request': [open, open],
  'a body behind the request': [open, body],
  'trailers behind the request': [open, { request: { case: 'requestTrailers', value: {} } }],
  'a response without a status': [open, { request: { case: 'responseHeaders', value: {} } }],
  'a response with a line that HTTP does not have': [open, responseHead([['x-a', '1\r\nx-b: 2']])],
  'a response of two statuses': [open, responseHead([[':status', '200']])],
}

for (const [what, messages] of Object.entries(unwanted)) {
  t.test(`${what} ends the stream with an error, and its question`, async (t) => {
    const { gateway, open } = await startProcessing(t, routes)
    const { show, ended } = open()
    for (const message of messages.slice(0, -1)) t.ok(await show(message))
    t.equal(await show(messages.at(-1) ?? {}), undefined)
    t.not((await ended).code, status.OK)
    await until(async () => (await gateway.metric('sallyport_exchanges_in_flight')) === 0)
    t.equal(gateway.log.filter(({ door }) => door === 'envoy-ext-proc').length, messages.length - 1)
  })
}

t.test('a stream that its proxy ends or breaks off before the response closes the question', async (t) => {
  const { gateway, open } = await startProcessing(t, routes)
  for (const leave of ['end', 'cancel'] as const) {
    const before = gateway.log.length
    const { show, call, ended } = open()
    await show(requestHead([], { target: '/open' }))
    t.equal(gateway.log.length, before, 'it is open until the response')
    call[leave]()
    t.not((await ended).code, status.OK)
    await until(() => gateway.log.length > before)
  }
})

t.test('a token that is revoked while the upstream works breaks the request off', async (t) => {
  const { gateway, open } = await startProcessing(t, routes)
  const { text, token } = await gateway.issue()
  const { show, ended } = open()
  await show(requestHead([bearer(text)]))
  await gateway.store.revokeToken(token.id, { at: Date.now(), by: 'root', origin: 'test', cause: '' })
  t.equal((await ended).code, status.ABORTED)
  t.equal(await show(responseHead(upstreams)), undefined, 'the response is shown nobody')
})
