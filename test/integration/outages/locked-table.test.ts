/**
 * A store that is only half there: fetches of changes succeed, look-ups stay out. Known tokens do not notice, and
 * whoever waits for a look-up is told «cannot decide» in the end, however many wait and whatever they wait for.
 * @module
 */

import pg from 'pg'
import t from 'tap'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import { startTestGateway } from '../../support/gateway.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { ask, codeOf } from '../tiers/fleet.ts'

/** `store.postgres.timeout`; waiting for a connection may take as long again. */
const timeoutMs = 1_000
/** Three times what fits into the pool at once. */
const crowd = 30

t.test('look-ups that stay out end in 503 while known tokens go on', async (t) => {
  const url = await freshDatabase(t)
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [{ match: { path: '/{path*}' } }],
    store: { postgres: { url, timeout: `${timeoutMs}ms` } },
  })
  const [known, cold] = [await gateway.issue(), await gateway.issue()]
  t.equal((await ask(gateway, known.text)).status, 200)
  const sent = upstream.requests.length

  const locker = new pg.Client(url)
  await locker.connect()
  t.teardown(() => locker.end())
  await locker.query('BEGIN; LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE')
  const texts = Array.from({ length: crowd }, (_, index) =>
    index === 0 ? cold.text : newTokenText('personal').reveal(),
  )
  let areWaiting = true
  const waiting = Promise.all(texts.map((text) => ask(gateway, text))).finally(() => {
    areWaiting = false
  })
  const statuses: number[] = []
  while (areWaiting) statuses.push((await ask(gateway, known.text)).status)
  const answers = await waiting
  t.same(new Set(statuses), new Set([200]))
  t.same(new Set(answers.map(codeOf)), new Set(['cannot_decide']))
  t.same(new Set(answers.flatMap((answer) => answer.header('retry-after'))), new Set(['1']))
  t.ok(statuses.length > 10, `${statuses.length} requests of a known token meanwhile`)
  t.equal(upstream.requests.length, sent + statuses.length)

  await locker.query('COMMIT')
  await until(async () => (await ask(gateway, cold.text)).status === 200)
})
