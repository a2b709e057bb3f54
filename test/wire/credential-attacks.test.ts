/**
 * Credentials with two readings, and credentials of somebody else's making: refused, and never looked up.
 * @module
 */

import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import type { RawAnswer } from '../support/raw-request.ts'
import { host, message } from './attacks/attack.ts'
import { codeOf, type Wire } from './wire.ts'
import { leavesNoTrace, startWatchedWire } from './witness.ts'

type Case = readonly [code: string, lines: readonly string[], query?: string]

const routes = [
  {
    match: { path: '/{path*}' },
    credentials: ['bearer' as const, { header: 'X-Api-Key' }, { query: 'api_key' }],
  },
]

function ask(wire: Wire, lines: readonly string[], query = ''): Promise<RawAnswer> {
  return wire.gateway.raw(message([`GET /a${query} HTTP/1.1`, host, ...lines]))
}

/** Each is refused with its code, and leaves no trace of any kind. */
async function areRefused(t: Test, wire: Wire, cases: readonly Case[]): Promise<void> {
  await leavesNoTrace(t, wire, async () => {
    for (const [code, lines, query] of cases) {
      t.equal(codeOf(await ask(wire, lines, query)), code, JSON.stringify([lines, query]).slice(0, 160))
    }
  })
  t.equal(wire.upstream.requests.length, 0, 'not a byte went up')
}

t.test('B28 two credentials are refused, wherever they stand and whatever they say', async (t) => {
  const wire = await startWatchedWire(t, { routes })
  const { credential, token } = wire
  const other = (await wire.gateway.issue()).text
  const pairs = [
    [credential, credential],
    [credential, `Authorization: Bearer ${other}`],
    [credential, `authorization: Basic eDp5`],
    [`AUTHORIZATION: x`, 'X-Between: 1', credential],
    [credential, 'Authorization:'],
    [credential, `X-Api-Key: ${token}`],
    [`X-API-KEY: ${token}`, `x-api-key: ${other}`],
  ]
  await areRefused(
    t,
    wire,
    pairs.map((lines) => ['ambiguous_credential', lines]),
  )
})

t.test('B28 where no credential is read, none goes up, however many there are', async (t) => {
  const wire = await startWatchedWire(t)
  const lines = ['Authorization: Bearer x', 'authorization: Basic eDp5', 'X-Auth-Token: x', 'X-Api-Key: x']
  const { headers } = await wire.forwarded(['GET /public/x HTTP/1.1', host, ...lines])
  t.notMatch(headers.map(([name]) => name).join(), /authorization|token|key/i)
})

t.test('B29 a credential in a header and another in the query are refused; a cookie is none', async (t) => {
  const wire = await startWatchedWire(t, { routes })
  const { credential, token } = wire
  await areRefused(t, wire, [
    ['ambiguous_credential', [credential], `?api_key=${token}`],
    ['ambiguous_credential', [`X-Api-Key: ${token}`], '?api_key=other'],
    ['ambiguous_credential', [credential, `Cookie: api_key=${token}`], '?api_key='],
    ['credential_required', [`Cookie: api_key=${token}; Authorization=Bearer ${token}`]],
  ])
  const answer = await ask(wire, [credential, 'Cookie: api_key=other'])
  t.equal(answer.status, 200)
  t.strictSame(wire.upstream.requests[0]?.header('cookie'), ['api_key=other'])
})

t.test('B30 a credential parameter stands once, in whatever spelling, and does not go up', async (t) => {
  const wire = await startWatchedWire(t, { routes })
  const { token } = wire
  const queries = [
    ...[
      `?api_key=${token}&api_key=${token}`,
      `?api_key=A&api_key=${token}&API_KEY=C`,
      `?api_key=${token}&Api_Key`,
    ],
    ...[`?api_key=${token}&api%5fkey=x`, `?api_key=${token}&%61pi_key=x`, `?api_key=${token}&+api_key=x`],
    ...[`?api_key=${token}&a=1;api_key=x`, `?api_key=${token}&api_key%20=x`],
  ]
  await areRefused(
    t,
    wire,
    queries.map((query) => ['ambiguous_credential', [], query]),
  )
  t.equal((await ask(wire, [], `?a=1&API%5Fkey=${token}&b=%2F..//`)).status, 200)
  t.equal(wire.upstream.requests[0]?.target, '/a?a=1&b=%2F..//')
})

t.test('B31 one scheme, one space and one plain text are a credential, and nothing else is', async (t) => {
  const wire = await startWatchedWire(t, { routes })
  const { token } = wire
  const malformed = [
    ...[`Bearer  ${token}`, `bearer  ${token}`, `Bearer ${token}, Bearer ${token}`, `Bearer ${token},`],
    ...[`Bearer ${token} x`, `Bearer "${token}"`, `Bearer token=${token}`, 'Bearer', `Bearer ${token};`],
    ...[
      `Bearer ${token}\u00a0`,
      `Bearer \u00ff${token}`,
      `Bearer ${'a'.repeat(4_097)}`,
      `Bearer ${token}\tx`,
    ],
  ]
  const none = [
    `Bearer\t${token}`,
    `Bearer\u00a0${token}`,
    `Bearer,${token}`,
    `Bearer:${token}`,
    token,
    '',
    'Bearer=',
  ]
  await areRefused(t, wire, [
    ...malformed.map((value): Case => ['malformed_credential', [`Authorization: ${value}`]]),
    ...none.map((value): Case => ['credential_required', [`Authorization: ${value}`]]),
  ])
  t.equal((await ask(wire, [`aUTHORIZATION: bEARER ${token}`])).status, 200, 'a scheme has no case')
})

