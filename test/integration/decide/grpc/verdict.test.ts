/**
 * By gRPC the gateway says what it does as the proxy: a real gateway is asked, and what Envoy is told is compared with
 * what reaches an upstream.
 * @module
 */

import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { CheckResponse } from '../../../../src/decide/grpc/generated/envoy/service/auth/v3/external_auth_pb.ts'
import type { HeaderLine } from '../../../support/recording-upstream.ts'
import { secret, startAsking } from '../asking.ts'
import { openChecks } from './checking.ts'

const routes = [
  { match: { path: '/x' }, authorize: { scopes: { allOf: ['read'] } } },
  { match: { path: '/p/{project}/{rest*}' }, authorize: { bindings: { project: '{project}' } } },
  { match: { path: '/q' }, credentials: [{ query: 'token' }] },
  { match: { path: '/open' }, authorize: { public: true } },
]

async function opened(t: Test) {
  const asking = await startAsking(t, {
    routes,
    decision: { proxies: [{ name: 'edge', secrets: [secret] }], grpc: { port: 0 } },
  })
  return { ...asking, check: openChecks(t, asking.gateway.grpcPort) }
}

/** What Envoy would send of the client's lines, by names in lower case; `undefined` when it is to refuse. */
function wouldGoUp({ httpResponse }: CheckResponse, sent: readonly HeaderLine[]) {
  if (httpResponse.case !== 'okResponse') return undefined
  const { headers, headersToRemove } = httpResponse.value
  const lines = new Map(sent.map(([name, value]) => [name.toLowerCase(), value]))
  for (const name of headersToRemove) lines.delete(name)
  for (const { header } of headers) if (header) lines.set(header.key, header.value)
  return lines
}

t.test('a token is let through with its subject, its credential stays behind', async (t) => {
  const { check, gateway } = await opened(t)
  const { text, token } = await gateway.issue({ scopes: ['read'] })
  const sent: HeaderLine[] = [
    ['Authorization', `Bearer ${text}`],
    ['X-Account-Access-Control', 'evil'],
    ['X-Sallyport-Subject', 'root'],
    ['Remote-User', 'root'],
  ]
  const answer = await check({ headers: sent })
  t.strictSame(Object.fromEntries(wouldGoUp(answer, sent) ?? []), {
    'x-sallyport-subject': 'alice',
    'x-sallyport-token-id': token.id,
  })
  t.match(answer.dynamicMetadata, { subject: 'alice', token: token.id, owner: false, route: 'route-0' })
  t.match(gateway.log.at(-1), { outcome: 'allowed', door: 'envoy-grpc', proxy: 'edge' })
})

t.test('a refusal has its status, its challenge and its document', async (t) => {
  const { check } = await opened(t)
  const { httpResponse } = await check({})
  t.equal(httpResponse.case, 'deniedResponse')
  if (httpResponse.case !== 'deniedResponse') return
  t.equal(httpResponse.value.status?.code, 401)
  t.match(JSON.parse(httpResponse.value.body), { code: 'credential_required' })
  t.ok(httpResponse.value.headers.some(({ header }) => header?.key === 'www-authenticate'))
})

t.test('a credential leaves the query, which Envoy can be told', async (t) => {
  const { check, gateway } = await opened(t)
  const { text } = await gateway.issue()
  const lines = wouldGoUp(await check({ path: `/q?a=b&token=${text}` }), [])
  t.equal(lines?.get(':path'), '/q?a=b')
})

t.test('whoever has not proved itself is told nothing, and the log says so', async (t) => {
  const { check, gateway } = await opened(t)
  await t.rejects(check({ path: '/open' }, ['another-secret-of-a-decent-length-0123']), { code: 16 })
  t.match(gateway.log.at(-1), { outcome: 'untrusted_proxy', proxy: '(unknown)' })
})

const header = fc.constantFrom<HeaderLine>(
  ['X-Container-Read', '.r:*'],
  ['X-Remove-Container-Read', 'x'],
  ['X-Sallyport-Subject', 'root'],
  ['X-Real-IP', '6.6.6.6'],
  ['X_Owner', '1'],
  ['Cookie', 'a=b'],
)

t.test('the same verdict, and the same headers, as the gateway as the proxy', async (t) => {
  const { check, gateway, upstream } = await opened(t)
  const texts = new Map<string, string>([
    ['reader', (await gateway.issue({ access: 'read-only', scopes: ['read'] })).text],
    ['owner', (await gateway.issue({ access: 'owner', scopes: ['read'] })).text],
    ['bound', (await gateway.issue({ bindings: { project: ['one'] } })).text],
    ['unknown', 'sp_unknown'],
  ])
  const counts = { allowed: 0, refused: 0 }
  const held = fc.record({
    method: fc.constantFrom('GET', 'POST', 'HEAD', 'DELETE'),
    path: fc.constantFrom(
      '/x',
      '/p/one/a',
      '/p/two/a',
      '/open',
      '/none',
      '/x/../open',
      '/p/one%2fa',
      '//x',
      '/x;a',
    ),
    host: fc.constantFrom('app.example', 'app.example:80', 'a,b', ''),
    headers: fc.uniqueArray(header, { maxLength: 3 }),
  })
  const who = fc.constantFrom('none', ...texts.keys())
  await fc.assert(
    fc.asyncProperty(held, who, async ({ headers: extra, ...rest }, who) => {
      const text = texts.get(who)
      const headers = [
        ...(text === undefined ? [] : [['Authorization', `Bearer ${text}`] as const]),
        ...extra,
      ]
      const before = upstream.requests.length
      await gateway.request({
        method: rest.method,
        path: rest.path,
        headers: [['Host', rest.host], ...headers],
      })
      const sent = upstream.requests.at(before)
      const proxied = gateway.log.at(-1)?.code
      const lines = wouldGoUp(await check({ ...rest, headers }), headers)
      t.equal(gateway.log.at(-1)?.code, proxied, JSON.stringify({ who, ...rest }))
      t.equal(lines === undefined, sent === undefined)
      if (sent === undefined || lines === undefined) counts.refused++
      else {
        counts.allowed++
        for (const [name, value] of sent.headers) {
          if (!proxysOwn.test(name)) t.equal(lines.get(name.toLowerCase()), value, name)
        }
        const names = new Set(sent.headers.map(([name]) => name.toLowerCase()))
        t.strictSame(
          [...lines.keys()].filter((name) => !names.has(name)),
          [],
        )
      }
    }),
    { numRuns: 300 },
  )
  t.ok(counts.allowed > 10 && counts.refused > 50, JSON.stringify(counts))
})

const proxysOwn =
  /^(host|connection|content-length|transfer-encoding|forwarded|x-forwarded-.*|x-request-id)$/i
