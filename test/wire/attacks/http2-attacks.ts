/**
 * Messages of HTTP/2 that would be two, or another one, once they are written as HTTP/1.1.
 * @module
 */

import type { RefusalCode } from '../../../src/request/refusal.ts'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import type { Carried } from './attack.ts'

/**
 * What has to become of it: refused with a code; `broken`, which is an end of its stream or its connection without an
 * answer; or carried.
 */
export type Http2Verdict =
  | {
      readonly refused: RefusalCode | 'broken'
      /** Its head is in order, so that it is decided on before the rest turns out not to be. */
      readonly isLate?: true
      /** Whichever comes first. */
      readonly orBroken?: true
    }
  | { readonly carried: Carried }

export type Http2Input = {
  /** Pseudo-headers that differ from those of `GET https://gate.example/a`; `null` leaves one out. */
  readonly pseudo?: Readonly<Record<string, string | null>>
  /** Behind the credential. Latin-1. */
  readonly lines?: readonly HeaderLine[]
  /** Lines of the head that stand before the pseudo-headers. */
  readonly before?: readonly HeaderLine[]
  /** One frame of DATA each, and the end of the stream with the last; none ends it with the head. */
  readonly data?: readonly string[]
  /** Behind the data, which does not end the stream then. */
  readonly trailers?: readonly HeaderLine[]
} & Http2Verdict

export interface Http2Attack {
  /** As docs/wire.md lists it. */
  readonly id: string
  /** The guarantee, as a sentence. */
  readonly title: string
  readonly inputs: readonly Http2Input[]
}

const broken = 'broken'
const brokenLines = (...lines: readonly HeaderLine[]): readonly Http2Input[] =>
  lines.map((line) => ({ lines: [line], refused: broken }))
const brokenPseudo = (
  ...pseudos: readonly Readonly<Record<string, string | null>>[]
): readonly Http2Input[] => pseudos.map((pseudo) => ({ pseudo, refused: broken }))
const post = { ':method': 'POST' }
const smuggled = '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: gate.example\r\n\r\n'
const split = 'x\r\nX-Owner: admin\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x'

