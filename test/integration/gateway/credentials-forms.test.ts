/**
 * Every form in which clients of old services present a token: taken where the route names it, turned away
 * where it does not, and gone from what the upstream receives.
 * @module
 */

import t from 'tap'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import { type GatewayInput, startTestGateway } from '../../support/gateway.ts'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { isRefused } from './refusal-checks.ts'

type Credentials = GatewayInput['routes'][number]['credentials']

const required = { status: 401, code: 'credential_required', title: 'This resource needs a credential.' }
const invalid = { status: 401, code: 'invalid_token', title: 'The credential is not valid.' }
const malformed = { status: 400, code: 'malformed_credential', title: 'The credential is malformed.' }
const ambiguous = {
  status: 400,
  code: 'ambiguous_credential',
  title: 'The request carries more than one credential.',
}
const underscore = { status: 400, code: 'malformed_header', title: 'A request header is not acceptable.' }
const base64 = (text: string) => Buffer.from(text).toString('base64')

const routes: readonly (readonly [name: string, credentials: Credentials])[] = [
  ['bearer', ['bearer']],
  ['token', ['token']],
  ['basic', ['basic']],
  ['swift', [{ header: 'X-Auth-Token' }]],
  ['docs', ['token', { header: 'X-Api-Key' }]],
  ['sentry', ['dsn', { header: 'X-Sentry-Auth', scheme: 'Sentry', parameter: 'sentry_key' }]],
  ['feed', [{ query: 'access_token' }]],
  ['any', ['bearer', 'basic', { header: 'X-Auth-Token' }, { query: 'access_token' }]],
]
const gatewayRoutes = routes.map(([name, credentials]) => ({
  name,
  match: { path: `/${name}/{rest*}` },
  ...(credentials === undefined ? {} : { credentials }),
  authorize: { kinds: ['personal', 'dsn'] as const satisfies string[], ignoreBindings: ['*'] },
}))

/** `T` stands for a live token's text, `D` for a live DSN token's. */
type Form = readonly [route: string, headers: readonly HeaderLine[], query?: string]

const accepted: readonly Form[] = [
  ['bearer', [['Authorization', 'Bearer T']]],
  ['bearer', [['AUTHORIZATION', 'bEARER T']]],
  ['bearer', [['Authorization', '   Bearer T \t ']]],
  ['token', [['Authorization', 'Token T']]],
  ['basic', [['Authorization', 'Basic base64(anyone:T)']]],
  ['basic', [['Authorization', 'basic base64(T:)']]],
  ['basic', [['Authorization', 'Basic base64(:T)']]],
  ['swift', [['X-Auth-Token', 'T']]],
  ['swift', [['x-auth-token', ' T ']]],
  ['docs', [['X-Api-Key', 'T']]],
  ['docs', [['Authorization', 'TOKEN T']]],
  ['sentry', [['Authorization', 'DSN https://D@o1.ingest.example/42']]],
  ['sentry', [['Authorization', 'DSN https://D:0123abcd@[::1]:9000/prefix/42']]],
  ['sentry', [['X-Sentry-Auth', 'Sentry sentry_version=7, sentry_client=raven/1.0, sentry_key=D']]],
  ['sentry', [['X-Sentry-Auth', 'sentry sentry_key=D']]],
  ['feed', [], '?access_token=T'],
  ['feed', [], '?a=1&ACCESS%5Ftoken=T&b=%20'],
  ['any', [['X-Auth-Token', 'T']], '?q=1'],
]

t.test('every configured form is accepted, and its text reaches no upstream', async (t) => {
  const { gateway, upstream, fill } = await start(t)
  for (const form of accepted) {
    const { path, headers, name } = fill(form)
    t.equal((await gateway.request({ path, headers })).status, 200, name)
    const received = upstream.requests.at(-1)
    const seen = `${received?.target} ${JSON.stringify(received?.headers)}`
    t.notMatch(seen, /sp[pn]_/, `${name}: no token`)
    t.notMatch(seen, /authorization|x-auth-token|x-api-key|x-sentry-auth|access_token/i, `${name}: no place`)
  }
  t.equal(upstream.requests.length, accepted.length)
  t.notMatch(JSON.stringify(gateway.log), /sp[pn]_/, 'nor the log')
})

