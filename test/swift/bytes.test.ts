/**
 * Byte for byte: names of objects, values of metadata and the framing of bodies reach Swift through the gateway as they
 * do without it, and its answers come back so.
 * @module
 */

import t from 'tap'
import { rawRequest, request } from '../support/raw-request.ts'
import type { HeaderLine } from '../support/recording-upstream.ts'
import { differences } from './compare.ts'
import { startSwiftGateway } from './gateway.ts'
import { callerOf, directly } from './ways.ts'

const account = '/v1/AUTH_names'
const swift = directly()
const { way: gateway } = await startSwiftGateway(t)
const [straight, through] = [
  await callerOf(swift, 'names:owner'),
  await callerOf(gateway, 'names:owner'),
] as const
const ways = [swift, gateway] as const

/** As they stand in a target, and as a listing shows them. */
const names = [
  ['%2F', '/'],
  ['a%2Fb', 'a/b'],
  ['a/b//c', 'a/b//c'],
  ['/', '/'],
  ['//x', '//x'],
  ['dir/', 'dir/'],
  ['..', '..'],
  ['../../AUTH_test/c', '../../AUTH_test/c'],
  ['%2e%2e%2fx', '../x'],
  ['.', '.'],
  ['./a', './a'],
  ['trailing.', 'trailing.'],
  ['trailing...', 'trailing...'],
  ['a;b=c', 'a;b=c'],
  ['%3B', ';'],
  ['%25', '%'],
  ['%252F', '%2F'],
  ['%zz', '%zz'],
  ['100%', '100%'],
  ['%3F', '?'],
  ['%23', '#'],
  ['a+b', 'a+b'],
  ['a%2Bc', 'a+c'],
  ['a%20b', 'a b'],
  ['%20', ' '],
  ['%0A', '\n'],
  ['a%0D%0Ab', 'a\r\nb'],
  ['%09', '\t'],
  ['%7F', '\u007f'],
  ['%01', '\u0001'],
  ['%C3%A9', 'é'],
  ['%E2%80%AE', '\u202e'],
  ['%F0%9F%98%80', '\u{1f600}'],
  ['e%CC%81', 'e\u0301'],
  ['%EF%BC%8F', '\uff0f'],
  ["!$&'()*,:=@~-_.", "!$&'()*,:=@~-_."],
  ['%5C', '\\'],
  ['"|<>^`{}', '"|<>^`{}'],
  ['\\', '\\'],
  ['n'.repeat(1024), 'n'.repeat(1024)],
] as const

t.test('an object has at Swift the name that it got through the gateway', async (t) => {
  await straight('PUT', `${account}/named`)
  for (const [target, name] of names) {
    const shown = JSON.stringify(name).slice(0, 40)
    const path = `${account}/named/${target}`
    t.equal((await through('PUT', path, {}, `content of ${target}`)).status, 201, `${shown} is put`)
    const [read, back] = [await straight('GET', path), await through('GET', path)]
    t.equal(read.body.toString('latin1'), Buffer.from(`content of ${target}`).toString('latin1'))
    t.strictSame(differences(read, back, { isExact: true }), [], `${shown} is read alike`)
    const listing = await straight('GET', `${account}/named?format=json`)
    const listed = JSON.parse(listing.body.toString()).map((entry: { name: string }) => entry.name)
    t.strictSame(listed, [name], `${shown} is what Swift lists`)
    const again = await through('GET', `${account}/named?format=json`)
    t.strictSame(differences(listing, again, { isExact: true }), [], `${shown} is listed alike`)
    t.equal((await through('DELETE', path)).status, 204, `${shown} is deleted`)
  }
})

t.test('containers have any legal name as well', async (t) => {
  for (const target of ['..', '.', '%20', '%0A', '%3F', 'a;b', '%25', 'a+b', '%C3%A9', '%E1%88%B4']) {
    t.equal((await through('PUT', `${account}/${target}`)).status, 201, target)
    const [here, there] = [
      await straight('HEAD', `${account}/${target}`),
      await through('HEAD', `${account}/${target}`),
    ]
    t.strictSame(differences(here, there, { isExact: true }), [])
    t.equal((await straight('DELETE', `${account}/${target}`)).status, 204, target)
  }
})

