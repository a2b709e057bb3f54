/**
 * Shadow mode tries a rule without enforcing it: every request passes and has no standing, and what would have
 * been refused is counted under the code that it would have had.
 * @module
 */

import t, { type Test } from 'tap'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import { startTestGateway } from '../../support/gateway.ts'
import { startPostgres } from '../../support/postgres.ts'
import { type HeaderLine, recordingUpstream } from '../../support/recording-upstream.ts'
import { eventually, requestLines } from './refusal-checks.ts'

t.test('what would be refused passes without credential, identity and privileged headers', async (t) => {
  const { gateway, upstream } = await start(t)
  const { text: lacking } = await gateway.issue({ access: 'owner' })
  const revoked = await gateway.issue({ access: 'owner' })
  await gateway.store.revokeToken(revoked.token.id, {
    at: Date.now(),
    by: 'test',
    origin: 'test',
    cause: 'leaked',
  })
  const bearer = (value: string): HeaderLine => ['Authorization', `Bearer ${value}`]
  const cases: readonly (readonly [code: string, headers: readonly HeaderLine[]])[] = [
    ['credential_required', []],
    ['credential_required', [['Authorization', 'Basic eDp5']]],
    ['malformed_credential', [bearer('two words')]],
    ['ambiguous_credential', [bearer('a'), bearer('a')]],
    ['invalid_token', [bearer(newTokenText('personal').reveal())]],
    ['invalid_token', [bearer(revoked.text)]],
    ['insufficient_scope', [bearer(lacking)]],
  ]
  const counted = new Map<string, number>()
  for (const [code, credentials] of cases) {
    const seen = requestLines(gateway).length
    const headers = [...credentials, ['X-Container-Read', 'secret'], ['X-Sallyport-Subject', 'root']] as const
    const answer = await gateway.request({ headers })
    t.equal(answer.status, 200, code)
    t.strictSame(answer.header('x-container-read'), [], `${code}: sees nothing of an owner`)
    const received = upstream.requests.at(-1)
    for (const name of ['authorization', 'x-container-read', 'x-sallyport-subject', 'x-sallyport-token-id']) {
      t.strictSame(received?.header(name), [], `${code}: ${name}`)
    }
    t.match(await eventually(() => requestLines(gateway)[seen]), { outcome: 'shadowed', status: 200, code })
    counted.set(code, (counted.get(code) ?? 0) + 1)
    t.equal(await gateway.metric(wouldRefuse(code)), counted.get(code), code)
  }
  t.equal(await gateway.metric('sallyport_exchanges_total{route="tried",outcome="shadowed"}'), cases.length)
})

t.test('who would pass anyway passes as what they are', async (t) => {
  const { gateway, upstream } = await start(t)
  const { text } = await gateway.issue({ access: 'owner', scopes: ['x'] })
  const headers = [
    ['Authorization', `Bearer ${text}`],
    ['X-Container-Read', '.r:*'],
  ] as const
  const answer = await gateway.request({ headers })
  t.strictSame(answer.header('x-container-read'), ['of the upstream'])
  t.strictSame(upstream.requests[0]?.header('x-container-read'), ['.r:*'])
  t.strictSame(upstream.requests[0]?.header('x-sallyport-subject'), ['alice'])
  t.match(await eventually(() => requestLines(gateway)[0]), { outcome: 'forwarded' })
})

t.test('a privileged header that would be refused is stripped instead, and counted', async (t) => {
  const { gateway, upstream } = await start(t, { fromNonOwner: 'refuse' })
  const { text } = await gateway.issue({ scopes: ['x'] })
  const headers = [
    ['Authorization', `Bearer ${text}`],
    ['X-Container-Read', '.r:*'],
  ] as const
  t.equal((await gateway.request({ headers })).status, 200, 'a token that passes the rules')
  t.strictSame(upstream.requests[0]?.header('x-container-read'), [])
  t.strictSame(upstream.requests[0]?.header('x-sallyport-subject'), ['alice'])
  t.match(await eventually(() => requestLines(gateway)[0]), {
    outcome: 'shadowed',
    code: 'privileged_header',
  })
  t.equal(await gateway.metric(wouldRefuse('privileged_header')), 1)

  t.equal((await gateway.request({ headers: headers.slice(1) })).status, 200, 'nobody at all')
  t.strictSame(upstream.requests[1]?.header('x-container-read'), [])
  t.equal(await gateway.metric(wouldRefuse('credential_required')), 1, 'counted once, for the first reason')
  t.equal(await gateway.metric(wouldRefuse('privileged_header')), 1)
})

t.test('a failure of the upstream is the upstream’s, not what a rule would have refused', async (t) => {
  const { gateway, upstream } = await start(t)
  await upstream.close()
  t.equal((await gateway.request({})).status, 502)
  t.match(await eventually(() => requestLines(gateway)[0]), { outcome: 'upstream_unreachable', status: 502 })
  t.equal(await gateway.metric(wouldRefuse('credential_required')), 1)
  t.equal(await gateway.metric(wouldRefuse('upstream_unreachable')), 0)
})

t.test('what is no sound request is refused in shadow mode too', async (t) => {
  const { gateway, upstream } = await start(t)
  t.equal((await gateway.request({ path: '/a/../b' })).status, 400)
  t.equal((await gateway.request({ headers: [['X_Container_Read', 'x']] })).status, 400)
  t.strictSame(upstream.requests, [])
})

t.test('an outage of the store lets everything pass, where an enforcing route answers 503', async (t) => {
  const postgres = await startPostgres()
  t.teardown(() => postgres.stop())
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    store: { postgres: { url: postgres.url } },
    routes: [
      { name: 'tried', match: { path: '/shadow' }, mode: 'shadow' },
      { name: 'enforced', match: { path: '/enforce' } },
    ],
  })
  await postgres.kill()
  const headers = [['Authorization', `Bearer ${newTokenText('personal').reveal()}`]] as const
  t.equal((await gateway.request({ path: '/shadow', headers })).status, 200)
  t.strictSame(upstream.requests[0]?.header('authorization'), [])
  t.equal(await gateway.metric(wouldRefuse('cannot_decide')), 1)
  t.equal((await gateway.request({ path: '/enforce', headers })).status, 503)
  t.equal(upstream.requests.length, 1)
})

function wouldRefuse(code: string): string {
  return `sallyport_would_refuse_total{route="tried",code="${code}"}`
}

/** A route that asks for scope `x` in shadow mode, and an upstream that shows an owner's header. */
async function start(t: Test, privilegedHeaders: { readonly fromNonOwner?: 'refuse' } = {}) {
  const headers = [['X-Container-Read', 'of the upstream']] as const
  const upstream = await recordingUpstream(t, () => ({ headers, body: 'ok' }))
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [
      {
        name: 'tried',
        match: { path: '/{rest*}' },
        mode: 'shadow',
        authorize: { scopes: { allOf: ['x'] } },
        privilegedHeaders,
      },
    ],
  })
  return { gateway, upstream }
}
