/**
 * Paths that slip past the rule that was meant for them.
 * @module
 */

import t from 'tap'
import { host, message } from './attacks/attack.ts'
import { codeOf } from './wire.ts'
import { startWatchedWire } from './witness.ts'

t.test('B15 an escape of a plain character is that character, and case counts', async (t) => {
  const wire = await startWatchedWire(t)
  for (const target of ['/admin/x', '/%61dmin/x', '/%61%64%6D%69%6e/x', '/admi%6e/x']) {
    t.equal(codeOf(await wire.send([`GET ${target} HTTP/1.1`, host])), 'insufficient_scope', target)
  }
  t.equal(wire.upstream.requests.length, 0)
  const admin = await wire.gateway.issue({ scopes: ['admin'] })
  const bytes = message(['GET /%61dmin/%7Ex/%2a HTTP/1.1', host, `Authorization: Bearer ${admin.text}`])
  t.equal((await wire.gateway.raw(bytes)).status, 200)
  t.equal(wire.upstream.requests[0]?.target, '/admin/~x/%2A', 'the spelling that was decided on')
  const other = await wire.forwarded(['GET /%41dmin/x HTTP/1.1', host])
  t.equal(other.target, '/Admin/x', 'another path, for the upstream too')
})

t.test(
  'B16 a slash, a dot or a space at the end makes another path, and goes up as decided on',
  async (t) => {
    const wire = await startWatchedWire(t, {
      routes: [
        { match: { path: '/admin' }, authorize: { scopes: { allOf: ['admin'] } } },
        { match: { path: '/tree/{rest*}' }, authorize: { scopes: { allOf: ['admin'] } } },
        { match: { path: '/{path*}' } },
      ],
    })
    for (const target of ['/admin', '/tree', '/tree/', '/tree/.x', '/tree/x/', '/tree/x.', '/tree/x%20']) {
      t.equal(codeOf(await wire.send([`GET ${target} HTTP/1.1`, host])), 'insufficient_scope', target)
    }
    t.equal(wire.upstream.requests.length, 0)
    for (const target of ['/admin/', '/admin.', '/admin%20', '/admin...', '/tree.']) {
      t.equal((await wire.forwarded([`GET ${target} HTTP/1.1`, host])).target, target)
    }
  },
)

t.test('B66 a rule is anchored at both ends and never sees the query', async (t) => {
  const wire = await startWatchedWire(t, {
    routes: [
      { match: { path: '/foo/{name}/bar' }, authorize: { public: true } },
      { match: { path: '/public/{rest*}' }, authorize: { public: true } },
      { match: { path: '/{path*}' } },
    ],
  })
  const targets = [
    ...[
      '/admin?x=/public',
      '/admin?/public/',
      '/admin?x=/foo/x/bar',
      '/admin/public/x',
      '/publicity',
      '/public.',
    ],
    ...[
      '/foo/a/b/bar',
      '/foo//bar',
      '/foo/bar',
      '/x/foo/y/bar',
      '/foo/x/bar/',
      '/foo/x/bar/baz',
      '/foo/x/barx',
    ],
  ]
  for (const target of targets) {
    const answer = await wire.gateway.raw(message([`GET ${target} HTTP/1.1`, host]))
    t.match(codeOf(answer), /^(credential_required|malformed_target)$/, target)
  }
  t.equal(wire.upstream.requests.length, 0)
  t.equal((await wire.gateway.raw(message(['GET /foo/x/bar?y HTTP/1.1', host]))).status, 200)
})
