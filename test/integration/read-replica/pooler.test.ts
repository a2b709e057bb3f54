/**
 * A read replica behind PgBouncer in transaction mode: used where its statements have a deadline, and else left alone.
 * @module
 */

import t from 'tap'
import { startPgBouncer } from '../../support/pgbouncer.ts'
import { until } from '../../support/until.ts'
import { allowed, newScene, refused } from './scene.ts'

t.test('a replica behind a pooler answers look-ups, and hides no revocation', async (t) => {
  const { installation, ask, run, caughtUp, replicaIs, count } = await newScene(t, {
    replica: { pooling: 'transaction' },
    replicaUrl: async ({ standby }) => (await startPgBouncer(t, standby.url)).url,
  })
  const { text, token } = await installation.issue()
  await caughtUp()
  await replicaIs('ok')
  for (let times = 0; times < 5; times++) t.same(await ask(text), [allowed, allowed])
  t.equal(await count('replica', 'hit'), 10)
  await run('token', 'revoke', token.id)
  t.same(await ask(text), [refused, refused])
})

t.test('a pooler that sets no deadline, or was not told of, is left alone with the reason', async (t) => {
  const parameters = ['statement_timeout', 'idle_in_transaction_session_timeout']
  for (const [pooling, ignored] of [
    ['transaction', []],
    ['session', parameters],
  ] as const) {
    const { installation, ask, gateways, replicaIs } = await newScene(t, {
      replica: { pooling },
      replicaUrl: async ({ standby }) =>
        (await startPgBouncer(t, standby.url, { statementTimeoutMs: 0, ignored })).url,
    })
    const { text } = await installation.issue()
    t.same(await ask(text), [allowed, allowed])
    await replicaIs('degraded')
    await until(() => gateways[0].output().includes('the read replica sets no deadline to statements'))
  }
})
