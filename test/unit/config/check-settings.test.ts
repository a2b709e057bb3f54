/**
 * Settings that are right one by one and wrong together are refused, and weak ones unless they are named.
 * @module
 */

import t from 'tap'
import { minimal, problemsOf, warningsOf } from './load.ts'

const store = 'store: { sqlite: { path: tokens.db } }\nkeys: { file: keys.json }\n'
const legacy = 'upstreams: { legacy: { url: "http://127.0.0.1:9000" } }\n'

function routes(...entries: string[]): string {
  return `${store}${legacy}routes:\n${entries.map((entry) => `  - { ${entry} }`).join('\n')}`
}

t.test('the record and the key ring are each given once', async (t) => {
  const rest = `${legacy}routes: [{ name: a, match: { path: / }, upstream: legacy }]\n`
  const both = 'store: { sqlite: { path: x }, postgres: { url: "postgres://h/d" } }\n'
  t.match(problemsOf(t, `${both}keys: { file: a, ring: b }\n${rest}`), [
    /store: expected exactly one of postgres and sqlite/,
    /keys: expected exactly one of file and ring/,
  ])
  t.equal(problemsOf(t, `store: {}\nkeys: {}\n${rest}`).length, 2)
})

t.test('a route names an upstream that is there', async (t) => {
  t.match(problemsOf(t, routes('name: a, match: { path: / }, upstream: legcy')), [
    /routes\[0\]\.upstream: upstreams has no «legcy»; did you mean «legacy»\?/,
  ])
  t.match(problemsOf(t, routes('name: a, match: { path: / }, upstream: constructor')), [
    /has no «constructor»/,
  ])
})

t.test('two routes have neither one name nor one match', async (t) => {
  t.match(
    problemsOf(
      t,
      routes(
        'name: a, match: { path: "/v1/{one}", hosts: [x.test, Y.test] }, upstream: legacy',
        'name: a, match: { path: "/v1/{two}", hosts: [y.test] }, upstream: legacy',
      ),
    ),
    [
      /routes\[1\]\.match: route «a» matches the same requests/,
      /routes\[1\]\.name: another route is named «a»/,
    ],
  )
  const apart = routes(
    'name: a, match: { path: "/v1/{one}", methods: [GET] }, upstream: legacy',
    'name: b, match: { path: "/v1/{one}", methods: [PUT] }, upstream: legacy',
    'name: c, match: { path: "/v1/{one+}" }, upstream: legacy',
  )
  t.same(problemsOf(t, apart), [])
})

t.test('a rule beside «public» is refused, because it would not hold', async (t) => {
  t.match(
    problemsOf(
      t,
      routes('name: a, match: { path: / }, upstream: legacy, authorize: { public: true, networks: [] }'),
    ),
    [/routes\[0\]\.authorize\.networks: has no effect beside public: true/],
  )
  t.match(
    problemsOf(
      t,
      routes(
        'name: a, match: { path: / }, upstream: legacy, preflight: forward, authorize: { public: true }',
      ),
    ),
    [/routes\[0\]\.preflight: has no effect beside public: true/],
  )
})

t.test('a revocation holds within one second, whatever is configured', async (t) => {
  t.match(problemsOf(t, `${minimal}\ncache: { lease: 1001ms }`), [/cache\.lease: expected at most 1s/])
  t.match(problemsOf(t, `${minimal}\ncache: { lease: 250ms }`), [/cache\.pollInterval: expected less than/])
  t.same(problemsOf(t, `${minimal}\ncache: { lease: 1s, pollInterval: 999ms }`), [])
  for (const lease of ['499ms', '11s']) {
    const redis = `cache: { redis: { url: "redis://127.0.0.1", lease: ${lease} } }`
    t.match(problemsOf(t, `${minimal}\n${redis}`), [/cache\.redis\.lease: expected 500ms to 10s/])
  }
})

t.test('a client is not cut off while its upstream may still answer', async (t) => {
  t.match(problemsOf(t, `${minimal}\nlisten: { timeouts: { idle: 60s } }`), [
    /upstreams\.legacy\.timeouts\.headers: expected less than listen\.timeouts\.idle/,
  ])
})

t.test('networks and URLs are in canonical form', async (t) => {
  for (const cidr of ['10.0.0.0/33', '010.0.0.1', '1.2.3', '::1/129', '1.2.3.4/8/8', ':::']) {
    t.equal(problemsOf(t, `${minimal}\nsystemToken: { networks: ["${cidr}"] }`).length, 1, cidr)
  }
  t.match(problemsOf(t, minimal.replace(':9000', ':99999')), [/upstreams\.legacy\.url: expected a URL/])
})

