/**
 * Headers that speak to proxies, or in their name.
 * @module
 */

import {
  type Attack,
  type Carried,
  credential,
  get,
  host,
  type Input,
  message,
  post,
  refusedAll,
} from './attack.ts'

const refusedHeaders = (...inputs: readonly (readonly string[])[]) =>
  refusedAll(
    'malformed_header',
    inputs.map((lines) => get('/a', ...lines)),
  )

const refusedConnections = (...values: readonly string[]) =>
  refusedHeaders(...values.map((value) => [`Connection: ${value}`]))

const carriedWithout = (lacks: RegExp, ...inputs: readonly (readonly string[])[]): readonly Input[] =>
  inputs.map((lines) => ({ bytes: get('/a', ...lines), carried: { target: '/a', lacks } }))

/** Each line by itself. */
const alone = (...lines: readonly string[]) => lines.map((line) => [line])

const upload = (lines: readonly string[], body: string, carried: Carried): Input => ({
  bytes: message(['POST /a HTTP/1.1', host, credential, ...lines], body),
  carried: { method: 'POST', ...carried },
})

export const headerAttacks: readonly Attack[] = [
  {
    id: 'B21',
    title: 'a Connection that names what a proxy in front has set is refused',
    inputs: [
      ...refusedConnections(
        ...['close, X-Real-IP', 'close, x-real-ip', 'X-Forwarded-For', 'keep-alive,\tX-Forwarded-Host'],
        ...[
          'close,,x-forwarded-proto',
          'Forwarded',
          'close , X-Real-IP,',
          '"close"',
          'close;x',
          'keep alive',
        ],
      ),
      ...refusedHeaders(['Connection: close', 'Connection: X-Real-IP'], ['connection: x-real-ip']),
    ],
  },
  {
    id: 'B22',
    title: 'a Connection that names what the gateway adds is refused',
    inputs: refusedConnections('X-Owner', 'x-sallyport-subject', 'X_Owner', 'close, X-Request-Id'),
  },
  {
    id: 'B23',
    title: 'a Connection that names the credential, the host or the length is refused',
    inputs: refusedConnections(
      ...['authorization', 'Authorization, close', 'cookie', 'host', 'Content-Length', 'transfer-encoding'],
    ),
  },
  {
    id: 'B24',
    title: 'names with «_» are refused',
    inputs: refusedHeaders(
      ...alone('X_Owner: admin', 'x_forwarded_for: 203.0.113.9', 'X-Real_IP: 203.0.113.9', '_: x'),
      ...alone('Content_Length: 5', 'Transfer_Encoding: chunked', 'HTTP_HOST: evil.example', '__X: y'),
      ['X_Owner: admin', 'X-Owner: y'],
    ),
  },
  {
    id: 'B33',
    title: 'headers that would have a framework answer for another target do not go up',
    inputs: carriedWithout(
      /evil/,
      ...alone('X-Original-URL: /evil', 'X-Rewrite-URL: /evil', 'X-Original-URI: /evil', 'Proxy: evil:80'),
      ...alone(
        'X-Original-Method: evil',
        'Proxy-Authorization: evil',
        'x-original-host: evil',
        'X-Host: evil',
      ),
      ...alone('Proxy-Connection: evil', 'X-ORIGINAL-URL: /evil', 'Remote-User: evil', 'X-Remote-User: evil'),
    ),
  },
  {
    id: 'B34',
    title: 'a method in a header does not go up: what was authorized is the method of the request line',
    inputs: [
      upload(['X-HTTP-Method-Override: DELETE', 'Content-Length: 0'], '', { lacks: /delete/i }),
      upload(['X-HTTP-Method: DELETE', 'Content-Length: 2'], 'ok', { lacks: /delete/i, body: 'ok' }),
      upload(['x-method-override: DELETE', 'Content-Length: 0'], '', { lacks: /delete/i }),
    ],
  },
  {
    id: 'B35',
    title: 'where a request came from is what the socket says, and not what the client wrote',
    inputs: carriedWithout(
      /203\.0\.113|evil|for=_/,
      ...alone('X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Host: evil', 'X-Forwarded-Proto: evil'),
      ...alone('Forwarded: for=203.0.113.9', 'Forwarded: for=_evil;host=evil', 'X-Forwarded-Port: evil'),
      ...alone('X-Real-IP: 203.0.113.9', 'True-Client-IP: 203.0.113.9', 'CF-Connecting-IP: 203.0.113.9'),
      ...alone('X-Client-IP: 203.0.113.9', 'X-Forwarded-Server: evil', 'X-Forwarded-Prefix: /evil'),
      ['X-Forwarded-For: 203.0.113.9', 'x-forwarded-for: 203.0.113.8, 203.0.113.7'],
    ),
  },
  {
    id: 'B36',
    title: 'what was asked for is what the request line says, and not a forwarded header',
    inputs: carriedWithout(
      /evil/,
      ...alone('X-Forwarded-Uri: /evil', 'X-Forwarded-Method: evil', 'X-Forwarded-Path: /evil'),
      ...alone('X-Forwarded-User: evil', 'X-Auth-Request-User: evil', 'X-Auth-Request-Redirect: /evil'),
    ),
  },
  {
    id: 'B72',
    title:
      'Keep-Alive and its kin stay behind, and of expectations only the one that is known goes up, said anew',
    inputs: [
      ...carriedWithout(
        /^(keep-alive|te|expect|proxy-connection):/,
        ...alone('Keep-Alive: timeout=5', 'TE: trailers', 'Proxy-Connection: keep-alive'),
        ['Connection: keep-alive', 'Keep-Alive: timeout=5, max=1'],
      ),
      upload(['Expect: 100-continue', 'Content-Length: 5'], 'hello', {
        lacks: /^expect: (?!100-continue$)/,
        body: 'hello',
      }),
      upload(['Expect: 100-Continue', 'Content-Length: 2'], 'ok', {
        lacks: /^expect: (?!100-continue$)/,
        body: 'ok',
      }),
      ...refusedHeaders(...alone('Expect: 200-ok', 'Expect: 100-continue, x', 'Expect:')),
    ],
  },
  {
    id: 'B78',
    title: 'trailers stay behind, and so does their announcement',
    inputs: [
      upload(['Transfer-Encoding: chunked', 'Trailer: X-Owner'], '2\r\nok\r\n0\r\nX-Owner: evil\r\n\r\n', {
        lacks: /^trailer:|owner|evil/i,
        body: 'ok',
      }),
      upload(['Transfer-Encoding: chunked'], '2\r\nok\r\n0\r\nHost: evil\r\nX_Owner: evil\r\n\r\n', {
        lacks: /evil/,
        body: 'ok',
      }),
      {
        bytes: post(['Transfer-Encoding: chunked'], '2\r\nok\r\n0\r\nContent-Length: 99\r\n\r\n'),
        refused: 'malformed_request',
        isLate: true,
      },
      ...carriedWithout(/^trailer:/, ['Connection: trailer', 'Trailer: X-Owner']),
    ],
  },
]
