/**
 * The gateway holds a credential that may do everything. Nobody gets to use it for another project than that of the key,
 * whatever a path, a header or a second credential looks like.
 * @module
 */

import fc from 'fast-check'
import t, { type Test } from 'tap'
import { rawRequest } from '../../support/raw-request.ts'
import type { HeaderLine, RecordedRequest } from '../../support/recording-upstream.ts'
import { notFound, notProvided, said, start, token } from './scene.ts'
import { serviceToken } from './upstream.ts'

/** What is of `pip`, in every spelling in which it may go up. */
const ofPip =
  /^\/api\/v2\/(project\/1|version\/111|build\/1[12]|command\/71|build\/concurrent\/\?project__slug=pip)(\.json)?(\/|$|\?)/

const isPrivileged = (request: RecordedRequest) =>
  request.header('authorization').some((value) => value.includes(serviceToken))

t.test('no spelling of a path leads to another project', async (t) => {
  const { keyA, send, carried } = await start(t)
  const paths = [
    '/api/v2/build/22',
    '/api/v2/build/22.json',
    '/api/v2/build/%32%32/',
    '/api/v2/build/22%20/',
    '/api/v2/build/11/../22/',
    '/api/v2/build/11/%2e%2e/22/',
    '/api/v2/build/11%2f..%2f22/',
    '/api/v2/build/11%2F..%2F22/reset/',
    '/api/v2/build//22/',
    '//api/v2/build/22/',
    '/api/v2/build/22;/',
    '/api/v2/build/11;/../22/',
    '/api/v2/build/22%3B/',
    '/api/v2/build/22%00/',
    '/api/v2/build/22\\',
    '/API/V2/BUILD/22/',
    '/api/v2/Build/22/',
    '/api/v2/./build/22/',
    '/api/v1/build/22/',
    '/api/v2/build/concurrent?project__slug=tox',
    '/api/v2/build/concurrent.json?project__slug=tox',
    '/api/v2/build/concurrent/x/?project__slug=tox',
    '/api/v2/build/%63oncurrent/?project__slug=tox',
    '/api/v2/command/72/?build=11',
    '/api/v2/project/2/?slug=pip&id=1',
    '/api/v2/revoke',
    '/api/v2/remote/repo/',
    '/api/v2/footer_html/',
    '/dashboard/',
    '/',
  ]
  for (const path of paths) {
    for (const method of ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status } = await send(method, path, keyA.text, { body: '{}' })
      t.ok([400, 403, 404, 405].includes(status), `${method} ${path}: ${status}`)
    }
  }
  t.strictSame(carried(), [])
})

t.test(
  'generated paths, with and without a key, never take the credential along to another project',
  async (t) => {
    const { keyA, send, upstream } = await start(t)
    const word = fc.constantFrom(
      ...[
        'project',
        'build',
        'version',
        'command',
        'domain',
        'concurrent',
        'reset',
        'healthcheck',
        'notifications',
      ],
      ...[
        '1',
        '2',
        '11',
        '22',
        '71',
        '72',
        '%31',
        '..',
        '.',
        '',
        '%2e',
        '%2f',
        ';',
        '.json',
        '22%2F',
        'credentials/storage',
      ],
    )
    const query = fc.constantFrom(
      '',
      '?project__slug=pip',
      '?project__slug=tox',
      '?project__slug=pip&project__slug=tox',
    )
    const method = fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE')
    const key = fc.constantFrom(keyA.text, undefined, 'abcdefgh.wrong', serviceToken)
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { maxLength: 4 }),
        query,
        method,
        key,
        async (words, asked, how, with_) => {
          const before = upstream.requests.length
          await send(how, `/api/v2/${words.join('/')}/${asked}`, with_, {
            body: '{"build":22,"attached_to":"build/22"}',
          })
          for (const request of upstream.requests.slice(before)) {
            const isQuestion = request.header('x-request-id').length === 0
            if (isQuestion && (request.method !== 'GET' || with_ !== keyA.text))
              throw new Error('asked for nobody')
            if (!isQuestion && isPrivileged(request) && !(with_ === keyA.text && ofPip.test(request.target)))
              throw new Error(`${request.method} ${request.target}`)
          }
        },
      ),
      { numRuns: 400 },
    )
  },
)

