/**
 * What a route before Read the Docs may not say besides, because a key would be for more than it looks.
 * @module
 */

import t from 'tap'
import { minimal, problemsOf } from './load.ts'

const own = 'upstreamCredential: { header: Authorization, value: Token x }'
const minting = 'profile: { readthedocs: { minting: {} } }'
const plain = 'profile: { readthedocs: {} }'

function route(rest: string, credentials = 'credentials: [token]'): string {
  return minimal.replace(
    /routes:[\s\S]*/,
    `routes:\n  - { name: a, match: { path: "/{project}" }, upstream: legacy, ${credentials}, ${rest} }\n`,
  )
}

t.test('a route that says no more than holds is taken', async (t) => {
  for (const sound of [
    plain,
    `${plain}, upstreamCredential: passthrough, missingCredential: anonymous-reads`,
    `${plain}, ${own}, authorize: { bindings: { project: "{project}" } }`,
    `${minting}, authorize: { scopes: { allOf: [mint] } }`,
    'profile: { readthedocs: { minting: { lifetime: 1h, lifetimeMax: 1h } } }, authorize: { scopes: { anyOf: [mint] } }',
  ])
    t.same(problemsOf(t, route(sound)), [], sound)
  t.same(problemsOf(t, route(plain, 'credentials: [token, api-key]')), [])
})

t.test('what would not hold is refused where it stands', async (t) => {
  const mint = `${minting}, authorize: { scopes: { allOf: [mint] } }`
  const cases: readonly (readonly [string, RegExp])[] = [
    [`${plain}, pathMode: raw-exact`, /pathMode: expected strict/],
    [`${plain}, ${own}`, /authorize\.bindings: expected project beside a credential of the gateway's own/],
    [`${plain}, ${own}, authorize: { ignoreBindings: ["*"] }`, /authorize\.bindings: expected project/],
    [minting, /authorize\.scopes: expected a scope/],
    [`${mint}, missingCredential: anonymous`, /missingCredential: has no effect/],
    [`${mint}, invalidCredential: anonymous-reads`, /invalidCredential: has no effect/],
    [`${mint}, upstreamCredential: passthrough`, /upstreamCredential: has no effect/],
    [`${mint}, mode: shadow`, /mode: has no effect/],
    [`${minting}, authorize: { public: true }`, /authorize\.public: nobody mints/],
    [
      'profile: { readthedocs: { minting: { lifetime: 25h } } }, authorize: { scopes: { allOf: [m] } }',
      /at most 24h/,
    ],
    [
      'profile: { readthedocs: { minting: { lifetimeMax: 25h } } }, authorize: { scopes: { allOf: [m] } }',
      /at most 24h/,
    ],
    [
      'profile: { readthedocs: { minting: { lifetimeMax: 1h } } }, authorize: { scopes: { allOf: [m] } }',
      /minting\.lifetime: expected at most lifetimeMax/,
    ],
  ]
  for (const [rest, problem] of cases) t.match(problemsOf(t, route(rest)).join('\n'), problem, rest)
  for (const credentials of [
    'credentials: [bearer]',
    'credentials: [token, { header: X-Api-Key }]',
    'realm: x',
  ])
    t.match(
      problemsOf(t, route(plain, credentials)).join('\n'),
      /credentials: expected token, api-key or both/,
    )
})
