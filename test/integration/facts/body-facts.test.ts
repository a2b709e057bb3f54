/**
 * A decision about something that stands in the body: only where a route asks, within a bound, only where every server
 * reads the same in it; and what is let through goes up byte for byte.
 * @module
 */

import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { rawRequest } from '../../support/raw-request.ts'
import { type HeaderLine, recordingUpstream } from '../../support/recording-upstream.ts'

const json: HeaderLine = ['Content-Type', 'application/json']

async function start(t: Test) {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [
      {
        match: { path: '/command', methods: ['POST'] },
        facts: { build: { body: '/build', bytesMax: '4KiB' } },
        authorize: { bindings: { build: '{build}' } },
      },
      { match: { path: '/plain' }, authorize: { ignoreBindings: ['build'] } },
    ],
  })
  const { text: token } = await gateway.issue({ bindings: { build: ['7'] } })
  const post = (body: string | Buffer, headers: readonly HeaderLine[] = [json], path = '/command') =>
    gateway.request({
      method: 'POST',
      path,
      headers: [['Authorization', `Bearer ${token}`], ...headers],
      body,
    })
  return { upstream, gateway, token, post }
}

t.test('the value at the pointer decides, as text or as a whole number', async (t) => {
  const { upstream, post } = await start(t)
  for (const body of [
    '{"build":7}',
    '{"build":"7"}',
    ' {"x":[{"build":8}],\n"build":7}\n',
    '{"build":8,"build":7}',
  ]) {
    t.equal((await post(body)).status, 200, body)
    t.equal(upstream.requests.at(-1)?.body.toString(), body, 'byte for byte')
  }
  t.equal(upstream.requests.length, 4)
})

t.test('another value, or none that is certain, goes nowhere', async (t) => {
  const { upstream, post } = await start(t)
  const bodies = [
    '{"build":8}',
    '{"build":7,"build":8}',
    '{"build":7.0000000000000001e0,"build":null}',
    '{"build":[7]}',
    '{"build":{"id":7}}',
    '{"build":true}',
    '{"build":" 7"}',
    '{"Build":7}',
    '{"build":7}}',
    '{"build":7,}',
    '[7]',
    '7',
    'null',
    '{"__proto__":{"build":7}}',
    'build=7',
  ]
  for (const body of bodies) t.equal((await post(body)).status, 403, body)
  t.equal((await post(Buffer.from('\ufeff{"build":7}'))).status, 403, 'a byte order mark')
  t.equal((await post(Buffer.from('{"build":7,"x":"\xff"}', 'latin1'))).status, 403, 'not UTF-8')
  t.equal(upstream.requests.length, 0)
})

t.test('of a value that has to begin with something, the fact is what follows', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [
      {
        match: { path: '/notice' },
        facts: { build: { body: '/about', prefix: 'build/' } },
        authorize: { bindings: { build: '{build}' } },
      },
    ],
  })
  const { text } = await gateway.issue({ bindings: { build: ['7'] } })
  const post = async (about: unknown) => {
    const headers: readonly HeaderLine[] = [['Authorization', `Bearer ${text}`], json]
    return (
      await gateway.request({ method: 'POST', path: '/notice', headers, body: JSON.stringify({ about }) })
    ).status
  }
  t.equal(await post('build/7'), 200)
  for (const other of ['build/8', 'build/', 'project/7', '7', 'xbuild/7', '/build/7', 'BUILD/7', 7])
    t.equal(await post(other), 403, String(other))
  t.equal(upstream.requests.length, 1)
})

t.test('a body that could be read as something else than JSON says nothing', async (t) => {
  const { upstream, post } = await start(t)
  const others: readonly (readonly HeaderLine[])[] = [
    [],
    [['Content-Type', 'application/x-www-form-urlencoded']],
    [['Content-Type', 'application/json; charset=utf-16']],
    [['Content-Type', 'application/json, text/plain']],
    [json, ['Content-Type', 'application/x-www-form-urlencoded']],
    [json, ['Content-Encoding', 'gzip']],
  ]
  for (const headers of others)
    t.equal((await post('{"build":7}', headers)).status, 403, JSON.stringify(headers))
  t.equal(upstream.requests.length, 0)
  t.equal((await post('{"build":7}', [['content-type', 'application/JSON; charset=UTF-8']])).status, 200)
})

t.test('a body at the bound is read, one byte more is refused with 413', async (t) => {
  const { upstream, gateway, token, post } = await start(t)
  const ofLength = (length: number) => '{"build":7}'.padEnd(length, ' ')
  t.equal((await post(ofLength(4096))).status, 200)
  t.equal((await post(ofLength(4097))).status, 413)
  const head = `POST /command HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n`
  const chunked = (text: string) =>
    `${head}Transfer-Encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`
  t.equal((await gateway.raw(chunked(ofLength(4096)))).status, 200)
  t.equal((await gateway.raw(chunked(ofLength(4097)))).status, 413)
  t.strictSame(
    upstream.requests.map(({ bodyLength, state }) => [bodyLength, state]),
    [
      [4096, 'complete'],
      [4096, 'complete'],
    ],
  )
})

t.test(
  'a body that comes in pieces is waited for, and a client that waits to be asked is asked',
  async (t) => {
    const { upstream, gateway, token } = await start(t)
    const body = '{"build":7,"output":"é"}'
    const length = Buffer.byteLength(body)
    const head = `POST /command HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n`
    const answer = await gateway.raw(Buffer.from(`${head}Expect: 100-continue\r\n\r\n${body}`))
    t.equal(answer.status, 200)
    t.equal(upstream.requests[0]?.body.toString(), body)
    t.strictSame(upstream.requests[0]?.header('expect'), [], 'the upstream has no part in it')
  },
)

t.test('a client that leaves in the middle of such a body has not been decided on', async (t) => {
  const { upstream, gateway, token } = await start(t)
  const head = `POST /command HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n`
  await t.rejects(rawRequest(gateway.port, `${head}{"build":7`, { timeoutMs: 300 }), 'no answer came')
  t.equal(upstream.requests.length, 0)
  t.equal(await gateway.metric('sallyport_exchanges_in_flight'), 0)
})

t.test('where no route asks, a body of any size is carried and none of it is held', async (t) => {
  const { upstream, post } = await start(t)
  const body = Buffer.alloc(8 * 1024 * 1024, 'x')
  t.equal((await post(body, [json], '/plain')).status, 200)
  t.equal(upstream.requests[0]?.bodySha256, createHash('sha256').update(body).digest('hex'))
})