t.test('metadata keep their bytes', async (t) => {
  const object = `${account}/meta/thing`
  await straight('PUT', `${account}/meta`)
  for (const value of [
    'plain',
    '\u00c3\u00a9',
    '\u00e9',
    '\u00ff\u00fe',
    'a  b',
    'a\tb',
    '%41%0A',
    '"a", b;c',
    '=?utf-8?Q?x?=',
  ]) {
    await straight('PUT', object)
    const set = [
      await straight('POST', object, { 'X-Object-Meta-Odd': value }),
      await straight('HEAD', object),
      await through('POST', object, { 'X-Object-Meta-Odd': value }),
      await through('HEAD', object),
    ] as const
    const name = JSON.stringify(value)
    t.strictSame(differences(set[0], set[2], { isExact: true }), [], `${name} is set alike`)
    t.strictSame(differences(set[1], set[3], { isExact: true }), [], `${name} is read alike`)
    t.strictSame(differences(set[1], await straight('HEAD', object), { isExact: true }), [], name)
  }
})

t.test('repeated headers are Swift’s to join', async (t) => {
  const container = `${account}/repeated`
  for (const [name, values] of [
    ['X-Container-Meta-Odd', ['a', 'b']],
    ['X-Container-Read', ['a:b', 'c:d']],
    ['X-Container-Meta-Odd', ['', 'b']],
  ] as const) {
    const answers = [
      await straight('PUT', container, { [name]: values }),
      await straight('HEAD', container),
      await through('PUT', container, { [name]: values }),
      await through('HEAD', container),
    ] as const
    // The container is there the second time.
    t.strictSame([answers[0].status === 201 ? 202 : answers[0].status, answers[2].status], [202, 202])
    t.strictSame(differences(answers[1], answers[3], { isExact: true }), [])
  }
})

