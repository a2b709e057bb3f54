/**
 * A hosted PostgreSQL that tells nobody which server it is: its clock is followed all the same, on one line.
 * @module
 */

import { randomBytes } from 'node:crypto'
import t from 'tap'
import { migrate } from '../../../src/database/migrate.ts'
import { freshDatabase, queryPostgres } from '../../support/postgres.ts'
import { addToken, revocation } from './contract-database.ts'
import { opened, settingsOf } from './postgres-database.ts'

for (const hidden of ['pg_current_wal_lsn()', 'pg_control_system()']) {
  t.test(`without ${hidden} changes count, and look-ups are answered`, async (t) => {
    const url = await freshDatabase(t)
    await migrate({ postgres: settingsOf(url) })
    const role = `role_${randomBytes(8).toString('hex')}`
    await queryPostgres(
      url,
      `CREATE ROLE ${role} LOGIN PASSWORD 'secret';
       GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role};
       REVOKE EXECUTE ON FUNCTION ${hidden} FROM PUBLIC`,
    )
    t.teardown(() => queryPostgres(url, `DROP OWNED BY ${role}; DROP ROLE ${role}`))
    const asRole = new URL(url)
    asRole.username = role
    asRole.password = 'secret'
    const store = opened(t, asRole.href)

    const before = await store.readClock()
    const { token, digests } = await addToken(store)
    await store.revokeToken(token.id, revocation)
    const after = await store.readClock()
    t.equal(after.line, before.line)
    t.equal(after.version, before.version + 1)
    t.equal((await store.find(digests)).token?.revokedAt, revocation.at)
  })
}
