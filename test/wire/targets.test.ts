/**
 * Targets as attackers write them: what is not canonical is refused, and what goes up is what was decided on.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { codeOf, startWire } from './wire.ts'

const host = 'Host: gate.example'

t.test('a target that servers read differently is refused, and nothing goes up', async (t) => {
  const wire = await startWire(t)
  const targets = [
    ...['/a/../b', '/..', '/a/.', '/%2e%2e/a', '/a/%2E%2e/b', '/.%2e/a', '/a//b', '//a', '//evil.example/a'],
    ...['/a%2fb', '/a%2Fb', '/a\\b', '/a%5cb', '/a%25b', '/%252e%252e/a', '/a;b', '/a%3bb', '/..;/a'],
    ...['/a#b', '/a%00', '/a%0d%0ab', '/%1f', '/%7f', '/%c2%85', '/\u00fc', '/%ff', '/%zz', '/%', '/%c0%ae'],
    ...['/%c0%ae%c0%ae/a', '/%e0%80%af', '/a"b', '/<a>', '/{a}', '/a|b', '/a^b', '/a`b', '/[a]'],
    ...['*', 'a', 'http:/a', 'http://other.example/a', 'http://gate.example:81/a', 'http://u@gate.example/a'],
    ...[
      'http://gate.example/a//b',
      'http://gate.example\\@evil/a',
      'ftp://gate.example/a',
      'gate.example:80',
    ],
    ...['http://gate.example?a', 'http:///a', '/a?b#c', '/a?b\u0001'],
  ]
  for (const target of targets) {
    const answer = await wire.send([`GET ${target} HTTP/1.1`, host])
    t.equal(answer.status, 400, JSON.stringify(target))
    t.match(codeOf(answer), /^malformed_(target|request)$/, target)
  }
  const spaced = await wire.send(['GET /a b HTTP/1.1', host])
  t.equal(codeOf(spaced), 'malformed_request')
  t.equal(codeOf(await wire.send(['OPTIONS * HTTP/1.1', host])), 'malformed_target')
  t.strictSame(wire.upstream.requests, [])
})

t.test('a canonical target goes up in its one spelling, with its query as it came', async (t) => {
  const wire = await startWire(t)
  const cases: readonly (readonly [target: string, upstream: string])[] = [
    ['/', '/'],
    ['/a/b/?', '/a/b/?'],
    ['/%61?q=%61&r=../..//&s=%2f;%25%00\\"', '/a?q=%61&r=../..//&s=%2f;%25%00\\"'],
    ['/%c3%bc?%c3%bc', '/%C3%BC?%c3%bc'],
    ['http://GATE.example/a?b', '/a?b'],
    ['HTTP://gate.example', '/'],
    ['/a?http://other/', '/a?http://other/'],
    ['/a??b?', '/a??b?'],
  ]
  for (const [target, expected] of cases) {
    const { target: received } = await wire.forwarded([`GET ${target} HTTP/1.1`, host])
    t.equal(received, expected, target)
  }
})

t.test('a raw-exact route passes every byte of the object on', async (t) => {
  const wire = await startWire(t, {
    routes: [
      {
        match: { path: '/v1/{account}/{container}/{object+}' },
        pathMode: 'raw-exact',
        authorize: { bindings: { account: '{account}' } },
      },
    ],
  })
  const { text } = await wire.gateway.issue({ bindings: { account: ['AUTH_a'] } })
  const get = (target: string) =>
    wire.gateway.raw(`GET ${target} HTTP/1.1\r\n${host}\r\nAuthorization: Bearer ${text}\r\n\r\n`)
  const objects = [
    ...[
      'a%2Fb',
      'a%2fb',
      'a//b',
      '/a',
      '../b',
      '..',
      'a/./b',
      'a;b',
      'a%25b',
      '%252e',
      'a%0Ab',
      'a%00',
      'a\\b',
    ],
    ...['%c3%bc', '%ff', '%zz', '%7Ea', 'a?b//..%2F', '"{}|^`<>'],
  ]
  for (const object of objects) {
    const target = `/v1/AUTH%5Fa/c/${object}`
    t.equal((await get(target)).status, 200, object)
    t.equal(wire.upstream.requests.at(-1)?.target, target)
  }
  const sent = wire.upstream.requests.length
  for (const account of ['AUTH_b', 'AUTH%5Fb', 'auth_a', 'AUTH_a%20', 'AUTH_a/']) {
    const { status } = await get(`/v1/${account}/c/../../AUTH_a/c/o`)
    t.ok(status === 403 || status === 400, account)
  }
  for (const account of [
    'AUTH_b/..',
    '..',
    '%2e%2e',
    'AUTH_a%2fc',
    'AUTH_a%00',
    'AUTH_a;',
    '%ff',
    '',
    'AUTH_a%25',
  ]) {
    t.equal(codeOf(await get(`/v1/${account}/AUTH_a/o//`)), 'malformed_target', account)
  }
  t.equal(codeOf(await get('/v1/AUTH_a/c#o')), 'malformed_target')
  t.equal(wire.upstream.requests.length, sent, 'nothing more went up')
})

t.test('a request that no route takes goes nowhere, whatever it carries', async (t) => {
  const wire = await startWire(t, {
    routes: [{ match: { path: '/a/{x}', methods: ['GET'], hosts: ['gate.example', '*.wild.example'] } }],
  })
  const heads = [
    ['GET /b/x HTTP/1.1', host],
    ['GET /a HTTP/1.1', host],
    ['GET /A/x HTTP/1.1', host],
    ['POST /a/x HTTP/1.1', host],
    ['HEAD /a/x HTTP/1.1', host],
    ['GET /a/x HTTP/1.1', 'Host: other.example'],
    ['GET /a/x HTTP/1.1', 'Host: wild.example'],
    ['GET /a/x HTTP/1.1', 'Host: gate.example.evil.example'],
  ]
  for (const head of heads) t.equal((await wire.send(head)).status, 404, head.join(' '))
  t.strictSame(wire.upstream.requests, [])
  t.equal((await wire.forwarded(['GET /a/x HTTP/1.1', 'Host: A.Wild.Example.:9'])).target, '/a/x')
})

t.test('for any target: refused, or the upstream gets the canonical path that was logged', async (t) => {
  const wire = await startWire(t, { listen: { timeouts: { headers: '1s' } } })
  const piece = fc.oneof(
    fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2f',
      '\\',
      '%5C',
      ';',
      '%25',
      '%00',
      '%61',
      '%c3%bc',
      '%C3',
      '?',
      '#',
    ),
    fc.string({ minLength: 1, maxLength: 2, unit: 'binary-ascii' }),
    fc.integer({ min: 0x80, max: 0xff }).map((code) => String.fromCharCode(code)),
  )
  const target = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`)
  await fc.assert(
    fc.asyncProperty(target, async (raw) => {
      const before = wire.upstream.requests.length
      // A target with a line end is another request; the gateway closes or waits for the rest of a head.
      const answer = await wire.send([`GET ${raw.replaceAll(/[\r\n]/g, '')} HTTP/1.1`, host])
      const received = wire.upstream.requests.slice(before)
      if (answer.status === 400) return received.length === 0
      const [path = ''] = received[0]?.target.split('?', 1) ?? []
      const resolved = new URL(path, 'http://gate.example').pathname
      return answer.status === 200 && resolved === path && wire.gateway.log.at(-1)?.path === path
    }),
    { numRuns: 300 },
  )
})
