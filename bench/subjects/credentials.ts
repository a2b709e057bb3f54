/**
 * The tokens of a scenario, and the record that gateways find them in.
 * @module
 */

import { migrate } from '../../src/database/migrate.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { parseKeyRing } from '../../src/tokens/keys/key-ring.ts'
import { openTokenStore } from '../../src/tokens/stores/open-token-store.ts'
import { newTokenText } from '../../src/tokens/token-text.ts'
import { newIssuer } from '../../test/support/issuer.ts'
import { findPostgres, startPostgres } from '../../test/support/postgres.ts'
import type { Scope } from '../../test/support/private-server.ts'
import { newRecord, type TokenRecord } from '../gateway-process.ts'
import type { Scenario } from '../scenarios/scenario.ts'

export interface Credentials {
  readonly known: readonly string[]
  readonly unknown: readonly string[]
  readonly record: TokenRecord
}

/** Issues what the scenario asks for; the record goes with the scope. */
export async function issueCredentials({ tokens, gateway }: Scenario, scope: Scope): Promise<Credentials> {
  const record = gateway.hasPostgres ? await postgresRecord(scope) : newRecord()
  await migrate(record.place)
  const store = openTokenStore(record.place, { sealer: parseKeyRing(record.ring) })
  try {
    const issue = newIssuer(store, record.ring, systemClock)
    const known: string[] = []
    while (known.length < tokens.count - tokens.unknown) {
      known.push((await issue(tokens.isOwner ? { access: 'owner' } : {})).text)
    }
    const unknown = Array.from({ length: tokens.unknown }, () => newTokenText('personal').reveal())
    return { known, unknown, record }
  } finally {
    await store.close()
  }
}

async function postgresRecord(scope: Scope): Promise<TokenRecord> {
  if (findPostgres('postgres') === undefined) return newRecord()
  const server = await startPostgres()
  scope.teardown(() => server.stop())
  const postgres = { url: server.url, connections: 10, timeout: 2_000, verifyTls: undefined }
  return { ...newRecord(), place: { postgres } }
}
