/**
 * An asynchronous fail-over: the new primary lacks the last change, and has given its version to another one before any
 * gateway meets it. What gateways hold of the old one, and a replica that still follows it, hide nothing.
 * @module
 */

import t from 'tap'
import { PostgresTokenStore } from '../../../src/tokens/stores/postgres/postgres-token-store.ts'
import { actAt, anySealer } from '../../support/act.ts'
import { newInstallation } from '../../support/installation.ts'
import { startPostgres } from '../../support/postgres.ts'
import { startStandby } from '../../support/postgres-standby.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { startTcpSwitch } from '../../support/tcp-switch.ts'
import { until } from '../../support/until.ts'
import { query } from './scene.ts'

t.test(
  'a revocation under a version that was given out before holds once the new primary is met',
  async (t) => {
    const old = await startPostgres()
    t.teardown(() => old.stop())
    const [successor, replica] = [await startStandby(t, old.url), await startStandby(t, old.url)]
    const way = await startTcpSwitch(t, old.port)
    const upstream = await recordingUpstream(t)
    const url = `postgres://postgres@127.0.0.1:${way.port}/postgres`
    const installation = newInstallation(t, {
      upstream: upstream.url,
      store: { postgres: { url, timeout: '5s', replica: { url: replica.url, timeout: '1s' } } },
      // Nothing leaves memory by itself.
      cache: { memory: { ttl: '10m' } },
      authentication: { failures: { attempts: 0 } },
    })
    const gateway = await installation.serve()
    const statusOf = async (text: string) =>
      (await gateway.request({ headers: [['Authorization', `Bearer ${text}`]] })).status
    const [victim, other] = [await installation.issue(), await installation.issue()]
    const shows = (server: string, sql: string) =>
      until(async () => (await query(server, sql))[0]?.is_there === true)
    await shows(successor.url, `SELECT count(*) = 2 AS is_there FROM tokens`)
    await successor.kill()
    await installation.run('token', 'revoke', other.token.id)
    await shows(replica.url, 'SELECT version = 1 AS is_there FROM change_clock')
    t.same([await statusOf(victim.text), await statusOf(other.text)], [200, 401])

    await old.kill()
    way.turnTo(0)
    await successor.restart()
    await successor.promote()
    const store = new PostgresTokenStore(
      { url: successor.url, connections: 1, timeout: 10_000 },
      { sealer: anySealer },
    )
    t.teardown(() => store.close())
    t.equal((await store.revokeToken(victim.token.id, actAt(Date.now()))).outcome, 'revoked')
    await shows(successor.url, 'SELECT version = 1 AS is_there FROM change_clock')
    t.equal(await statusOf(victim.text), 200, 'in the grace, as long as nobody has met the new one')

    way.turnTo(successor.port)
    await until(() => gateway.output().includes('another server took the place of the store'))
    const before = upstream.requests.length
    t.equal(await statusOf(victim.text), 401)
    t.equal(upstream.requests.length, before)
    t.equal(await statusOf(other.text), 200, 'its revocation is lost, as PostgreSQL has it')
    const [{ is_alive }] = await query(
      replica.url,
      `SELECT revoked_at IS NULL AS is_alive FROM tokens WHERE id = '${victim.token.id}'`,
    )
    t.equal(is_alive, true, 'the replica of the old one has it alive, at the very version')
  },
)