const encoded = (part: object | string) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
const soon = Math.floor(Date.now() / 1000) + 3_600
const claims = { iss: 'https://issuer.example', sub: 'root', aud: 'gate', exp: soon, scope: 'admin' }

function jwt(header: object, payload: object = claims, key = ''): string {
  const signed = `${encoded(header)}.${encoded(payload)}`
  return `${signed}.${key === '' ? '' : createHmac('sha256', key).update(signed).digest('base64url')}`
}

/** Each with the id of the row that warns of it. Without an issuer that is trusted, all of them are just unknown texts. */
const selfMade: readonly (readonly [id: string, what: string, texts: readonly string[]])[] = [
  [
    'B53',
    'a JWT without a signature, or with a made-up one',
    [
      jwt({ alg: 'none' }),
      jwt({ alg: 'nOnE', typ: 'JWT' }),
      jwt({ alg: 'HS256', typ: 'JWT' }, claims, '-----BEGIN PUBLIC KEY-----\n'),
      jwt({ alg: 'HS256' }, claims, ' \n-----BEGIN PUBLIC KEY-----\n'),
      jwt({ alg: 'RS256' }, claims, 'x'),
      jwt({}, claims),
    ],
  ],
  [
    'B54',
    'a JWT whose key id is a path or a query',
    [
      jwt({ alg: 'HS256', kid: '../../../../dev/null' }, claims, 'x'),
      jwt({ alg: 'HS256', kid: "x' UNION SELECT 'x' --" }, claims, 'x'),
      jwt({ alg: 'HS256', kid: '__proto__' }, claims, 'x'),
      ...Array.from({ length: 20 }, (_, index) => jwt({ alg: 'RS256', kid: `${index}` }, claims, 'x')),
    ],
  ],
  [
    'B57',
    'a JWT of another audience, of another time, or without either',
    [
      jwt({ alg: 'RS256', typ: 'JWT' }, { ...claims, aud: 'other' }, 'x'),
      jwt({ alg: 'RS256' }, { ...claims, exp: undefined }, 'x'),
      jwt({ alg: 'RS256' }, { ...claims, nbf: soon }, 'x'),
      jwt({ alg: 'RS256' }, { ...claims, token_use: 'id', nonce: 'x' }, 'x'),
    ],
  ],
]

for (const [id, what, texts] of selfMade) {
  t.test(`${id} ${what} opens nothing, and is not looked up`, async (t) => {
    const wire = await startWatchedWire(t)
    await areRefused(
      t,
      wire,
      texts.map((text) => ['invalid_token', [`Authorization: Bearer ${text}`]]),
    )
  })
}

t.test('B55 a JWT that names its own keys has nobody fetch them', async (t) => {
  const wire = await startWatchedWire(t)
  const jwks = `${wire.upstream.url}/jwks.json`
  const headers = [
    { jku: jwks },
    { x5u: jwks },
    { jwk: { kty: 'oct', k: encoded('x') } },
    { x5c: [encoded('x')] },
  ]
  await areRefused(
    t,
    wire,
    headers.map((more) => [
      'invalid_token',
      [`Authorization: Bearer ${jwt({ alg: 'HS256', ...more }, { ...claims, iss: wire.upstream.url }, 'x')}`],
    ]),
  )
  t.equal(wire.upstream.connections, 0)
})

t.test(
  'B56 no text costs more than its length: JWE, empty parts and bombs are unknown or too long',
  async (t) => {
    const wire = await startWatchedWire(t)
    const jwe = [
      { alg: 'PBES2-HS256+A128KW', p2c: 2_000_000_000, p2s: 'eA', enc: 'A128GCM', zip: 'DEF' },
      'x',
      'x',
      'x',
      'x',
    ]
    const short = [
      jwe.map(encoded).join('.'),
      '....',
      '.',
      '..',
      `${'.'.repeat(4_000)}`,
      `${'a.'.repeat(2_000)}a`,
    ]
    const long = ['a'.repeat(4_097), '.'.repeat(20_000), 'a.'.repeat(10_000)]
    await areRefused(t, wire, [
      ...short.map((text): Case => ['invalid_token', [`Authorization: Bearer ${text}`]]),
      ...long.map((text): Case => ['malformed_credential', [`Authorization: Bearer ${text}`]]),
    ])
  },
)

t.test('B63 a cookie opens nothing, malformed or not, and goes up as it came', async (t) => {
  const wire = await startWatchedWire(t)
  const cookies = [
    'session=%zz',
    'session="',
    '=;=;',
    `session=${'x'.repeat(9_000)}`,
    'session=\u00ff',
    '__Host-s=1,2',
  ]
  await areRefused(
    t,
    wire,
    cookies.map((cookie) => ['credential_required', [`Cookie: ${cookie}`]]),
  )
  for (const cookie of cookies) {
    const request = await wire.forwarded(['GET /a HTTP/1.1', host, `Cookie: ${cookie}`])
    t.strictSame(request.header('cookie'), [cookie])
  }
})