export const http2Attacks: readonly Http2Attack[] = [
  {
    id: 'H12',
    title: 'a length that the DATA do not have is no whole request, and never another one',
    inputs: [
      { pseudo: post, lines: [['content-length', '0']], data: [smuggled], refused: broken, isLate: true },
      { pseudo: post, lines: [['content-length', '3']], data: [smuggled], refused: broken, isLate: true },
      {
        pseudo: post,
        lines: [['content-length', '3']],
        data: ['abc', smuggled],
        refused: broken,
        isLate: true,
      },
      { pseudo: post, lines: [['content-length', '99']], data: [smuggled], refused: broken, isLate: true },
      ...['5', '1'].map((length): Http2Input => ({ lines: [['content-length', length]], refused: broken })),
      ...['+5', '-1', '0x5', '5, 5', '5 5', '', 'five', '99999999999999999999999'].map(
        (length): Http2Input => ({
          pseudo: post,
          lines: [['content-length', length]],
          data: ['hello'],
          refused: broken,
        }),
      ),
      {
        pseudo: post,
        lines: [
          ['content-length', '5'],
          ['content-length', '5'],
        ],
        data: ['hello'],
        refused: broken,
      },
      {
        pseudo: post,
        lines: [['content-length', '5']],
        data: ['he', '', 'llo'],
        carried: { method: 'POST', body: 'hello', lacks: /^transfer-encoding/ },
      },
      {
        pseudo: post,
        data: [smuggled],
        carried: { method: 'POST', body: smuggled, lacks: /^content-length/ },
      },
      { pseudo: { ':method': 'GET' }, data: [smuggled], carried: { method: 'GET', body: smuggled } },
    ],
  },
  {
    id: 'H13',
    title: 'a transfer coding, and every other header of a connection, breaks its stream off',
    inputs: [
      ...['chunked', 'identity', 'xchunked', ''].map(
        (coding): Http2Input => ({
          pseudo: post,
          lines: [['transfer-encoding', coding]],
          data: [smuggled],
          refused: broken,
        }),
      ),
      {
        pseudo: post,
        lines: [
          ['content-length', '5'],
          ['transfer-encoding', 'chunked'],
        ],
        data: ['hello'],
        refused: broken,
      },
      ...brokenLines(
        ...(['close', 'x-owner', 'authorization', 'upgrade, http2-settings'] as const).map(
          (value) => ['connection', value] as const,
        ),
        ['keep-alive', 'timeout=5'],
        ['proxy-connection', 'keep-alive'],
        ['upgrade', 'h2c'],
        ['upgrade', 'websocket'],
        ['te', 'gzip'],
        ['te', 'trailers, chunked'],
      ),
      { lines: [['te', 'trailers']], carried: { lacks: /^te:/ } },
      { lines: [['http2-settings', 'AAMAAABkAAQAAP__']], refused: 'malformed_header' },
      { lines: [['transfer_encoding', 'chunked']], refused: 'malformed_header' },
      { lines: [['content_length', '5']], refused: 'malformed_header' },
    ],
  },
  {
    id: 'H14',
    title: 'CR, LF, NUL and their kin make no line: what holds one does not go up',
    inputs: [
      ...[split, 'a\nb', 'a\rb', 'a\u0000b', 'a\u0001b', 'a\u007fb', ' a', 'a ', '\ta', 'a\r\n b'].map(
        (value): Http2Input => ({
          lines: [['x-split', value]],
          carried: { target: '/a', lacks: /^x-split|^x-owner/ },
        }),
      ),
      ...[
        'x-split\r\nx-owner',
        'x-split: y\r\nx',
        'x-split x',
        'x-split\u0000',
        'x-split:',
        'x-split\u00e9',
        'x(split)',
        '',
      ].map(
        (name): Http2Input => ({
          lines: [[name, 'admin']],
          carried: { target: '/a', lacks: /^x-?\(?split|^x-owner|^:/ },
        }),
      ),
      ...brokenLines(['content-length', '5\r\nx: y']),
    ],
  },
  {
    id: 'H15',
    title: 'a pseudo-header never holds a line, a space or more than it is for',
    inputs: [
      ...brokenPseudo(
        { ':method': `GET /smuggled HTTP/1.1\r\nX: ` },
        { ':method': 'GET /smuggled HTTP/1.1' },
        { ':method': 'GET ' },
        { ':method': 'GET\u0000' },
        { ':method': 'GE T' },
        { ':method': '' },
        { ':path': '/a HTTP/1.1\r\nX-Owner: admin' },
        { ':path': '/a\r\n\r\nGET /smuggled HTTP/1.1' },
        { ':path': '/a b' },
        { ':path': '/a\tb' },
        { ':path': '/a\u0000' },
        { ':path': '/a\u007fb' },
        { ':path': '' },
        { ':path': 'a' },
        { ':path': '*' },
        { ':path': 'http://evil.example/a' },
        { ':path': 'https://gate.example/a' },
        { ':path': '@evil.example/a' },
        { ':path': '?a' },
        { ':scheme': 'https://evil.example/?' },
        { ':scheme': 'https\r\nX: y' },
        { ':scheme': '' },
        { ':authority': 'gate.example\r\nX-Owner: admin' },
        { ':authority': 'gate.example/admin' },
        { ':authority': 'user@gate.example' },
        { ':authority': 'gate example' },
        { ':authority': 'gate.example\u0000' },
        { ':authority': '' },
      ),
      ...['/a#b', '/#', '/a?b#c', '/a\\b', '//a', '/a/../b'].map(
        (path): Http2Input => ({ pseudo: { ':path': path }, refused: 'malformed_target' }),
      ),
      { pseudo: { ':method': 'OPTIONS', ':path': '*' }, refused: 'malformed_target' },
      { pseudo: { ':path': '/\u00e4' }, refused: 'malformed_target' },
      { pseudo: { ':scheme': 'http' }, refused: 'malformed_request' },
      { pseudo: { ':scheme': 'ftp' }, refused: 'malformed_request' },
    ],
  },
  {
    id: 'H16',
    title: 'pseudo-headers stand once, first, and are the four that a request has',
    inputs: [
      ...brokenLines(
        [':path', '/admin/x'],
        [':method', 'DELETE'],
        [':authority', 'evil.example'],
        [':scheme', 'http'],
        [':status', '200'],
        [':evil', 'x'],
        [':', 'x'],
        [':protocol', 'websocket'],
      ),
      { before: [['x', 'y']], refused: broken },
      { before: [[':path', '/admin/x']], refused: broken },
      { before: [[':path', '/a']], refused: broken },
      ...brokenPseudo({ ':method': null }, { ':scheme': null }, { ':path': null }, { ':authority': null }),
    ],
  },
  {
    id: 'H17',
    title: 'a Host that is not the :authority is refused, and one host goes up',
    inputs: [
      ...['evil.example', 'gate.example:81', 'gate.example.evil', 'gate.example.'].map(
        (host): Http2Input => ({ lines: [['host', host]], refused: 'malformed_host' }),
      ),
      {
        lines: [
          ['host', 'gate.example'],
          ['host', 'evil.example'],
        ],
        refused: broken,
      },
      { lines: [['host', 'gate.example']], carried: { target: '/a' } },
      { pseudo: { ':authority': null }, lines: [['host', 'gate.example']], carried: { target: '/a' } },
      ...['gate.example:', 'gate.example:0', 'gate..example', '[::1', '%67ate.example', 'a,b'].map(
        (authority): Http2Input => ({ pseudo: { ':authority': authority }, refused: 'malformed_host' }),
      ),
    ],
  },
  {
    id: 'H18',
    title: 'a name has one spelling: capitals break the stream off, and «_» is refused',
    inputs: [
      ...brokenLines(
        ['X-Owner', 'admin'],
        ['Authorization', 'Bearer x'],
        ['x-Owner', 'admin'],
        [':Path', '/admin'],
      ),
      ...(['x_owner', 'x-real_ip', '_', 'authorization_'] as const).map(
        (name): Http2Input => ({ lines: [[name, 'x']], refused: 'malformed_header' }),
      ),
      ...['x-sallyport-owner', 'x-sallyport-subject', 'x-forwarded-for', 'x-original-url', 'forwarded'].map(
        (name): Http2Input => ({ lines: [[name, '/evil']], carried: { lacks: /evil/ } }),
      ),
    ],
  },
  {
    id: 'H19',
    title: 'a cookie in crumbs goes up as one line, and what else it holds is no credential',
    inputs: [
      {
        lines: [
          ['cookie', 'a=1'],
          ['x-between', 'y'],
          ['cookie', 'b=2'],
        ],
        carried: { target: '/a', lacks: /^cookie: (?!a=1; b=2$)/ },
      },
    ],
  },
  {
    id: 'H23',
    title: 'trailers stay behind, and those that are none break the request off',
    inputs: [
      {
        pseudo: post,
        lines: [['trailer', 'x-owner']],
        data: ['ok'],
        trailers: [['x-owner', 'evil']],
        carried: { method: 'POST', body: 'ok', lacks: /^trailer:|evil/ },
      },
      { pseudo: post, data: ['ok'], trailers: [[':path', '/evil']], refused: broken, isLate: true },
      { pseudo: post, data: ['ok'], trailers: [['X-Owner', 'evil']], refused: broken, isLate: true },
      {
        pseudo: post,
        data: ['ok'],
        trailers: [['transfer-encoding', 'chunked']],
        refused: broken,
        isLate: true,
      },
    ],
  },
  {
    id: 'H26',
    title: 'CONNECT, TRACE and methods that no gateway knows are answered 501',
    inputs: [
      {
        pseudo: { ':method': 'CONNECT', ':scheme': null, ':path': null, ':authority': 'evil.example:443' },
        refused: 'method_not_supported',
      },
      ...['TRACE', 'get', 'FOO', 'PRI'].map(
        (method): Http2Input => ({ pseudo: { ':method': method }, refused: 'method_not_supported' }),
      ),
      { pseudo: { ':method': 'CONNECT' }, refused: broken },
      { pseudo: { ':method': 'CONNECT' }, lines: [[':protocol', 'websocket']], refused: broken },
    ],
  },
  {
    id: 'H27',
    title: 'expectations other than the one that is known are refused',
    inputs: [
      ...['200-ok', '100-continue, x', ''].map(
        (value): Http2Input => ({ lines: [['expect', value]], refused: 'malformed_header' }),
      ),
      {
        pseudo: post,
        lines: [
          ['expect', '100-continue'],
          ['content-length', '2'],
        ],
        data: ['ok'],
        carried: { method: 'POST', body: 'ok' },
      },
    ],
  },
]
