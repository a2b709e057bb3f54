/**
 * HAProxy asks by a script of ours: what it must not ask about otherwise than it sends, and whom it must not believe.
 * @module
 */

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { join } from 'node:path'
import t from 'tap'
import { rawRequest, request } from '../support/raw-request.ts'
import { type HeaderLine, recordingUpstream } from '../support/recording-upstream.ts'
import { type DoorAnswer, scriptedDoor } from './scripted-door.ts'
import { startProxy } from './start-proxy.ts'
import { host, secret } from './what-is-asked.ts'

const allowed: DoorAnswer = {
  status: 200,
  headers: [
    ['X-Sallyport-Owner', 'false'],
    ['X-User', 'alice'],
  ],
}

t.test('haproxy and its script', async (t) => {
  const door = await scriptedDoor(t)
  const service = await recordingUpstream(t)
  const { port } = await startProxy(t, 'haproxy', {
    decisionPort: door.port,
    servicePort: service.port,
    secret,
  })
  const toHost: HeaderLine = ['Host', host]

  t.test('a target that does not go up as it is asked about is not asked about', async (t) => {
    door.answer(() => allowed)
    const [questions, sent] = [door.questions.length, service.requests.length]
    const heads = [
      `GET http://${host}/x HTTP/1.1\r\nHost: ${host}`,
      `GET http://other/x HTTP/1.1\r\nHost: ${host}`,
      `OPTIONS * HTTP/1.1\r\nHost: ${host}`,
      `CONNECT ${host} HTTP/1.1\r\nHost: ${host}`,
      'GET /x HTTP/1.0',
      'GET /x HTTP/1.1\r\nHost:',
      'GET /x HTTP/1.1\r\nHost: a\r\nHost: b',
      `GET /x#y HTTP/1.1\r\nHost: ${host}`,
    ]
    for (const head of heads) {
      const { status } = await rawRequest(port, `${head}\r\n\r\n`)
      t.ok(status === 400 || status === 503, `${status} to ${head}`)
    }
    t.equal(door.questions.length, questions)
    t.equal(service.requests.length, sent)
  })

  t.test('a request over HTTP/2 is asked about, and goes up, as it came', async (t) => {
    door.answer(() => allowed)
    const session = connect(`http://127.0.0.1:${port}`)
    t.teardown(() => session.destroy())
    const stream = session.request({
      ':method': 'DELETE',
      ':path': '/v1/a%20b//c?d=/e&f',
      ':authority': host,
      'x-user': 'mallory',
    })
    const [head] = await once(stream.end(), 'response')
    t.equal(head[':status'], 200)
    stream.resume()
    const { header } = door.questions.at(-1) ?? { header: () => [] }
    t.strictSame(
      ['method', 'proto', 'host', 'uri', 'for'].map((part) => header(`x-forwarded-${part}`)),
      [['DELETE'], ['http'], [host], ['/v1/a%20b//c?d=/e&f'], ['127.0.0.1']],
    )
    const received = service.requests.at(-1)
    t.match(received, { method: 'DELETE', target: '/v1/a%20b//c?d=/e&f' })
    t.strictSame(received?.header('x-user'), ['alice'])
  })

  t.test('hops that a client names stand before it in the question, and do not go up', async (t) => {
    door.answer(() => allowed)
    const hops: readonly HeaderLine[] = [
      ['X-Forwarded-For', '9.9.9.9'],
      ['x-forwarded-for', '8.8.8.8, 7.7.7.7'],
    ]
    t.equal((await request(port, { headers: [toHost, ...hops] })).status, 200)
    t.strictSame(door.questions.at(-1)?.header('x-forwarded-for'), [
      '9.9.9.9',
      '8.8.8.8, 7.7.7.7',
      '127.0.0.1',
    ])
    t.strictSame(service.requests.at(-1)?.header('x-forwarded-for'), ['127.0.0.1'])
  })

  t.test('what the gateway does not answer so is no answer', async (t) => {
    const sent = service.requests.length
    const answers: Readonly<Record<string, DoorAnswer>> = {
      'a 200 of somebody else': { status: 200, headers: [['X-User', 'alice']] },
      'a 204': { ...allowed, status: 204 },
      'a refusal with 200': {
        ...allowed,
        headers: [...(allowed.headers ?? []), ['X-Sallyport-Status', '403']],
      },
      'two lines of one header': { ...allowed, headers: [...(allowed.headers ?? []), ['X-User', 'eve']] },
      'two owners': { ...allowed, headers: [...(allowed.headers ?? []), ['X-Sallyport-Owner', 'true']] },
      'a refusal of somebody else': { status: 403, headers: [['X-Secret', 'of somebody else']] },
      'another status than it says': { status: 403, headers: [['X-Sallyport-Status', '401']] },
    }
    for (const [title, answer] of Object.entries(answers)) {
      door.answer(() => answer)
      const { status, headers } = await request(port, { headers: [toHost] })
      t.equal(status, 503, title)
      t.notMatch(JSON.stringify(headers), /Secret|alice/i)
    }
    t.equal(service.requests.length, sent)
  })

  t.test('a refusal comes with all of its lines, and without a body to HEAD', async (t) => {
    door.answer(() => ({
      status: 401,
      headers: [
        ['WWW-Authenticate', 'Bearer'],
        ['WWW-Authenticate', 'Basic'],
        ['X-Sallyport-Status', '401'],
      ],
      body: 'why',
    }))
    const told = await request(port, { headers: [toHost] })
    t.match(told, { status: 401, body: Buffer.from('why') })
    t.strictSame(told.header('www-authenticate'), ['Bearer', 'Basic'])
    const head = await request(port, { method: 'HEAD', headers: [toHost] })
    t.match(head, { status: 401, rest: Buffer.alloc(0) })
  })

  t.test('a head that leaves no room for a question is refused', async (t) => {
    door.answer(() => allowed)
    const sent = service.requests.length
    for (const bytes of [62_000, 64_200, 70_000]) {
      const { status } = await request(port, { headers: [toHost, ['X-Large', 'x'.repeat(bytes)]] })
      t.comment(`${bytes}: ${status}`)
      if (status === 200) t.equal(door.questions.at(-1)?.header('x-large').join().length, bytes)
      else t.ok(status >= 400)
    }
    t.ok(service.requests.length <= sent + 1)
  })
})

t.test('without its secret it does not start', async (t) => {
  const folder = join(import.meta.dirname, '../..')
  const { SALLYPORT_SECRET: _, ...env } = process.env
  const child = execFile(
    process.env.PROXY_HAPROXY ?? 'haproxy',
    ['-c', '-f', 'config/decision/haproxy.cfg'],
    { cwd: folder, env },
  )
  let told = ''
  child.stderr?.on('data', (text: string) => {
    told += text
  })
  const [code] = await once(child, 'close')
  t.not(code, 0)
  t.match(told, 'SALLYPORT_SECRET is not set')
})
