/**
 * Requests that name one repository to a hasty reader and another to the registry: none of them gets there.
 * @module
 */

import t from 'tap'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { allowed, openScene } from './scene.ts'

const { gateway, upstream, enter } = await openScene(t)
const digest = `sha256:${'0'.repeat(64)}`
const { jwt, text, bearer } = await enter(allowed, ['repository:acme/app:*', 'repository:acme/x/app:*'])

t.test('what it is good for goes up, so that the rest of this means something', async (t) => {
  const before = upstream.requests.length
  const answer = await gateway.request({ path: '/v2/acme/app/manifests/x', headers: [bearer] })
  t.equal(answer.status, 200)
  t.equal(upstream.requests.length, before + 1)
  const request = upstream.requests.at(-1)
  t.equal(request?.target, '/v2/acme/app/manifests/x')
  t.strictSame(request?.header('authorization'), [], 'without the credential')
})

const paths = [
  '/v2/acme/app/../../other/manifests/x',
  '/v2/acme/app/%2e%2e/other/manifests/x',
  '/v2/acme/app/..%2f..%2fother/manifests/x',
  '/v2/acme%2fapp/manifests/x',
  '/v2/acme%2Fapp/manifests/x',
  '/v2/acme/app%2f..%2f..%2fother/manifests/x',
  '/v2//acme/app/manifests/x',
  '/v2/acme//app/manifests/x',
  '//v2/acme/app/manifests/x',
  '/v2/acme/app/manifests//x',
  '/v2/acme/app/manifests/x/',
  '/v2/acme/app/manifests/',
  '/v2/acme/app/tags/list/',
  '/v2/acme/app/./manifests/x',
  '/v2/acme/app;x/manifests/x',
  '/v2/acme/app/manifests/x;y',
  '/v2/ACME/app/manifests/x',
  '/V2/acme/app/manifests/x',
  '/v2/acme/app/MANIFESTS/x',
  '/v2/acme/app%00/manifests/x',
  '/v2/acme/app\\manifests/x',
  '/v2/host:5000/acme/app/manifests/x',
  '/v2/acme/app/manifests/sha256:',
  `/v2/acme/app/blobs/${encodeURIComponent(digest)}`,
  '/v2/acme/app/blobs/uploads/..',
  '/v2/acme/app/blobs/uploads/%2e%2e',
  '/v2/acme/app/blobs/uploads/../../../other/manifests/x',
  '/v2/other/manifests/x',
  '/v2/acmeapp/manifests/x',
  '/v2/acme/manifests/x',
  '/v2/acme/application/manifests/x',
  '/v2/other/acme/app/manifests/x',
  '/v2/acme/app/other/manifests/x',
  '/v2/acme/app/manifests/manifests/x',
  '/v2/acme/app/tags/list/manifests/x',
  '/v2/_catalog',
  '/v2/_catalog/',
  '/v2/acme/app/_catalog',
  '/v2/acme/app',
  '/v2/acme/app/',
  '/v1/repositories/acme/app/images',
  '/metrics',
  '/debug/health',
  '/',
]

t.test('no spelling of a path leads to another repository, or past the API', async (t) => {
  const before = upstream.requests.length
  for (const path of paths) {
    const { status } = await gateway.request({ path, headers: [bearer] })
    t.ok(status >= 400 && status < 500, `${status} for ${path}`)
  }
  t.equal(upstream.requests.length, before, 'nothing went up')
})

t.test('a method is what it is called, and nothing renames it', async (t) => {
  const before = upstream.requests.length
  const reader = await enter(allowed, ['repository:acme/app:pull'])
  const manifest = '/v2/acme/app/manifests/x'
  for (const [method, path] of [
    ['PUT', manifest],
    ['DELETE', manifest],
    ['POST', manifest],
    ['PATCH', manifest],
    ['get', manifest],
    ['DELETE', `/v2/acme/app/blobs/${digest}`],
    ['POST', '/v2/acme/app/blobs/uploads/'],
    ['PUT', '/v2/acme/app/blobs/uploads/'],
    ['POST', '/v2/acme/app/blobs/uploads/abc'],
    ['PATCH', '/v2/acme/app/blobs/uploads/abc'],
    ['PUT', '/v2/acme/app/blobs/uploads/abc'],
    ['DELETE', '/v2/acme/app/blobs/uploads/abc'],
    ['POST', '/v2/acme/app/tags/list'],
    ['DELETE', '/v2/acme/app/tags/list'],
  ] as const) {
    const { status } = await gateway.request({
      method,
      path,
      headers: [reader.bearer],
    })
    t.ok(status >= 400, `${status} for ${method} ${path}`)
  }
  t.equal(upstream.requests.length, before, 'nothing went up')
})

