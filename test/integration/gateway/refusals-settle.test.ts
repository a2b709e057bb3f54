/**
 * The books: whatever way an exchange ends, it leaves exactly one line in the log and one observation in the
 * metrics, and never a secret in either.
 * @module
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { rawRequest, request } from '../../support/raw-request.ts'
import { type Reply, recordingUpstream } from '../../support/recording-upstream.ts'
import { requestLines } from './refusal-checks.ts'

/** A text that stands for every secret that the test itself makes up. */
const secret = 's3cret-of-the-client'

interface Ending {
  readonly name: string
  readonly outcome: string
  readonly status: number | undefined
  readonly act: (gateway: Started) => Promise<unknown>
}

type Started = Awaited<ReturnType<typeof start>>

const head = (path: string, lines = '', method = 'GET') =>
  `${method} ${path} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`

const endings: readonly Ending[] = [
  {
    name: 'forwarded',
    outcome: 'forwarded',
    status: 200,
    act: ({ raw, bearer }) => raw(head('/x', bearer)),
  },
  {
    name: 'an upstream’s own refusal',
    outcome: 'forwarded',
    status: 404,
    act: ({ raw, bearer }) => raw(head('/missing', bearer)),
  },
  { name: 'no credential', outcome: 'credential_required', status: 401, act: ({ raw }) => raw(head('/x')) },
  {
    name: 'an unknown credential',
    outcome: 'invalid_token',
    status: 401,
    act: ({ raw }) => raw(head('/x', `Authorization: Bearer ${secret}\r\n`)),
  },
  {
    name: 'a malformed credential',
    outcome: 'malformed_credential',
    status: 400,
    act: ({ raw }) => raw(head('/x', `Authorization: Bearer ${secret} ${secret}\r\n`)),
  },
  {
    name: 'a credential in the query, twice',
    outcome: 'ambiguous_credential',
    status: 400,
    act: ({ raw, text }) => raw(head(`/x?key=${text}&K%65y=${secret}`)),
  },
  {
    name: 'a token where no route reads one',
    outcome: 'not_found',
    status: 404,
    act: ({ raw, text }) => raw(head(`/nowhere/${text}?key=${secret}&toke=${text}`)),
  },
  {
    name: 'a path of two readings',
    outcome: 'malformed_target',
    status: 400,
    act: ({ raw }) => raw(head('/x/../y')),
  },
  {
    name: 'TRACE',
    outcome: 'method_not_supported',
    status: 501,
    act: ({ raw }) => raw(head('/x', '', 'TRACE')),
  },
  {
    name: 'CONNECT',
    outcome: 'method_not_supported',
    status: 501,
    act: ({ raw }) => raw('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n'),
  },
  {
    name: 'no HTTP at all',
    outcome: 'malformed_request',
    status: 400,
    act: ({ raw }) => raw('hello\r\n\r\n'),
  },
  {
    name: 'too many header lines',
    outcome: 'too_many_headers',
    status: 431,
    act: ({ raw, bearer }) => raw(head('/x', `${'A: b\r\n'.repeat(101)}${bearer}`)),
  },
  {
    name: 'too large a head',
    outcome: 'too_many_headers',
    status: 431,
    act: ({ raw, bearer }) => raw(head('/x', `${bearer}A: ${'b'.repeat(40_000)}\r\n`)),
  },
  {
    name: 'a head that never ends',
    outcome: 'request_timeout',
    status: 408,
    act: ({ raw, bearer }) => raw(`GET /x HTTP/1.1\r\nHost: a\r\n${bearer}`),
  },
  {
    name: 'a body that never ends',
    outcome: 'request_timeout',
    status: 408,
    act: ({ raw, bearer }) => raw(`${head('/x', `${bearer}Content-Length: 9\r\n`, 'PUT')}1`),
  },
  {
    name: 'a body that is no body',
    outcome: 'malformed_request',
    status: 400,
    act: ({ raw, bearer }) =>
      raw(`${head('/x', `${bearer}Transfer-Encoding: chunked\r\n`, 'PUT')}3\r\nabc\r\nZZ\r\n`),
  },
  {
    name: 'an upstream that breaks off before its head',
    outcome: 'upstream_invalid',
    status: 502,
    act: ({ raw, bearer }) => raw(head('/garbage', bearer)),
  },
  {
    name: 'a client that leaves before the answer',
    outcome: 'aborted',
    status: undefined,
    act: ({ port, bearer }) => leave(port, head('/stall', bearer)),
  },
  {
    name: 'a client that leaves within its own body',
    outcome: 'aborted',
    status: undefined,
    act: ({ port, bearer }) => leave(port, `${head('/x', `${bearer}Content-Length: 9\r\n`, 'PUT')}1`),
  },
  {
    name: 'a client that resets the connection within its own body',
    outcome: 'aborted',
    status: undefined,
    act: ({ port, bearer }) =>
      leave(port, `${head('/x', `${bearer}Content-Length: 9\r\n`, 'PUT')}1`, 'reset'),
  },
]

