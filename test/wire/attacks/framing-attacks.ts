/**
 * Messages that two servers could end at different places, and protocols that are not HTTP/1.
 * @module
 */

import { type Attack, credential, get, host, type Input, message, post, refusedAll } from './attack.ts'

const smuggled =
  '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: gate.example\r\nAuthorization: Bearer TOKEN\r\n\r\n'
const refusedFraming = (...framings: readonly (readonly string[])[]) =>
  refusedAll(
    'malformed_request',
    framings.map((framing) => post(framing, smuggled)),
  )
const lengths = (...values: readonly string[]) => values.map((value) => [`Content-Length: ${value}`])
const codings = (...values: readonly string[]) => values.map((value) => [`Transfer-Encoding: ${value}`])

/** A head in order and a body in chunks that is not. */
const badChunks = (...bodies: readonly string[]): readonly Input[] =>
  bodies.map((body) => ({
    bytes: post(['Transfer-Encoding: chunked'], body),
    refused: 'malformed_request',
    isLate: true,
  }))

/** One head whose lines end in more than one way. */
const head = (text: string) => text.replace('HEAD', `GET /a HTTP/1.1\r\n${host}\r\n${credential}`)

export const framingAttacks: readonly Attack[] = [
  {
    id: 'B41',
    title: 'two lengths, or a length that is no number, are refused with the connection',
    inputs: [
      ...refusedFraming(
        ['Content-Length: 5', 'Transfer-Encoding: chunked'],
        ['Transfer-Encoding: chunked', 'Content-Length: 5'],
        ['Content-Length: 0', 'Transfer-Encoding: chunked'],
        ['Content-Length: 5', 'Content-Length: 5'],
        ['Content-Length: 5', 'content-length: 6'],
        ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
        ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
        ...lengths('5, 5', '+5', '-5', '-0', '0x5', '5 5', '', '5.0', '1e1', '5\u00a0', '9999999999999999'),
        ...lengths('18446744073709551616', '\u00b25', '5,', '5;', '"5"', 'five', '0b1'),
        ['Content-Length : 5'],
        ['Content-Length:', ' 5'],
        ['Content-Length\t: 5'],
      ),
    ],
  },
  {
    id: 'B41',
    title: 'lines that parsers end differently are refused with the connection',
    inputs: refusedAll('malformed_request', [
      `GET /a HTTP/1.1\n${host}\n${credential}\n\n`,
      head('HEAD\rX: y\r\n\r\n'),
      head('HEAD\r\nX: a\rb\r\n\r\n'),
      head('HEAD\nX: y\r\n\r\n'),
      head('HEAD\r\nX: a\u0000b\r\n\r\n'),
      head('HEAD\r\nX\u0000: b\r\n\r\n'),
      head('HEAD\r\nX: y\r\n z\r\n\r\n'),
      head('HEAD\r\nX: y\r\n\tContent-Length: 5\r\n\r\n'),
      head('HEAD\r\n: y\r\n\r\n'),
      head('HEAD\r\nno colon\r\n\r\n'),
      head('HEAD\r\nX : y\r\n\r\n'),
      head('HEAD\r\n X: y\r\n\r\n'),
      head('HEAD\r\nX(: y\r\n\r\n'),
      head('HEAD\r\nX\u00e9: y\r\n\r\n'),
      head('HEAD\r\nX: \u0001\r\n\r\n'),
      head('HEAD\r\n\u000bTransfer-Encoding: chunked\r\n\r\n'),
      head('HEAD\r\n\r\r\n\r\n').replace('\r\n\r\r\n', '\r\n\rX: y\r\n'),
    ]),
  },
  {
    id: 'B41',
    title: 'chunks that are none break the request off on both sides',
    inputs: badChunks(
      ...['-1\r\nx\r\n0\r\n\r\n', '+5\r\nhello\r\n0\r\n\r\n', '0x5\r\nhello\r\n0\r\n\r\n', 'zz\r\n', '\r\n'],
      ...[
        '5 \r\nhello\r\n0\r\n\r\n',
        ' 5\r\nhello\r\n0\r\n\r\n',
        '5\nhello\r\n0\r\n\r\n',
        '5\r\nhello0\r\n\r\n',
      ],
      ...['FFFFFFFFFFFFFFFFF\r\n', '10000000000000005\r\nhello\r\n0\r\n\r\n', '5\r\nhello\n0\r\n\r\n'],
      ...['5;a\nb\r\nhello\r\n0\r\n\r\n', '5;a=\u0000\r\nhello\r\n0\r\n\r\n', '5\r\r\nhello\r\n0\r\n\r\n'],
      ...[
        '5\r\nhello\r\n0\r\nX : y\r\n\r\n',
        '5\r\nhello\r\n0\r\nX: y\nZ: z\r\n\r\n',
        '5\r\nhello\r\n0\r\n x\r\n\r\n',
      ],
    ),
  },
  {
    id: 'B42',
    title: 'a transfer coding other than chunked is refused before anything is looked up',
    inputs: [
      ...refusedFraming(
        ...codings('xchunked', 'chunkedx', 'gzip', 'gzip, chunked', 'chunked, gzip', 'chunked, chunked'),
        ...codings('identity', '"chunked"', '\u000bchunked', 'chunked;q=1', ', chunked', 'chunked,', '', 'x'),
        ...codings('chun\u212aed'.replace('\u212a', '\u00ef')),
        ['Transfer-Encoding : chunked'],
        ['Transfer-Encoding:', ' chunked'],
        ['X: y', '\tTransfer-Encoding: chunked'],
      ),
      {
        bytes: message(['POST /a HTTP/1.0', host, credential, 'Transfer-Encoding: chunked'], smuggled),
        refused: 'malformed_request',
      },
    ],
  },
  {
    id: 'B43',
    title: 'one body goes up in one framing, which is written anew',
    inputs: [
      {
        bytes: post(['content-LENGTH: 0005'], 'hello'),
        carried: { body: 'hello', lacks: /^content-length: 0|^transfer-encoding/ },
      },
      {
        bytes: post(['transfer-ENCODING: CHUNKED'], '2;x=y\r\nhe\r\n0003\r\nllo\r\n0\r\n\r\n'),
        carried: { body: 'hello', lacks: /^content-length|CHUNKED/ },
      },
      {
        bytes: message(['GET /a HTTP/1.1', host, credential, 'Content-Length: 5'], 'GET /'),
        carried: { method: 'GET', body: 'GET /' },
      },
    ],
  },
  {
    id: 'B46',
    title: 'h2c and its kin open no tunnel: the request goes up as the plain one that it is',
    inputs: [
      ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
      ['Connection: upgrade', 'Upgrade: h2c, x'],
      ['Connection: Upgrade', 'Upgrade: TLS/1.0'],
      ['Upgrade: h2c'],
    ].map((lines) => ({
      bytes: get('/a', ...lines),
      carried: { target: '/a', lacks: /^upgrade:|^http2-settings:|^connection:.*upgrade/i },
    })),
  },
  {
    id: 'B49',
    title: 'CONNECT and TRACE are answered 501',
    inputs: refusedAll(
      'method_not_supported',
      [
        'CONNECT gate.example:443',
        'CONNECT /a',
        'CONNECT evil.example:443',
        'CONNECT *',
        'CONNECT http://gate.example/',
      ]
        .map((line) => message([`${line} HTTP/1.1`, host, credential]))
        .concat([message(['TRACE /a HTTP/1.1', host, credential])]),
    ),
  },
  {
    id: 'B50',
    title: 'no header is cut off in silence: too many are refused',
    inputs: refusedAll('too_many_headers', [
      message(['GET /a HTTP/1.1', host, ...Array.from({ length: 1_100 }, () => 'X: y'), credential]),
      message(['GET /a HTTP/1.1', host, ...Array.from({ length: 2_000 }, () => 'a:b'), credential]),
      get('/a', ...Array.from({ length: 99 }, (_, index) => `X-${index}: y`)),
      get('/a', `X: ${'x'.repeat(40_000)}`),
      post(['Transfer-Encoding: chunked', ...Array.from({ length: 1_100 }, () => 'X: y')], '0\r\n\r\n'),
    ]),
  },
  {
    id: 'B51',
    title: 'HTTP/2, HTTP/0.9 and what is no HTTP at all are refused',
    inputs: refusedAll('malformed_request', [
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      `GET /a\r\n${host}\r\n${credential}\r\n\r\n`,
      'GET /a\r\n\r\n',
      message(['GET /a HTTP/0.9', host, credential]),
      message(['GET /a HTTP/2.0', host, credential]),
      message(['GET /a HTTP/1.2', host, credential]),
      message(['GET /a HTTP/1', host, credential]),
      message(['GET /a HTTP/11', host, credential]),
      message(['GET /a http/1.1', host, credential]),
      message(['GET\t/a HTTP/1.1', host, credential]),
      message(['GET /a b HTTP/1.1', host, credential]),
      message([' GET /a HTTP/1.1', host, credential]),
      message(['get /a HTTP/1.1', host, credential]),
      message(['FOO /a HTTP/1.1', host, credential]),
      message(['GET /a HTTP/1.1', ':path: /admin', host, credential]),
      message(['GET /a HTTP/1.1', ':authority: evil.example', host, credential]),
      '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
    ]),
  },
]