t.test("the gateway's own credential is no key of a client", async (t) => {
  const { send, carried, service } = await start(t)
  service.keys.set('own-key', 'tox')
  for (const key of [serviceToken, 'own-key']) {
    t.strictSame(said(await send('PATCH', '/api/v2/project/2/', key, { body: '{}' })), notProvided)
    t.strictSame(said(await send('GET', '/api/v2/project/3/', key)), notFound)
    t.strictSame(carried().at(-1)?.header('authorization'), [])
  }
})

t.test('two credentials are refused, whichever of them is good', async (t) => {
  const { keyA, keyB, gateway, upstream } = await start(t)
  for (const pair of [
    [token(keyA.text), token(keyB.text)],
    [token(keyA.text), token('garbage')],
    [token('garbage'), token(keyA.text)],
    [['authorization', 'Basic eDp5'] as const, token(keyA.text)],
  ])
    for (const path of ['/api/v2/project/1/', '/api/v2/revoke/', '/api/v2/build/11/reset/'])
      t.equal((await gateway.request({ method: 'POST', path, headers: pair })).status, 400)
  t.equal(upstream.requests.length, 0)
})

t.test('no header of a client says who it is, where it goes or which method it means', async (t) => {
  const { keyA, send, carried } = await start(t)
  const disguised: readonly HeaderLine[] = [
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-Original-URL', '/api/v2/build/22/'],
    ['X-Rewrite-URL', '/api/v2/build/22/'],
    ['X-Sallyport-Subject', 'root'],
    ['Remote-User', 'root'],
    ['X-Api-Key', 'other'],
    ['Cookie', 'sessionid=staff'],
    ['X-Plain', 'stays'],
  ]
  t.equal(
    (await send('PATCH', '/api/v2/build/11/', keyA.text, { headers: disguised, body: '{}' })).status,
    200,
  )
  const [request] = carried()
  for (const [name] of disguised.slice(0, -1)) {
    if (name !== 'X-Sallyport-Subject') t.strictSame(request?.header(name), [], name)
  }
  t.strictSame(request?.header('x-sallyport-subject'), ['builder'])
  t.strictSame(request?.header('x-plain'), ['stays'])
  for (const name of ['Authorization_', 'X_Sallyport_Subject', 'X_Api_Key']) {
    const headers = [[name, 'x']] as const
    t.equal((await send('GET', '/api/v2/build/11/', keyA.text, { headers })).status, 400, name)
  }
  t.equal(carried().length, 1)
})

t.test('no cookie passes beside a key, in either direction', async (t) => {
  const { keyA, send, upstream, service } = await start(t)
  upstream.reply(async (request) => {
    const reply = service.reply(request)
    return 'raw' in reply
      ? reply
      : { ...reply, headers: [...(reply.headers ?? []), ['Set-Cookie', 'sessionid=new']] }
  })
  const headers = [['Cookie', 'sessionid=abc']] as const
  const withKey = await send('GET', '/api/v2/project/1/', keyA.text, { headers })
  t.strictSame(withKey.header('set-cookie'), [])
  t.strictSame(upstream.requests.at(-1)?.header('cookie'), [])
  const without = await send('GET', '/api/v2/project/1/', undefined, { headers })
  t.strictSame(without.header('set-cookie'), ['sessionid=new'])
  t.strictSame(upstream.requests.at(-1)?.header('cookie'), ['sessionid=abc'])
})