for (const { name, outcome, status, act } of endings) {
  t.test(`${name}: one line and one observation`, async (t) => {
    const started = await start(t)
    await act(started)
    await sleep(150)
    const lines = requestLines(started.gateway)
    t.equal(lines.length, 1, 'one line')
    t.equal(lines[0]?.outcome, outcome)
    t.equal(lines[0]?.status, status)
    const metrics = await started.metrics()
    t.strictSame(sumOf(metrics, /^sallyport_exchanges_total\{.*\} /), 1, 'one exchange')
    t.strictSame(sumOf(metrics, new RegExp(`^sallyport_exchanges_total\\{.*outcome="${outcome}".*\\} `)), 1)
    t.strictSame(sumOf(metrics, /^http_server_request_duration_seconds_count\{.*\} /), 1, 'one duration')
    t.strictSame(sumOf(metrics, /^sallyport_exchanges_in_flight /), 0, 'none is left in flight')

    const books = JSON.stringify(started.gateway.log) + metrics
    t.notMatch(books, started.text, 'no token')
    t.notMatch(books, secret, 'no secret')
  })
}

t.test('pipelined requests have a line each', async (t) => {
  const { gateway, raw, bearer } = await start(t)
  await raw(head('/x', bearer) + head('/x') + head('/x/../y', 'Connection: close\r\n'))
  await sleep(150)
  t.strictSame(
    requestLines(gateway)
      .map(({ outcome }) => outcome)
      .toSorted(),
    ['credential_required', 'forwarded', 'malformed_target'],
  )
})

t.test('a client that leaves within the response is settled as that, with the status it saw', async (t) => {
  const { gateway, port, bearer } = await start(t)
  const socket = connect(port, '127.0.0.1')
  socket.write(head('/endless', bearer))
  await once(socket, 'data')
  socket.destroy()
  await sleep(150)
  t.match(requestLines(gateway), [{ outcome: 'aborted', status: 200 }])
  t.equal(requestLines(gateway).length, 1)
})

async function leave(port: number, bytes: string, how: 'end' | 'reset' = 'end'): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes)
  await sleep(100)
  if (how === 'reset') socket.resetAndDestroy()
  else socket.destroy()
}

function sumOf(metrics: string, sample: RegExp): number {
  const lines = metrics.split('\n').filter((line) => sample.test(line))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

async function start(t: Test) {
  const upstream = await recordingUpstream(t, async ({ target }): Promise<Reply> => {
    if (target === '/missing') return { status: 404 }
    if (target === '/garbage') return { raw: 'garbage\r\n\r\n' }
    if (target === '/stall') await sleep(60_000, undefined, { ref: false })
    if (target === '/endless') return { headers: [['Content-Length', '1000000']], body: 'begin' }
    return { body: 'ok' }
  })
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    listen: { timeouts: { headers: '500ms', request: '500ms' } },
    routes: [{ match: { path: '/{one}' }, credentials: ['bearer', { query: 'key' }] }],
  })
  const { text } = await gateway.issue()
  return {
    gateway,
    port: gateway.port,
    text,
    bearer: `Authorization: Bearer ${text}\r\n`,
    raw: (bytes: string) => rawRequest(gateway.port, bytes),
    metrics: async () => (await request(gateway.adminPort, { path: '/metrics' })).body.toString(),
  }
}