const turnedAway: readonly (readonly [expected: typeof invalid, ...form: Form])[] = [
  // A form that the route does not take is no credential to it.
  [required, 'bearer', [['Authorization', 'Token T']]],
  [required, 'bearer', [['Authorization', 'Api-Key T']]],
  [required, 'bearer', [['Authorization', 'Basic base64(x:T)']]],
  [required, 'bearer', [['Authorization', 'T']]],
  [required, 'bearer', [['X-Auth-Token', 'T']]],
  [required, 'bearer', [], '?access_token=T'],
  [required, 'token', [['Authorization', 'Bearer T']]],
  [required, 'docs', [['Authorization', 'Bearer T']]],
  [required, 'feed', [], '?access-token=T&accesstoken=T&access_token%00=T'],
  // Basic that holds no token.
  [malformed, 'basic', [['Authorization', 'Basic']]],
  [malformed, 'basic', [['Authorization', 'Basic T']]],
  [malformed, 'basic', [['Authorization', 'Basic base64(T)']]],
  [malformed, 'basic', [['Authorization', 'Basic base64(:)']]],
  [malformed, 'basic', [['Authorization', 'Basic  base64(x:T)']]],
  [malformed, 'basic', [['Authorization', 'Basic base64(x:T\n)']]],
  [malformed, 'basic', [['Authorization', 'Basic base64(x:T\u0000)']]],
  [invalid, 'basic', [['Authorization', 'Basic base64(T:x)']]],
  [invalid, 'basic', [['Authorization', 'Basic base64(x:y:T)']]],
  // A DSN is one whole DSN, of the token's own project, and of a token of that kind.
  [invalid, 'sentry', [['Authorization', 'DSN https://D@o1.ingest.example/43']]],
  [invalid, 'sentry', [['Authorization', 'DSN https://D@o1.ingest.example/42/43']]],
  [invalid, 'sentry', [['Authorization', 'DSN https://T@o1.ingest.example/42']]],
  [invalid, 'sentry', [['X-Sentry-Auth', 'Sentry sentry_key=T']]],
  [invalid, 'bearer', [['Authorization', 'Bearer D']]],
  [invalid, 'swift', [['X-Auth-Token', 'D']]],
  [malformed, 'sentry', [['Authorization', 'DSN D']]],
  [malformed, 'sentry', [['Authorization', 'DSN https://D@o1.ingest.example/']]],
  [malformed, 'sentry', [['Authorization', 'DSN https://D@o1.ingest.example/42?x=1']]],
  [malformed, 'sentry', [['Authorization', 'DSN https://evil@D@o1.ingest.example/42']]],
  [malformed, 'sentry', [['X-Sentry-Auth', 'sentry_key=D']]],
  [malformed, 'sentry', [['X-Sentry-Auth', 'Sentry sentry_version=7']]],
  [malformed, 'sentry', [['X-Sentry-Auth', 'Sentry sentry_key=D, sentry_key=D']]],
  [malformed, 'sentry', [['X-Sentry-Auth', 'Sentry sentry_key=D,']]],
  [malformed, 'sentry', [['X-Sentry-Auth', 'Sentry sentry_key="D"']]],
  // The query: an encoded, empty or joined value, and a separator that only some servers know.
  [malformed, 'feed', [], '?access_token='],
  [malformed, 'feed', [], '?access_token'],
  [malformed, 'feed', [], '?access_token=%54T'],
  [malformed, 'feed', [], '?access_token=T;b=1'],
  [malformed, 'feed', [], '?a=1;access_token=T'],
  [malformed, 'feed', [], '?a=1;%20access_toKEN=T'],
  // Two credentials, whatever they say, wherever they stand.
  [ambiguous, 'feed', [], '?access_token=T&access_token=T'],
  [ambiguous, 'feed', [], '?access_token=T&Access%5ftoken='],
  [ambiguous, 'feed', [['Authorization', 'Bearer T']], '?access_token=T'],
  [ambiguous, 'any', [['Authorization', 'Bearer T']], '?a=1;access_token=T'],
  [ambiguous, 'any', [['X-Auth-Token', 'T']], '?%61ccess_token=T'],
  [
    ambiguous,
    'any',
    [
      ['Authorization', 'Bearer T'],
      ['X-Auth-Token', 'T'],
    ],
  ],
  [
    ambiguous,
    'any',
    [
      ['Authorization', 'Bearer T'],
      ['Authorization', 'Bearer T'],
    ],
  ],
  [
    ambiguous,
    'any',
    [
      ['Authorization', 'Bearer T'],
      ['authorization', 'Basic base64(x:T)'],
    ],
  ],
  [
    ambiguous,
    'any',
    [
      ['Authorization', ''],
      ['X-Auth-Token', 'T'],
    ],
  ],
  [
    ambiguous,
    'swift',
    [
      ['Authorization', 'Negotiate x'],
      ['X-Auth-Token', 'T'],
    ],
  ],
  [
    ambiguous,
    'swift',
    [
      ['X-Auth-Token', 'T'],
      ['x-auth-token', 'T'],
    ],
  ],
  [
    underscore,
    'swift',
    [
      ['X-Auth-Token', 'T'],
      ['X_Auth_Token', 'T'],
    ],
  ],
]