t.test('what weakens the gateway needs its name', async (t) => {
  const tls = 'upstreams: { legacy: { url: "https://h:1", tls: { verify: false } } }\n'
  const cases: readonly [string, string][] = [
    ['trust-any-proxy', `${minimal}\nclientAddress: { trustedProxies: [0.0.0.0/0] }`],
    ['trust-any-proxy', `${minimal}\nclientAddress: { trustedProxies: ["::/0"] }`],
    ['trust-any-proxy', `${minimal}\nclientAddress: { trustedProxies: ["::ffff:0.0.0.0/96"] }`],
    ['trust-any-proxy', `${minimal}\nclientAddress: { trustedProxies: [128.0.0.0/1, 0.0.0.0/1] }`],
    ['trust-any-proxy', `${minimal}\nclientAddress: { trustedProxies: ["2000::/3"] }`],
    ['public-admin', `${minimal}\nadmin: { address: 0.0.0.0 }`],
    ['public-admin', `${minimal}\nadmin: { address: "::" }`],
    ['public-admin', `${minimal}\nadmin: { address: admin.internal }`],
    ['system-token-anywhere', `${minimal}\nsystemToken: { networks: ["::/0"] }`],
    ['unverified-redis-tls', `${minimal}\ncache: { redis: { url: "rediss://h", tls: { verify: false } } }`],
    ['unverified-upstream-tls', minimal.replace(/upstreams.*\n/, tls)],
  ]
  for (const [optOut, yaml] of cases) {
    const problems = problemsOf(t, yaml)
    t.ok(problems.length > 0, yaml)
    for (const problem of problems) t.match(problem, `name «${optOut}» in insecure`)
    t.same(problemsOf(t, `${yaml}\ninsecure: [${optOut}]`), [])
    t.same(warningsOf(t, `${yaml}\ninsecure: [${optOut}]`), [])
  }
})

t.test('private networks and the loopback need no name', async (t) => {
  const proxies = '[10.0.0.0/8, 172.16.0.0/12, "fc00::/7", "::ffff:10.0.0.0/104", "2001:db8::1"]'
  t.same(problemsOf(t, `${minimal}\nclientAddress: { trustedProxies: ${proxies} }`), [])
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) {
    t.same(problemsOf(t, `${minimal}\nadmin: { address: "${address}" }`), [], address)
  }
})

t.test('warns of an opt-out that nothing needs, and of a route that only watches', async (t) => {
  t.match(warningsOf(t, `${minimal}\ninsecure: [public-admin]`), [
    /insecure\[0\]: nothing needs «public-admin»; remove it/,
  ])
  t.match(warningsOf(t, routes('name: a, match: { path: / }, upstream: legacy, mode: shadow')), [
    /routes\[0\]\.mode: in shadow mode the route lets every request through/,
  ])
})

t.test('an upgrade never leads to a protocol that carries requests of its own', async (t) => {
  const withProtocol = (protocol: string) =>
    problemsOf(
      t,
      routes(`name: a, match: { path: / }, upstream: legacy, upgrade: { protocols: ["${protocol}"] }`),
    )
  t.same(withProtocol('websocket'), [])
  t.same(withProtocol('spdy/3.1'), [])
  for (const protocol of ['h2c', 'h2', 'http/2.0', 'http', 'tls/1.0', 'tls']) {
    t.match(
      withProtocol(protocol),
      [/upgrade\.protocols\[0\]: expected a protocol other than HTTP or TLS/],
      protocol,
    )
  }
  for (const protocol of ['H2C', 'WebSocket', 'websocket, h2c', '', 'a b']) {
    t.match(withProtocol(protocol), [/expected a protocol in lower case/], protocol)
  }
})

t.test('a route that cannot be asked to upgrade, or whose clients are cut off, is refused', async (t) => {
  t.match(
    problemsOf(
      t,
      routes(
        'name: a, match: { path: /, methods: [POST] }, upstream: legacy, upgrade: { protocols: [websocket] }',
        'name: b, match: { path: /b }, upstream: legacy, timeouts: { headers: 5m, bodyIdle: 299s, total: 1h }',
        'name: c, match: { path: /c }, upstream: legacy, timeouts: { bodyIdle: 10m }',
      ),
    ),
    [
      /routes\[0\]\.upgrade\.protocols: has no effect on a route without GET/,
      /routes\[1\]\.timeouts\.headers: expected less than listen\.timeouts\.idle/,
      /routes\[2\]\.timeouts\.bodyIdle: expected less than listen\.timeouts\.idle/,
    ],
  )
})

