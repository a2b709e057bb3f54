/**
 * A PostgreSQL primary is killed under load and its replica promoted: nothing is wrongly allowed, and requests that
 * cannot be decided meanwhile are told so.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { newTokenText } from '../../src/tokens/token-text.ts'
import { startPlainUpstream } from '../integration/revocation/load.ts'
import { newInstallation } from '../support/installation.ts'
import { queryPostgres, startPostgres } from '../support/postgres.ts'
import { startStandby } from '../support/postgres-standby.ts'
import { until } from '../support/until.ts'
import { startTcpSwitch } from './tcp-switch.ts'

type Kind = 'good' | 'new' | 'revoked' | 'victim' | 'unknown'

t.test('the primary is killed, and its synchronous replica takes its place', async (t) => {
  const primary = await startPostgres()
  t.teardown(() => primary.stop())
  const standby = await startStandby(t, primary.url)
  const way = await startTcpSwitch(t, primary.port)
  const installation = newInstallation(t, {
    upstream: await startPlainUpstream(t),
    store: { postgres: { url: `postgres://postgres@127.0.0.1:${way.port}/postgres` } },
    authentication: { failures: { attempts: 0 } },
    log: { requests: false },
  })
  const gateways = [await installation.serve(), await installation.serve()]
  await queryPostgres(primary.url, "ALTER SYSTEM SET synchronous_standby_names = '*'")
  await queryPostgres(primary.url, 'SELECT pg_reload_conf()')

  const [good, revoked, victim] = [
    await installation.issue(),
    await installation.issue(),
    await installation.issue(),
  ]
  const fresh: string[] = []
  for (let each = 0; each < 300; each++) fresh.push((await installation.issue()).text)
  t.equal((await installation.run('token', 'revoke', revoked.token.id)).code, 0)
  const textOf: Record<Kind, () => string> = {
    good: () => good.text,
    new: () => fresh.pop() ?? '',
    revoked: () => revoked.text,
    victim: () => victim.text,
    unknown: () => newTokenText('personal').reveal(),
  }
  const counts = new Map<string, number>()
  const wrongly: Kind[] = []
  let [isOver, victimRevokedAt] = [false, Number.POSITIVE_INFINITY]
  const ask = async (gateway: (typeof gateways)[number], kind: Kind) => {
    const text = textOf[kind]()
    if (text === '') return
    const sentAt = performance.now()
    const headers: [string, string][] = [['Authorization', `Bearer ${text}`]]
    const status = await gateway.request({ headers }).then(
      (answer) => answer.status,
      () => 0,
    )
    const name = `${kind} ${status}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
    const mustNot =
      kind === 'revoked' || kind === 'unknown' || (kind === 'victim' && sentAt > victimRevokedAt)
    if (mustNot && status === 200) wrongly.push(kind)
  }
  const load = gateways.flatMap((gateway) =>
    (Object.keys(textOf) as Kind[]).map(async (kind) => {
      while (!isOver) {
        await ask(gateway, kind)
        await sleep(50)
      }
    }),
  )
  await sleep(1_000)
  // The last that the primary does: it is on the replica when the command returns.
  t.equal((await installation.run('token', 'revoke', victim.token.id)).code, 0)
  victimRevokedAt = performance.now()
  await primary.kill()
  const lostAt = performance.now()
  way.turnTo(standby.port)
  await sleep(1_500)
  await standby.promote()
  await until(async () => {
    const before = counts.get('new 200') ?? 0
    await sleep(200)
    return (counts.get('new 200') ?? 0) > before
  })
  const awayMs = Math.round(performance.now() - lostAt)
  await sleep(1_500)
  isOver = true
  await Promise.all(load)
  const lines = [...counts].toSorted().map(([name, count]) => `  ${name}: ${count}`)
  process.stderr.write(`PostgreSQL; decided again after ${awayMs} ms\n${lines.join('\n')}\n`)
  t.same(wrongly, [], 'nothing is wrongly allowed')
  t.ok((counts.get('unknown 503') ?? 0) > 0, 'what cannot be decided is told so')
  t.notOk(
    [...counts.keys()].some((name) => name === 'good 401' || name === 'new 401'),
    'no good token is called bad',
  )
})
