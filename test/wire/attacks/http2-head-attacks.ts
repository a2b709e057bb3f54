/**
 * Heads of HTTP/2 with two readings, or with another one once they are written as HTTP/1.1.
 * @module
 */

import { brokenLines, type Http2Attack, type Http2Input } from './http2-attack.ts'

const broken = 'broken'
const brokenPseudo = (
  ...pseudos: readonly Readonly<Record<string, string | null>>[]
): readonly Http2Input[] => pseudos.map((pseudo) => ({ pseudo, refused: broken }))
const split = 'x\r\nX-Owner: admin\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x'

export const http2HeadAttacks: readonly Http2Attack[] = [
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
]
