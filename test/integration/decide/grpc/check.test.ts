/**
 * What the authorization service takes, and what it answers, over real connections.
 * @module
 */

import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { grant } from '../../../../src/authorize/grant.ts'
import type { AskedRequest } from '../../../../src/decide/asked-request.ts'
import {
  type CheckRequest,
  CheckRequestSchema,
  type CheckResponse,
  CheckResponseSchema,
} from '../../../../src/decide/grpc/generated/envoy/service/auth/v3/external_auth_pb.ts'
import type { AnsweringDesk } from '../../../../src/decide/grpc/grpc-desk.ts'
import { openGrpcServer } from '../../../../src/decide/grpc/grpc-server.ts'
import type { HeldAnswer } from '../../../../src/decide/grpc/tell-process.ts'
import { compileKnownProxies } from '../../../../src/decide/known-proxies.ts'
import { isRefusal, type Refusal } from '../../../../src/request/refusal.ts'

const secret = 'the secret of the edge proxy'

/** Allows whatever could be read, and remembers what it was asked. */
class RecordingDesk implements AnsweringDesk {
  readonly asked: (AskedRequest | Refusal)[] = []
  abandoned = 0
  closed = 0
  answer: Promise<HeldAnswer> | undefined

  ask(asked: AskedRequest | Refusal) {
    this.asked.push(asked)
    const refused: HeldAnswer = { kind: 'refused', status: 400, headers: ['x-why', 'it'], body: 'no' }
    const answered = this.answer ?? Promise.resolve(isRefusal(asked) ? refused : this.#allowed(asked.target))
    return { answered, abandon: () => this.abandoned++ }
  }

  #allowed(target: string): HeldAnswer {
    return {
      kind: 'allowed',
      granted: { grant: grant('public', undefined, 'read-only') },
      rewriting: {
        target: '/kept',
        isTargetSame: target === '/kept',
        lines: new Map([['x-subject', ['alice']]]),
        changed: ['x-subject', 'authorization'],
      },
      route: 'things',
      filterHeaders: (headers) => [...headers],
      inspect: undefined,
      refuse: () => {
        throw new Error('a response was refused that nobody has seen')
      },
      onWithdrawn: () => {},
      close: () => this.closed++,
    }
  }
}

async function opened(t: Test) {
  const desk = new RecordingDesk()
  let unproved = 0
  const server = await openGrpcServer({
    address: '127.0.0.1',
    port: 0,
    desk,
    identify: compileKnownProxies([{ name: 'edge', secrets: [secret], certificates: [], copies: [] }]),
    onUnproved: () => unproved++,
    isServing: () => true,
    connectionsMax: 100,
    drainDelayMs: 0,
    drainMs: 200,
  })
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure())
  t.teardown(async () => {
    client.close()
    await server.close()
  })
  const start = (request: CheckRequest, proof: readonly string[], done: Done) => {
    const metadata = new Metadata()
    for (const text of proof) metadata.add('x-sallyport-proxy', text)
    return client.makeUnaryRequest(path, encode, decode, request, metadata, done)
  }
  const check = (request: CheckRequest, proof: readonly string[] = [secret]) =>
    new Promise<CheckResponse>((resolve, reject) => {
      start(request, proof, (error, response) => (response === undefined ? reject(error) : resolve(response)))
    })
  return { desk, server, check, start, unproved: () => unproved }
}

type Done = (error: ServiceError | null, response?: CheckResponse) => void
const path = '/envoy.service.auth.v3.Authorization/Check'
const encode = (request: CheckRequest) => Buffer.from(toBinary(CheckRequestSchema, request))
const decode = (bytes: Buffer) => fromBinary(CheckResponseSchema, bytes)

type Line = readonly [name: string, value: string]
const head: readonly Line[] = [
  [':method', 'GET'],
  [':path', '/things?a=b'],
  [':authority', 'api.example.org'],
  [':scheme', 'https'],
]

function question(lines: readonly Line[], protocol = 'HTTP/1.1', peer = '192.0.2.7'): CheckRequest {
  const headers = lines.map(([key, value]) => ({ key, rawValue: Buffer.from(value, 'latin1') }))
  const init: MessageInitShape<typeof CheckRequestSchema> = {
    attributes: {
      source: { address: { address: { case: 'socketAddress', value: { address: peer } } } },
      request: { http: { protocol, headerMap: { headers } } },
    },
  }
  return create(CheckRequestSchema, init)
}

t.test('the request that is asked about is the one that the client sent, line by line', async (t) => {
  const { desk, check } = await opened(t)
  await check(question([...head, ['x-a', 'gr\xfc\xdfe'], ['x-a', ''], ['cookie', 'c=1']]))
  t.strictSame(desk.asked, [
    {
      method: 'GET',
      target: '/things?a=b',
      rawHeaders: ['host', 'api.example.org', 'x-a', 'gr\xfc\xdfe', 'x-a', '', 'cookie', 'c=1'],
      peer: '192.0.2.7',
      scheme: 'https',
    },
  ])
  t.equal(desk.closed, 1, 'an allowed question is closed once it is answered')
})

t.test(
  'an allowed request is told what to set, what to remove, the target and who was let through',
  async (t) => {
    const { check } = await opened(t)
    const { status: told, httpResponse, dynamicMetadata } = await check(question(head))
    t.equal(told?.code, status.OK)
    t.match(httpResponse, {
      case: 'okResponse',
      value: {
        headers: [
          { header: { key: 'x-subject', value: 'alice' }, appendAction: 2 },
          { header: { key: ':path', value: '/kept' }, appendAction: 2 },
        ],
        headersToRemove: ['authorization'],
      },
    })
    t.strictSame(dynamicMetadata, { access: 'read-only', owner: false, route: 'things' })
  },
)

