/**
 * What a route before GoCD may not say besides, because it would look as if it held.
 * @module
 */

import t from 'tap'
import { problemsOf } from './load.ts'

function gocd(settings: string, profile = ''): string {
  return `
keys: { file: keys.json }
store: { sqlite: { path: tokens.db } }
upstreams: { ci: { url: "http://127.0.0.1:8153" } }
routes:
  - { name: gocd, match: { path: "/{path*}" }, upstream: ci, profile: { gocd: { ${profile} } }, ${settings} }
`
}

t.test('what the profile decides by itself is not said by the route', async (t) => {
  for (const [setting, problem] of [
    ['pathMode: raw-exact', /pathMode: expected strict/],
    ['upstreamCredential: passthrough', /upstreamCredential: expected strip/],
    ['credentials: [bearer, basic]', /credentials: expected \[bearer\]/],
    ['credentials: [token]', /credentials: expected \[bearer\]/],
    ['missingCredential: anonymous', /missingCredential: has no place/],
    ['invalidCredential: anonymous', /invalidCredential: has no place/],
  ] as const) {
    t.match(problemsOf(t, gocd(setting)), [problem], setting)
  }
  t.same(problemsOf(t, gocd('')), [])
})

t.test('a user who is gone has a token for a minute at the most', async (t) => {
  t.match(problemsOf(t, gocd('', 'userTtl: 61s')), [/userTtl: expected at most 60s/])
  t.same(problemsOf(t, gocd('', 'userTtl: 60s')), [])
})

t.test('tokens that the gateway makes are of a kind and a binding that the route admits', async (t) => {
  const made = 'tokens: gateway'
  t.match(problemsOf(t, gocd('', made)), [/bindings\.upstream: expected ci/])
  t.match(problemsOf(t, gocd('authorize: { bindings: { upstream: other } }', made)), [
    /bindings\.upstream: expected ci/,
  ])
  t.match(problemsOf(t, gocd('authorize: { kinds: [build], bindings: { upstream: ci } }', made)), [
    /kinds: expected «personal»/,
  ])
  t.same(problemsOf(t, gocd('authorize: { bindings: { upstream: ci } }', made)), [])
})