t.test('every other form is refused, and nothing of it goes on', async (t) => {
  const { gateway, upstream, fill } = await start(t)
  for (const [expected, ...form] of turnedAway) {
    const { path, headers, name } = fill(form)
    const answer = await gateway.request({ path, headers })
    const [challenge] = answer.header('www-authenticate')
    t.equal(challenge !== undefined, expected.status === 401, `${name}: a challenge with 401 alone`)
    isRefused(t, answer, challenge === undefined ? expected : { ...expected, challenge }, name)
  }
  t.strictSame(upstream.requests, [])
  t.notMatch(JSON.stringify(gateway.log), /sp[pn]_/, 'the log has no token')
})

t.test('a DSN token for every project answers for any DSN', async (t) => {
  const { gateway } = await start(t)
  const { text } = await gateway.issue({ kind: 'dsn', bindings: { project: ['*'] } })
  const headers = [['Authorization', `DSN https://${text}@sentry.example/43`]] as const
  t.equal((await gateway.request({ path: '/sentry/x', headers })).status, 200)
})

t.test('the challenge names every form that the route takes', async (t) => {
  const { gateway } = await start(t)
  const challenges = async (route: string, headers: readonly HeaderLine[] = []) =>
    (await gateway.request({ path: `/${route}/x`, headers })).header('www-authenticate')
  t.strictSame(await challenges('any'), [
    'Bearer realm="sallyport", Basic realm="sallyport", charset="UTF-8", ApiKey realm="sallyport", in="header", name="x-auth-token", ApiKey realm="sallyport", in="query", name="access_token"',
  ])
  t.strictSame(await challenges('sentry'), ['DSN realm="sallyport", Sentry realm="sallyport"'])
  const unknown = newTokenText('personal').reveal()
  t.strictSame(await challenges('bearer', [['Authorization', `Bearer ${unknown}`]]), [
    'Bearer realm="sallyport", error="invalid_token"',
  ])
})

async function start(t: Parameters<typeof startTestGateway>[0]) {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, { upstream: upstream.url, routes: gatewayRoutes })
  const personal = await gateway.issue()
  const dsn = await gateway.issue({ kind: 'dsn', bindings: { project: ['42'] } })
  const fillText = (text: string) =>
    text
      .replaceAll(/\bT\b|(?<=%54)T/g, personal.text)
      .replaceAll(/\bD\b/g, dsn.text)
      .replaceAll(/base64\(([^)]*)\)/g, (_, inner: string) => base64(inner))
  return {
    gateway,
    upstream,
    fill: ([route, headers, query = '']: Form) => ({
      path: `/${route}/x${fillText(query)}`,
      headers: headers.map(([name, value]) => [name, fillText(value)] as const),
      name: `${route} ${JSON.stringify(headers)} ${query}`,
    }),
  }
}
