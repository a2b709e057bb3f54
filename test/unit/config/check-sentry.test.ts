/**
 * Settings of a route to Sentry that would look as if they held, or would give one client what is another's.
 * @module
 */

import t from 'tap'
import { problemsOf } from './load.ts'

const configuration = (rest: string) => `
keys: { file: keys.json }
store: { sqlite: { path: tokens.db } }
upstreams: { legacy: { url: "http://127.0.0.1:9000" } }
routes:
  - { name: a, match: { path: "/api/{project}/{rest*}" }, upstream: legacy, ${rest} }
`
const key = '{ header: X-Sentry-Auth, scheme: Sentry, parameter: sentry_key }'

t.test('what holds together is accepted', async (t) => {
  for (const rest of [
    'profile: { sentry: {} }',
    'profile: { sentry: { token: a, systemToken: b, sessionCookie: sid } }, authorize: { system: allow }',
    `profile: { sentry: {} }, upstreamCredential: passthrough, credentials: [dsn, ${key}, { query: sentry_key }]`,
  ]) {
    t.same(problemsOf(t, configuration(rest)), [], rest)
  }
})

t.test('what does not is refused where it stands', async (t) => {
  const cases: readonly (readonly [rest: string, problem: RegExp])[] = [
    ['pathMode: raw-exact, profile: { sentry: {} }', /pathMode: expected strict with profile\.sentry/],
    [
      'profile: { sentry: {} }, authorize: { bindings: { project: "{project}" } }',
      /authorize\.bindings: has no effect with profile\.sentry/,
    ],
    [
      'profile: { sentry: {} }, authorize: { ignoreBindings: ["*"] }',
      /authorize\.ignoreBindings: has no effect with profile\.sentry/,
    ],
    ['profile: { sentry: {} }, authorize: { access: owner }', /authorize\.access: has no effect/],
    [
      'profile: { sentry: {} }, upstreamCredential: { header: Authorization, value: Bearer x }',
      /upstreamCredential: expected strip or passthrough: all tokens would be one at Sentry/,
    ],
    [`profile: { sentry: {} }, credentials: [${key}]`, /upstreamCredential: expected passthrough where keys/],
    [
      'profile: { sentry: {} }, credentials: [{ query: sentry_key }]',
      /upstreamCredential: expected passthrough where keys/,
    ],
    [
      'profile: { sentry: { token: x } }, upstreamCredential: passthrough',
      /profile\.sentry\.token: has no effect with passthrough/,
    ],
    [
      'profile: { sentry: { systemToken: x } }, upstreamCredential: passthrough',
      /profile\.sentry\.systemToken: has no effect with passthrough/,
    ],
    [
      'profile: { sentry: {} }, upstreamCredential: passthrough, authorize: { system: allow }',
      /upstreamCredential: expected strip where the system token is admitted/,
    ],
    [
      'profile: { sentry: { sessionCookie: sid } }, authorize: { public: true }',
      /sessionCookie: has no effect beside public: true/,
    ],
    [
      'profile: { sentry: { sessionCookie: sid } }, missingCredential: anonymous',
      /sessionCookie: has no effect beside missingCredential: anonymous/,
    ],
    [
      'profile: { sentry: { sessionCookie: sid } }, preflight: forward',
      /preflight: has no effect beside profile\.sentry\.sessionCookie/,
    ],
    ['profile: { sentry: { sessionCookie: "a b" } }', /sessionCookie: expected the name of a cookie/],
    ['profile: { sentry: { token: "a b" } }', /token: expected printable ASCII without spaces/],
  ]
  for (const [rest, problem] of cases) {
    const problems = problemsOf(t, configuration(rest))
    t.equal(problems.length, 1, rest)
    t.match(problems[0], problem)
  }
})

t.test('a problem of a token does not quote it', async (t) => {
  const problems = problemsOf(t, configuration('profile: { sentry: { token: "s3cret s3cret" } }'))
  t.equal(problems.length, 1)
  t.notMatch(problems.join(), 's3cret')
})
