/**
 * Credentials with two readings, over HTTP/2: refused with the codes of HTTP/1, and never looked up.
 * @module
 */

import t, { type Test } from 'tap'
import { headersFrame } from '../support/http2/frames.ts'
import { headerBlock } from '../support/http2/hpack.ts'
import type { HeaderLine } from '../support/recording-upstream.ts'
import { codeOfHttp2, type Http2Wire, pseudo, startHttp2Wire } from './http2-wire.ts'
import { leavesNoTrace } from './witness.ts'

type Case = readonly [code: string, lines: readonly HeaderLine[], query: string]

const routes = [
  {
    match: { path: '/{path*}' },
    credentials: ['bearer' as const, { header: 'X-Api-Key' }, { query: 'api_key' }],
  },
]

function ask(wire: Http2Wire, lines: readonly HeaderLine[], query = '') {
  return wire.ask(headersFrame(1, headerBlock([...pseudo({ path: `/a${query}` }), ...lines])))
}

async function areRefused(t: Test, wire: Http2Wire, cases: readonly Case[]): Promise<void> {
  await leavesNoTrace(t, wire, async () => {
    for (const [code, lines, query] of cases) {
      t.equal(codeOfHttp2(await ask(wire, lines, query)), code, JSON.stringify([lines, query]).slice(0, 160))
    }
  })
  t.equal(wire.upstream.requests.length, 0, 'not a byte went up')
}

t.test('B28 B29 B30 two credentials are refused over HTTP/2 too, wherever they stand', async (t) => {
  const wire = await startHttp2Wire(t, { routes })
  const { token } = wire
  const bearer: HeaderLine = ['authorization', `Bearer ${token}`]
  const cases: readonly (readonly [lines: readonly HeaderLine[], query?: string])[] = [
    [[bearer, bearer]],
    [[bearer, ['authorization', 'Basic eDp5']]],
    [[['authorization', 'x'], ['x-between', '1'], bearer]],
    [[bearer, ['authorization', '']]],
    [[bearer, ['x-api-key', token]]],
    [
      [
        ['x-api-key', token],
        ['x-api-key', 'other'],
      ],
    ],
    [[bearer], `?api_key=${token}`],
    [[['x-api-key', token]], '?api_key=other'],
    [[bearer, ['cookie', `api_key=${token}`]], '?api_key='],
    [[], `?api_key=${token}&API_KEY=x`],
    [[], `?api_key=${token}&%61pi_key=x`],
  ]
  await areRefused(
    t,
    wire,
    cases.map(([lines, query = '']) => ['ambiguous_credential', lines, query]),
  )
  t.equal((await ask(wire, [bearer])).status, 200)
})

t.test('B29 a credential in crumbs of a cookie is none', async (t) => {
  const wire = await startHttp2Wire(t, { routes })
  await areRefused(t, wire, [
    [
      'credential_required',
      [
        ['cookie', `api_key=${wire.token}`],
        ['cookie', `authorization=Bearer ${wire.token}`],
      ],
      '',
    ],
  ])
})

t.test('B31 one scheme, one space and one plain text are a credential over HTTP/2 too', async (t) => {
  const wire = await startHttp2Wire(t, { routes })
  const { token } = wire
  const malformed = [
    `Bearer  ${token}`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer "${token}"`,
    'Bearer',
    `Bearer \u00ff${token}`,
  ]
  const none = [`Bearer\t${token}`, `Bearer,${token}`, token, '']
  await areRefused(t, wire, [
    ...malformed.map((value): Case => ['malformed_credential', [['authorization', value]], '']),
    ...none.map((value): Case => ['credential_required', [['authorization', value]], '']),
  ])
})