t.test('a refusal has its status, its headers and its body', async (t) => {
  const { check } = await opened(t)
  const { status: told, httpResponse } = await check(question([]))
  t.equal(told?.code, status.PERMISSION_DENIED)
  t.match(httpResponse, {
    case: 'deniedResponse',
    value: { status: { code: 400 }, headers: [{ header: { key: 'x-why', value: 'it' } }], body: 'no' },
  })
})

t.test('nobody asks without one secret of a proxy, and nothing is decided for whoever tries', async (t) => {
  const { desk, check, unproved } = await opened(t)
  for (const proof of [[], [''], ['wrong'], [secret, secret], [`${secret} `.repeat(2)]]) {
    await t.rejects(check(question(head), proof), { code: status.UNAUTHENTICATED })
  }
  t.equal(unproved(), 5)
  t.strictSame(desk.asked, [])
})

const unreadable: Readonly<Record<string, CheckRequest>> = {
  'no attributes': create(CheckRequestSchema),
  'no address of the client': question(head, 'HTTP/1.1', ''),
  'an unknown protocol': question(head, 'SPDY'),
  'a path twice': question([...head, [':path', '/other']]),
  'no path': question(head.filter(([name]) => name !== ':path')),
  'no authority': question(head.filter(([name]) => name !== ':authority')),
  'a Host beside the authority': question([...head, ['Host', 'other.example.org']]),
  'another pseudo-header': question([...head, [':protocol', 'websocket']]),
  'a scheme that is none': question([...head.slice(0, 3), [':scheme', 'ftp']]),
  CONNECT: question([[':method', 'CONNECT'], ...head.slice(1)]),
  'a name that is no token': question([...head, ['x a', '1']]),
  'a value that ends its line': question([...head, ['x-a', '1\r\nx-b: 2']]),
}

for (const [what, request] of Object.entries(unreadable)) {
  t.test(`refuses a question with ${what}`, async (t) => {
    const { desk, check } = await opened(t)
    const { httpResponse } = await check(request)
    t.equal(httpResponse.case, 'deniedResponse')
    t.match(desk.asked, [{ refused: true }])
  })
}

t.test('refuses headers that may have been joined, and names the setting', async (t) => {
  const { desk, check } = await opened(t)
  const joined = question(head)
  const http = joined.attributes?.request?.http
  if (http === undefined) throw new Error('no request')
  http.headers = { 'x-a': '1,2' }
  const texts = question(head)
  const [first] = texts.attributes?.request?.http?.headerMap?.headers ?? []
  if (first === undefined) throw new Error('no header')
  first.value = 'GET'
  for (const request of [joined, texts]) {
    t.equal((await check(request)).httpResponse.case, 'deniedResponse')
  }
  t.match(desk.asked, [{ reason: /encode_raw_headers/ }, { reason: /encode_raw_headers/ }])
})

t.test('whatever bytes come, only a question that was read whole is asked', async (t) => {
  const { desk, check } = await opened(t)
  const lines = fc.array(
    fc.tuple(
      fc.oneof(fc.constantFrom(':method', ':path', ':authority', ':scheme', 'host', 'X-A'), fc.string()),
      fc.oneof(fc.constantFrom('GET', '/', 'api.example.org', 'https'), fc.string({ unit: 'binary-ascii' })),
    ),
    { maxLength: 8 },
  )
  await fc.assert(
    fc.asyncProperty(lines, fc.boolean(), async (extra, isWhole) => {
      desk.asked.length = 0
      const all = isWhole ? [...head, ...extra] : extra
      const { httpResponse } = await check(question(all))
      const [asked] = desk.asked
      if (asked === undefined) throw new Error('nothing was asked')
      t.equal(httpResponse.case, isRefusal(asked) ? 'deniedResponse' : 'okResponse')
      if (isRefusal(asked)) return
      const once = (name: string) => all.filter(([key]) => key.toLowerCase() === name).map(([, text]) => text)
      t.strictSame(
        [[asked.method], [asked.target], [asked.scheme], [asked.rawHeaders[1]]],
        [once(':method'), once(':path'), once(':scheme'), once(':authority')],
      )
      t.equal(asked.rawHeaders.length, 2 * (all.length - 3))
    }),
    { numRuns: 150 },
  )
})

t.test('a call that is cancelled abandons its question', async (t) => {
  const { desk, start } = await opened(t)
  const { promise: never } = Promise.withResolvers<HeldAnswer>()
  desk.answer = never
  const { promise: ended, resolve } = Promise.withResolvers<ServiceError | null>()
  const call = start(question(head), [secret], (error) => resolve(error))
  while (desk.asked.length === 0) await new Promise((done) => setTimeout(done, 5))
  call.cancel()
  t.match(await ended, { code: status.CANCELLED })
  while (desk.abandoned === 0) await new Promise((done) => setTimeout(done, 5))
  t.equal(desk.abandoned, 1)
})

t.test('a message beyond the bound is refused unread', async (t) => {
  const { desk, check } = await opened(t)
  await t.rejects(check(question([...head, ['x-a', 'a'.repeat(300_000)]])), {
    code: status.RESOURCE_EXHAUSTED,
  })
  t.strictSame(desk.asked, [])
})

t.test('a desk that fails is no verdict, and the door goes on', async (t) => {
  const { desk, check } = await opened(t)
  const ask = desk.ask.bind(desk)
  desk.ask = () => {
    throw new Error('a defect')
  }
  const details = 'the question could not be answered'
  await t.rejects(check(question(head)), { code: status.INTERNAL, details })
  desk.ask = ask
  t.equal((await check(question(head))).httpResponse.case, 'okResponse')
})
