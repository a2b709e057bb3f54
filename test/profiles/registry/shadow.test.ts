/**
 * Trying a rule: clients go on logging in, and what would be refused is logged with the token that it was, counted, and
 * let through.
 * @module
 */

import t from 'tap'
import { requestLines } from '../../integration/gateway/refusal-checks.ts'
import { until } from '../../support/until.ts'
import { allowed, openScene } from './scene.ts'

const wouldRefuse = (code: string) => `sallyport_would_refuse_total{route="registry",code="${code}"}`

t.test('a token that a rule would refuse gets in, and every time it is known which one it was', async (t) => {
  const { ask, enter, gateway, upstream } = await openScene(t, { route: { mode: 'shadow' } })
  const lacking = { ...allowed, scopes: ['read_registry'] }
  const { token, bearer } = await enter(lacking, ['repository:acme/app:pull'])
  const answer = await ask('/v2/acme/app/manifests/v1', [bearer])
  t.equal(answer.status, 200)
  t.strictSame(upstream.requests[0]?.header('authorization'), [], 'nor does the credential go up')
  t.strictSame(upstream.requests[0]?.header('x-sallyport-subject'), [], 'it goes up without a standing')
  await until(() => requestLines(gateway).length === 2)
  for (const line of requestLines(gateway)) {
    t.match(line, { code: 'insufficient_scope', tokenId: token.id, subject: 'alice' })
  }
  t.equal(await gateway.metric(wouldRefuse('insufficient_scope')), 2)
})

t.test('a token that may is not counted', async (t) => {
  const { ask, enter, gateway } = await openScene(t, { route: { mode: 'shadow' } })
  const { bearer } = await enter(allowed, ['repository:acme/app:pull'])
  t.equal((await ask('/v2/acme/app/manifests/v1', [bearer])).status, 200)
  t.equal((await ask('/v2/other/app/manifests/v1', [bearer])).status, 200)
  t.equal(await gateway.metric(wouldRefuse('binding_mismatch')), 1)
  t.equal(await gateway.metric(wouldRefuse('insufficient_scope')), 0)
})

t.test('who someone is, is no rule: clients are still asked to log in, and bad logins are bad', async (t) => {
  const { ask, logIn, gateway } = await openScene(t, { route: { mode: 'shadow' } })
  t.equal((await ask('/v2/')).status, 401)
  t.equal((await logIn({ password: 'guess' })).status, 401)
  t.equal((await logIn({})).status, 403)
  const { text } = await gateway.issue({ ...allowed, kind: 'deploy', subject: 'bot' })
  t.equal((await logIn({ user: 'another', password: text })).status, 401)
})
