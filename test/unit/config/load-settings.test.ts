/**
 * What is wrong with a file is said all at once, where it stands, and without repeating a value.
 * @module
 */

import t from 'tap'
import { loadSettings } from '../../../src/config/load-settings.ts'
import { accepted, minimal, problemsOf } from './load.ts'

t.test('accepts the least there is, with safe defaults', async (t) => {
  const loaded = accepted(t, minimal)
  t.same(loaded.warnings, [])
  t.equal(loaded.settings.listen.address, '127.0.0.1')
  t.equal(loaded.settings.cache.lease, 900)
  t.equal(loaded.settings.upstreams.legacy?.tls.verify, true)
  t.same(loaded.settings.clientAddress.trustedProxies, [])
  t.equal(loaded.settings.routes[0]?.upstreamCredential, 'strip')
  t.match(loaded.locate(['routes', 0, 'match', 'path']), /sallyport\.yaml:6: routes\[0\]\.match\.path$/)
})

t.test('settings are frozen to the bottom', async (t) => {
  const loaded = accepted(t, minimal)
  const { settings } = loaded
  t.throws(() => settings.routes.pop(), TypeError)
  t.throws(() => Object.assign(settings.listen.limits, { headerCount: 1 }), TypeError)
})

t.test('numbers and switches may come from the environment', async (t) => {
  const loaded = accepted(
    t,
    `${minimal}\nlisten: { port: "\${env:PORT}" }\nlog: { requests: "\${env:LOG}" }`,
    {
      PORT: '8443',
      LOG: 'false',
    },
  )
  t.equal(loaded.settings.listen.port, 8443)
  t.equal(loaded.settings.log.requests, false)
})

t.test('every problem is reported at once, in the order of the file', async (t) => {
  const yaml = [
    'listen:',
    '  prot: 1',
    '  port: ${env:NOPE}',
    'admin: 5',
    'keys: {}',
    'store:',
    '  sqlite: {}',
    'cache: { lease: 3s }',
    'upstreams:',
    '  Legacy: { url: "http://127.0.0.1:1" }',
    'routes:',
    '  - match: { path: a, methods: [] }',
    '    upstream: legacy',
    '    credentials: [bearr]',
    'zebra: 1',
  ]
  t.match(problemsOf(t, yaml.join('\n')), [
    /^2: listen\.prot: unknown key; did you mean «port»\?$/,
    /^3: listen\.port: the environment variable NOPE is not set/,
    /^4: admin: expected a mapping$/,
    /^5: keys: expected exactly one of file and ring$/,
    /^7: store\.sqlite\.path: is required; expected text/,
    /^8: cache\.lease: expected at most 1s/,
    /^10: upstreams\.Legacy: expected 1 to 64 lower-case letters/,
    /^12: routes\[0\]\.match\.methods: must not be empty$/,
    /^12: routes\[0\]\.match\.path: expected a path that starts with «\/»$/,
    /^12: routes\[0\]\.name: is required/,
    /^14: routes\[0\]\.credentials\[0\]: expected bearer, token/,
    /^15: zebra: unknown key; known here: listen, admin/,
  ])
})

t.test('a missing section is reported on the first line', async (t) => {
  const problems = problemsOf(t, '# nothing\nlisten: {}\n')
  t.ok(problems.includes('1: keys: is required; expected a mapping'), problems.join('\n'))
  t.ok(problems.includes('1: routes: is required; expected a list'), problems.join('\n'))
  t.match(problemsOf(t, ''), [/^1: is required; expected a mapping/])
})

t.test('a value from the environment is never repeated in a problem', async (t) => {
  const secret = 'S3CR3T-value'
  const places = [
    'listen: { port: "${env:X}" }',
    'listen: { address: { "a": "${env:X}" } }',
    'log: { level: "${env:X}", requests: "${env:X}" }',
    'cache: { redis: { url: "${env:X}", timeout: "${env:X}", entryBytes: "${env:X}" } }',
    'clientAddress: { trustedProxies: ["${env:X}"], header: "${env:X}" }',
    'systemToken: { networks: ["${env:X}"] }',
    'insecure: ["${env:X}"]',
    'insecure: "${env:X}"',
  ]
  for (const place of places) {
    const problems = problemsOf(t, `${minimal}\n${place}`, { X: secret })
    t.ok(problems.length > 0, place)
    t.notMatch(problems.join('\n'), secret, place)
  }
})

t.test('a reference in a key stays as it is, and is an unknown key', async (t) => {
  t.match(problemsOf(t, `${minimal}\n\${env:X}: 1`, { X: 'listen' }), [/\["\$\{env:X\}"\]: unknown key/])
})

t.test('a file that is not plain YAML 1.2 is refused where it goes wrong', async (t) => {
  const cases: readonly [string, RegExp][] = [
    ['a: 1\na: 2', /^2: not valid YAML: Map keys must be unique/],
    ['a: &x 1\nb: *x', /^2: aliases are not supported/],
    ['a: 1\n---\nb: 2', /^2: not valid YAML: Source contains multiple documents/],
    ['%YAML 1.1\n---\na: yes', /^1: expected YAML 1\.2/],
    ['a: !secret x', /^1: not valid YAML: Unresolved tag/],
    ['? [a]\n: 1', /^1: a key must be plain text/],
    ['a:\n\t- b', /^2: not valid YAML/],
    [`a: ${'['.repeat(50)}${']'.repeat(50)}`, /^1: nested deeper than 32 levels/],
  ]
  for (const [yaml, problem] of cases) t.match(problemsOf(t, yaml)[0], problem, yaml)
})

t.test('a file that cannot be read is one problem', async (t) => {
  t.match(loadSettings('/nonexistent/x.yaml', { env: {} }), {
    ok: false,
    problems: ['/nonexistent/x.yaml: does not exist'],
  })
})

t.test('a duration of zero is refused where it would mean «no limit»', async (t) => {
  t.match(problemsOf(t, `${minimal}\nlisten: { timeouts: { headers: 0s } }`), [/longer than zero/])
  t.match(problemsOf(t, `${minimal}\nlisten: { timeouts: { request: 25d } }`), [/at most 24d/])
  t.same(problemsOf(t, `${minimal}\ncache: { memory: { absentTtl: 0s } }`), [])
})