t.test('while the service cannot say which project something is of, nobody gets it', async (t) => {
  const { keyA, send, upstream, service } = await start(t)
  await refusesWhile(t, { status: 500 })
  await refusesWhile(t, { status: 403, body: '{"project_slug":"pip"}' })
  await refusesWhile(t, { status: 302, headers: [['Location', '/api/v2/build/12/']] })
  upstream.reply(service.reply)
  t.equal((await send('GET', '/api/v2/build/11/', keyA.text)).status, 200, 'and it is asked again')

  async function refusesWhile(t: Test, reply: { status: number; body?: string; headers?: HeaderLine[] }) {
    upstream.reply((request) => (request.header('x-request-id').length === 0 ? reply : { body: 'shown' }))
    const answer = await send('GET', '/api/v2/build/11/', keyA.text)
    t.strictSame(said(answer), [503, '{"detail":"The request cannot be authorized right now."}'])
    t.strictSame(answer.header('retry-after'), ['1'])
  }
})

t.test('HTTP/1.0, HEAD and a body that waits to be asked for are decided on like all others', async (t) => {
  const { keyA, gateway, send, carried } = await start(t)
  const line = `Host: h\r\nAuthorization: Token ${keyA.text}\r\n`
  t.equal((await gateway.raw(`GET /api/v2/build/11/ HTTP/1.0\r\n${line}\r\n`)).status, 200)
  t.equal((await gateway.raw(`GET /api/v2/build/22/ HTTP/1.0\r\n${line}\r\n`)).status, 404)
  const head = await send('HEAD', '/api/v2/build/22/', keyA.text)
  t.strictSame(said(head), [404, ''])
  t.equal((await send('HEAD', '/api/v2/build/11/', keyA.text)).status, 200)
  const post = (build: number) => {
    const body = `{"build":${build}}`
    return gateway.raw(
      `POST /api/v2/command/ HTTP/1.1\r\n${line}Content-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n${body}`,
    )
  }
  t.equal((await post(11)).status, 201)
  t.equal((await post(22)).status, 403)
  t.equal(carried().length, 3)
})

t.test('a body that is too long to be decided on is refused, and one that is chunked is not', async (t) => {
  const { keyA, gateway, send, carried } = await start(t)
  const long = `{"build":11,"output":"${'x'.repeat(70_000)}"}`
  t.equal((await send('POST', '/api/v2/command/', keyA.text, { body: long })).status, 201, 'output is long')
  const notice = `{"attached_to":"build/11","x":"${'x'.repeat(70_000)}"}`
  const answer = await send('POST', '/api/v2/notifications/', keyA.text, { body: notice })
  t.strictSame(said(answer), [413, '{"detail":"The body of the request is too long to be decided on."}'])
  const chunk = '{"build":22}'
  const chunked = `POST /api/v2/command/ HTTP/1.1\r\nHost: h\r\nAuthorization: Token ${keyA.text}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`
  t.equal((await gateway.raw(chunked)).status, 403)
  t.equal((await gateway.raw(chunked.replace('22}', '11}'))).status, 201)
  t.equal(carried().length, 2)
})

t.test('a body that nobody reads does not become the next request', async (t) => {
  const { keyA, gateway, upstream } = await start(t)
  const line = `Host: h\r\nAuthorization: Token ${keyA.text}\r\n`
  const smuggled = `GET /api/v2/build/11/ HTTP/1.1\r\n${line}\r\n`.padEnd(300_000, ' ')
  const first = `DELETE /api/v2/project/1/ HTTP/1.1\r\n${line}Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`
  const second = `GET /api/v2/project/1/ HTTP/1.1\r\n${line}Connection: close\r\n\r\n`
  const answer = await rawRequest(gateway.port, first + second, { untilClose: true })
  t.equal(answer.status, 405)
  t.match(answer.rest.toString(), /^HTTP\/1\.1 200 OK\r\n.*"slug":"pip","admin":true\}$/s)
  t.strictSame(new Set(upstream.requests.map(({ target }) => target)), new Set(['/api/v2/project/1/']))

  const waiting = `POST /api/v2/revoke/ HTTP/1.1\r\n${line}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n`
  const revoked = await rawRequest(gateway.port, waiting, { untilClose: true })
  t.match(revoked, { status: 204, interim: [], closed: true }, 'whether a body follows nobody knows')
})
