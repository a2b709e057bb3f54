/**
 * Messages of HTTP/2 that would have another end, or be two, once they are written as HTTP/1.1.
 * @module
 */

import { brokenLines, type Http2Attack, type Http2Input } from './http2-attack.ts'

const broken = 'broken'
const post = { ':method': 'POST' }
const smuggled = '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: gate.example\r\n\r\n'

export const http2FramingAttacks: readonly Http2Attack[] = [
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