t.test('with profile.registry, settings that it would not go by are refused where they stand', async (t) => {
  const registry = (rest: string, path = '/{path*}') =>
    routes(`name: a, match: { path: "${path}" }, upstream: legacy, ${rest}`)
  const profile = 'profile: { registry: {} }'
  t.same(problemsOf(t, registry(profile)), [])
  t.same(problemsOf(t, registry(`${profile}, upstreamCredential: passthrough, mode: shadow`)), [])
  for (const [rest, problem] of [
    ['pathMode: raw-exact', /\.pathMode: expected strict/],
    ['credentials: [bearer, basic]', /\.credentials: expected \[bearer\]/],
    ['missingCredential: anonymous', /\.missingCredential: expected refuse/],
    ['invalidCredential: anonymous', /\.invalidCredential: expected refuse/],
    ['preflight: forward', /\.preflight: expected authorize/],
    ['authorize: { public: true }', /\.authorize\.public: has no place/],
    ['authorize: { system: allow }', /\.authorize\.system: expected refuse/],
    ['authorize: { ignoreBindings: [x] }', /\.ignoreBindings: has no effect/],
    ['authorize: { access: owner }', /\.access: has no effect/],
    ['authorize: { scopes: { allOf: [x] } }', /\.scopes: say it in profile\.registry\.scopes/],
  ] as const) {
    t.ok(
      problemsOf(t, registry(`${profile}, ${rest}`)).some((one) => problem.test(one)),
      rest,
    )
  }
  for (const [settings, problem] of [
    ['tokenLifetime: 61m', /tokenLifetime: expected at most 1h/],
    ['keysPath: /token', /keysPath: expected another path/],
    ['tokenPaths: [/v2/token]', /tokenPaths\[0\]: expected a plain path/],
    ['tokenPaths: []', /tokenPaths/],
    ['service: "a\\"b"', /service: expected letters/],
    ['publicUrl: "https://a.example/x"', /publicUrl/],
  ] as const) {
    t.match(problemsOf(t, registry(`profile: { registry: { ${settings} } }`)), [problem], settings)
  }
  t.match(problemsOf(t, registry(profile, '/v2/{path*}')), [/match\.path: expected «\/\{path\*\}»/])
})

t.test('with profile.swift, settings that Swift would not go by are refused where they stand', async (t) => {
  const swift = (rest: string) => routes(`name: a, match: { path: "/{path*}" }, upstream: legacy, ${rest}`)
  const sound = 'pathMode: raw-exact, authorize: { kinds: [session] }'
  t.same(problemsOf(t, swift(`${sound}, profile: { swift: {} }`)), [])
  for (const [rest, problem] of [
    ['authorize: { kinds: [session] }, profile: { swift: {} }', /routes\[0\]\.pathMode: expected raw-exact/],
    [
      `${sound}, preflight: forward, profile: { swift: {} }`,
      /routes\[0\]\.preflight: has no effect with profile\.swift/,
    ],
    [
      `${sound}, upstreamCredential: passthrough, profile: { swift: {} }`,
      /routes\[0\]\.upstreamCredential: expected strip/,
    ],
    [
      `${sound}, profile: { swift: { factTtl: 61s } }`,
      /routes\[0\]\.profile\.swift\.factTtl: expected at most 60s/,
    ],
    [
      'pathMode: raw-exact, authorize: { kinds: [session], access: owner }, profile: { swift: {} }',
      /routes\[0\]\.authorize\.access: has no effect/,
    ],
    [
      'pathMode: raw-exact, authorize: { kinds: [session], ignoreBindings: [x] }, profile: { swift: {} }',
      /routes\[0\]\.authorize\.ignoreBindings: has no effect/,
    ],
    [`${sound}, profile: { swift: { publicUrl: "https://a.example/x" } }`, /publicUrl/],
  ] as const) {
    t.match(problemsOf(t, swift(rest)), [problem], rest)
  }
  const silent = swift('pathMode: raw-exact, authorize: { kinds: [personal] }, profile: { swift: {} }')
  t.match(warningsOf(t, silent).join('\n'), /without «session»/)
})