t.test('two credentials, a credential in the query, a cookie or a disguised header are none', async (t) => {
  const before = upstream.requests.length
  const path = '/v2/acme/app/manifests/x'
  const attempts: readonly [string, readonly HeaderLine[]][] = [
    [path, [bearer, bearer]],
    [path, [bearer, ['Authorization', 'Bearer x']]],
    [`${path}?access_token=${jwt}`, []],
    [`${path}?token=${jwt}`, []],
    [path, [['Cookie', `token=${jwt}`]]],
    [path, [['X_Authorization', `Bearer ${jwt}`]]],
    [path, [['Proxy-Authorization', `Bearer ${jwt}`]]],
    [path, [['Authorization', `Bearer ${text}`]]],
    [path, [['Authorization', `Bearer ${jwt}.`]]],
    [path, [['Authorization', `Bearer ${jwt.split('.').slice(0, 2).join('.')}.`]]],
    [
      path,
      [
        [
          'Authorization',
          `Bearer ${jwt.replace(/^[^.]+/, Buffer.from('{"alg":"none"}').toString('base64url'))}`,
        ],
      ],
    ],
    [path, [['Authorization', `Bearer ${'a'.repeat(7_000)}`]]],
    [path, []],
  ]
  for (const [target, headers] of attempts) {
    const { status } = await gateway.request({ path: target, headers })
    t.ok(status === 400 || status === 401, `${status} for ${JSON.stringify(headers).slice(0, 60)}`)
  }
  t.equal(upstream.requests.length, before, 'nothing went up')
})

t.test('no header makes another method of a GET', async (t) => {
  const reader = await enter(allowed, ['repository:acme/app:pull'])
  const path = '/v2/acme/app/manifests/x'
  for (const name of ['X-HTTP-Method-Override', 'X-Method-Override', 'X-HTTP-Method']) {
    const before = upstream.requests.length
    await gateway.request({ path: `${path}?_method=DELETE`, headers: [reader.bearer, [name, 'DELETE']] })
    t.strictSame(
      upstream.requests.slice(before).map(({ method }) => method),
      ['GET'],
    )
  }
  const before = upstream.requests.length
  const disguised = await gateway.request({
    path,
    headers: [reader.bearer, ['X_HTTP_Method_Override', 'PUT']],
  })
  t.equal(disguised.status, 400)
  t.equal(upstream.requests.length, before)
})

t.test('a form is refused however its body comes, and before any of it goes up', async (t) => {
  const before = upstream.requests.length
  const form: HeaderLine = ['Content-Type', 'application/x-www-form-urlencoded']
  const blob: HeaderLine = ['Content-Type', 'application/octet-stream']
  const chunked: HeaderLine = ['Transfer-Encoding', 'chunked']
  const plain = { method: 'POST', path: '/v2/acme/app/blobs/uploads/' }
  const attempts: readonly { headers: readonly HeaderLine[]; body: string }[] = [
    { headers: [form], body: 'from=other/app' },
    { headers: [form, chunked], body: 'e\r\nfrom=other/app\r\n0\r\n\r\n' },
    { headers: [blob, form], body: 'from=other/app' },
    { headers: [form, blob], body: 'from=other/app' },
    { headers: [form], body: '' },
  ]
  for (const { headers, body } of attempts) {
    const { status } = await gateway.request({ ...plain, headers: [bearer, ...headers], body })
    t.ok(status === 400 || status === 404, `${status} for ${JSON.stringify(headers)}`)
  }
  t.equal(upstream.requests.length, before)
})

t.test('an old protocol and long texts are decided on like anything else', async (t) => {
  const before = upstream.requests.length
  const [name, value] = bearer
  const head = `Host: 127.0.0.1\r\n${name}: ${value}\r\n\r\n`
  const old = await gateway.raw(`GET /v2/acme/app/../../other/manifests/x HTTP/1.0\r\n${head}`)
  t.ok(old.status >= 400, `${old.status}`)
  for (const path of [
    `/v2/acme/${'a'.repeat(251)}/manifests/x`,
    `/v2/acme/${'a/'.repeat(2_000)}manifests/x`,
    `/v2/acme/${'a-'.repeat(2_000)}/manifests/x`,
    `/v2/acme/app/manifests/${'x'.repeat(129)}`,
    `/v2/acme/app/blobs/uploads/${'x'.repeat(256)}`,
  ])
    t.equal((await gateway.request({ path, headers: [bearer] })).status, 404, path.slice(0, 60))
  t.equal(upstream.requests.length, before, 'nothing went up')
})
