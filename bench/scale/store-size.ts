/**
 * What a filled database is like before anything is measured: its statistics gathered, its sizes told.
 * @module
 */

import { Client } from 'pg'
import { elapsedMs } from './sampled.ts'

export interface StoreSize {
  readonly analyzeMs: number
  /** Tables, and beside each its indices, in bytes. */
  readonly bytes: Readonly<Record<string, number>>
  readonly wholeBytes: number
}

const sizes = `
SELECT relation.relname AS name, pg_relation_size(relation.oid) AS bytes
FROM pg_class AS relation
WHERE relation.relnamespace = 'public'::regnamespace AND relation.relkind IN ('r', 'i')
  AND pg_relation_size(relation.oid) > 0
ORDER BY pg_relation_size(relation.oid) DESC`

/** Live tokens that were derived from. */
const parents = `
SELECT DISTINCT parent.id FROM tokens AS child JOIN tokens AS parent ON parent.id = child.parent_id
WHERE child.revoked_at IS NULL AND parent.revoked_at IS NULL LIMIT 600`

/** VACUUM as autovacuum does it within minutes, so that no measurement has to share the machine with it. */
export async function settle(url: string): Promise<StoreSize> {
  return withClient(url, async (client) => {
    const analyzeMs = await elapsedMs(() => client.query('VACUUM (ANALYZE)'))
    await client.query('CHECKPOINT')
    const { rows } = await client.query<{ name: string; bytes: string }>(sizes)
    const bytes = Object.fromEntries(rows.map((row) => [row.name, Number(row.bytes)]))
    return { analyzeMs, bytes, wholeBytes: Object.values(bytes).reduce((sum, one) => sum + one, 0) }
  })
}

export function liveParents(url: string): Promise<readonly string[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ id: string }>(parents)
    return rows.map(({ id }) => id)
  })
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
