/**
 * Assertions that nobody could make, nobody could tell apart, or nobody would get are refused with their place.
 * @module
 */

import t from 'tap'
import { accepted, minimal, problemsOf } from './load.ts'

const issuing = { issuer: 'https://gateway.example' }
const withAssertion = (route: object, assertion: object | null = issuing) =>
  minimal
    .replace('upstream: legacy }', `upstream: legacy, ${JSON.stringify(route).slice(1, -1)} }`)
    .concat(assertion === null ? '' : `assertion: ${JSON.stringify(assertion)}\n`)

t.test(
  'a route asserts in its own header for its own upstream, a minute at a time, unless told otherwise',
  async (t) => {
    const { settings } = accepted(t, withAssertion({ assertion: {} }))
    t.strictSame(settings.assertion, { ...issuing, algorithm: 'ES256', lifetime: 60_000 })
    t.strictSame(settings.routes[0]?.assertion, { header: 'x-sallyport-assertion' })
  },
)

t.test('none is made unless a route asks for it, and none without a name to it', async (t) => {
  t.equal(accepted(t, withAssertion({})).settings.routes[0]?.assertion, undefined)
  t.match(problemsOf(t, withAssertion({ assertion: {} }, null)), [/assertion: needs assertion\.issuer/])
  t.match(problemsOf(t, withAssertion({ assertion: {} }, {})), [/issuer/])
  const open = { assertion: {}, authorize: { public: true } }
  t.match(problemsOf(t, withAssertion(open)), [/has no effect beside public: true/])
})

t.test('whoever asserts has a name that a verifier can compare', async (t) => {
  for (const issuer of ['gateway', 'https://a/b', 'urn:example:gateway']) {
    t.strictSame(problemsOf(t, withAssertion({ assertion: {} }, { issuer })), [], issuer)
  }
  for (const issuer of ['', 'two words', 'é', ':', '://a']) {
    t.not(problemsOf(t, withAssertion({ assertion: {} }, { issuer })).length, 0, issuer)
  }
})

t.test('it lives from five seconds to ten minutes', async (t) => {
  for (const lifetime of ['5s', '10m']) {
    t.strictSame(problemsOf(t, withAssertion({}, { ...issuing, lifetime })), [], lifetime)
  }
  for (const lifetime of ['4999ms', '601s', '0s']) {
    t.not(problemsOf(t, withAssertion({}, { ...issuing, lifetime })).length, 0, lifetime)
  }
})

t.test('its header says nothing else', async (t) => {
  const taken = ['Authorization', 'Host', 'Connection', 'Content-Length', 'X-Request-Id', 'X-Forwarded-User']
  for (const header of taken) {
    t.match(problemsOf(t, withAssertion({ assertion: { header } })), [/without a meaning of its own/], header)
  }
  const header = 'X-Proof'
  const identityHeaders = { [header]: 'subject' }
  t.match(problemsOf(t, withAssertion({ assertion: { header }, identityHeaders })), [/identityHeaders/])
  const upstreamCredential = { header, value: 'secret' }
  t.match(problemsOf(t, withAssertion({ assertion: { header }, upstreamCredential })), [/upstreamCredential/])
})

t.test('the path of the keys is plain, and no route’s', async (t) => {
  for (const keysPath of ['keys', '/', '/a//b', '/a/../b', '/./a', '/a?b', '/{a}', '/a%20b']) {
    t.not(problemsOf(t, withAssertion({}, { ...issuing, keysPath })).length, 0, keysPath)
  }
  const keysPath = '/.well-known/jwks.json'
  t.strictSame(problemsOf(t, withAssertion({}, { ...issuing, keysPath })), [])
  const same = withAssertion({}, { ...issuing, keysPath }).replace('"/{path*}"', `"${keysPath}"`)
  t.match(problemsOf(t, same), [/which the gateway answers itself/])
})

t.test('registry tokens, which clients hold, have another issuer', async (t) => {
  const registry = (issuer: string) =>
    withAssertion({ profile: { registry: { issuer } } }, { issuer: 'sallyport' })
  t.match(problemsOf(t, registry('sallyport')), [/expected another than assertion\.issuer/])
  t.strictSame(problemsOf(t, registry('registry')), [])
})