t.test('bodies are framed as they were, and answers too', async (t) => {
  const path = `${account}/framed/thing`
  await straight('PUT', `${account}/framed`)
  const chunked = '4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n'
  for (const [name, headers, body] of [
    ['chunks', ['Transfer-Encoding: chunked'], chunked],
    ['a length', ['Content-Length: 7'], 'abcdefg'],
    ['no bytes', ['Content-Length: 0'], ''],
    ['empty chunks', ['Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['an expectation', ['Content-Length: 7', 'Expect: 100-continue'], 'abcdefg'],
    ['a wrong ETag', ['Content-Length: 7', 'ETag: d41d8cd98f00b204e9800998ecf8427e'], 'abcdefg'],
    ['a right ETag', ['Content-Length: 7', 'ETag: 7ac66c0f148de9519b8bd264312c4d64'], 'abcdefg'],
    ['gzip', ['Content-Length: 7', 'Content-Encoding: gzip'], 'abcdefg'],
  ] as const) {
    const [expected, actual] = await Promise.all(
      ways.map(async ({ port, token }) => {
        const lines = [`Host: storage.example`, `X-Auth-Token: ${await token('names:owner')}`, ...headers]
        const put = await rawRequest(port, `PUT ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`, {
          timeoutMs: 30_000,
        })
        return put
      }),
    )
    if (expected === undefined || actual === undefined) throw new Error('no answer')
    t.strictSame(differences(expected, actual, { isExact: true }), [], `PUT with ${name}`)
    const reads = [
      ['GET', {}],
      ['HEAD', {}],
      ['GET', { Range: 'bytes=1-2' }],
      ['GET', { Range: 'bytes=1-2,4-5' }],
      ['GET', { Range: 'bytes=99-' }],
      ['GET', { 'If-None-Match': '7ac66c0f148de9519b8bd264312c4d64' }],
      ['GET', { 'If-Match': 'other' }],
      ['GET', { 'If-Modified-Since': 'Wed, 25 Nov 2099 00:00:00 GMT' }],
      ['GET', { 'Accept-Encoding': 'gzip, br' }],
    ] as const
    for (const [method, conditions] of reads) {
      const [one, other] = [await straight(method, path, conditions), await through(method, path, conditions)]
      const boundary = /boundary=(\w+)/.exec(one.header('content-type')[0] ?? '')?.[1]
      const found = differences(one, other, { isExact: true })
      if (boundary === undefined)
        t.strictSame(found, [], `${method} ${JSON.stringify(conditions)} of ${name}`)
      else t.equal(other.status, 206, 'several ranges')
    }
  }
})

t.test('a PUT that says nothing of a body has none, and is sent up so', async (t) => {
  await straight('PUT', `${account}/framed`)
  for (const [way, status] of [
    [swift, 411],
    [gateway, 201],
  ] as const) {
    const headers: HeaderLine[] = [['X-Auth-Token', await way.token('names:owner')]]
    const answer = await request(way.port, { method: 'PUT', path: `${account}/framed/none`, headers })
    t.equal(answer.status, status, way.name)
  }
  t.strictSame((await straight('HEAD', `${account}/framed/none`)).header('content-length'), ['0'])
})

t.test('a refusal reaches a client that is still sending', async (t) => {
  const body = Buffer.alloc(300_000, 'x')
  for (const [path, who, headers] of [
    [`${account}/absent/thing`, 'names:owner', {}],
    [`${account}/framed/thing`, 's:stranger', {}],
    [`${account}/framed/thing`, undefined, {}],
    [`${account}/framed/thing`, 'names:owner', { 'X-Object-Manifest': 'malformed' }],
    [`${account}/framed/thing`, 'names:owner', { 'If-None-Match': '*' }],
  ] as const) {
    const [expected, actual] = [
      await (await callerOf(swift, who))('PUT', path, headers, body),
      await (await callerOf(gateway, who))('PUT', path, headers, body),
    ]
    t.ok(expected.status >= 400, `${expected.status} for ${path} by ${who}`)
    t.strictSame(differences(expected, actual, { isExact: true }), [])
  }
})

t.test('long header lines are refused, whoever of the two finds them too long', async (t) => {
  for (const [length, status] of [
    [200, 204],
    [257, 400],
    [8_000, 400],
    [9_000, 400],
  ] as const) {
    const headers = { 'X-Container-Meta-Long': 'v'.repeat(length) }
    const [expected, actual] = [
      await straight('POST', `${account}/framed`, headers),
      await through('POST', `${account}/framed`, headers),
    ]
    t.equal(expected.status, status, `${length}`)
    t.equal(actual.status, status, `${length}`)
    if (length < 8_192) t.strictSame(differences(expected, actual, { isExact: true }), [])
    else
      t.strictSame(
        [actual.statusText, actual.body.toString()],
        [expected.statusText, expected.body.toString()],
      )
  }
  const huge = await through('POST', `${account}/framed`, { 'X-Container-Meta-Long': 'v'.repeat(40_000) })
  t.equal(huge.status, 431, 'beyond listen.limits the gateway itself refuses')
})

t.test('what HTTP/1.0 clients send is answered alike', async (t) => {
  const lines = async (way: (typeof ways)[number]) =>
    `Host: storage.example\r\nX-Auth-Token: ${await way.token('names:owner')}\r\n\r\n`
  const [expected, actual] = [
    await rawRequest(swift.port, `GET ${account}/framed/thing HTTP/1.0\r\n${await lines(swift)}`),
    await rawRequest(gateway.port, `GET ${account}/framed/thing HTTP/1.0\r\n${await lines(gateway)}`),
  ]
  t.strictSame(differences(expected, actual, { isExact: true }), [])
})

t.test('what a target or a header may not hold is refused here, and changes nothing', async (t) => {
  const token = await gateway.token('names:owner')
  const own: HeaderLine = ['X-Auth-Token', token]
  const put = (path: string, ...headers: HeaderLine[]) =>
    request(gateway.port, { method: 'PUT', path, headers: [own, ['Content-Length', '0'], ...headers] })
  for (const path of [
    `${account}/refused#x`,
    `${account}/refused\t`,
    `/${account}/refused`,
    `${account}\r`,
  ]) {
    t.equal((await put(path)).status, 400, JSON.stringify(path))
  }
  for (const header of [
    ['X_Container_Meta_Odd', 'x'],
    ['X-Container-Meta-Odd', '\u007f'],
    ['X-Auth-Token', token],
    ['X-Storage-Token', token],
    ['Authorization', `Bearer ${token}`],
    ['Connection', 'X-Auth-Token'],
    ['Transfer-Encoding', 'chunked'],
    ['Content-Length', '0'],
  ] as const) {
    t.equal((await put(`${account}/refused`, header)).status, 400, header[0])
  }
  t.equal((await straight('HEAD', `${account}/refused`)).status, 404)
})
