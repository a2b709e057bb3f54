/**
 * Many tokens like the only one of a record in PostgreSQL, put there at once.
 * @module
 */

import { Client } from 'pg'
import { systemClock } from '../../src/lib/clock.ts'
import { parseKeyRing } from '../../src/tokens/keys/key-ring.ts'
import { mintToken } from '../../src/tokens/mint-token.ts'
import { newRecordId } from '../../src/tokens/record-id.ts'

const batchRows = 10_000

/** The texts of `count` new tokens, which differ from that one in ids and texts. */
export async function copyTokens(url: string, ring: string, count: number): Promise<readonly string[]> {
  const keyRing = parseKeyRing(ring)
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute
       WHERE attrelid = 'tokens'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
    )
    const columns = rows.map(({ name }) => name)
    const values = columns.map((name) =>
      name === 'id' || name === 'digest' ? `made.${name}` : `one.${name}`,
    )
    const copy = `INSERT INTO tokens (${columns}) SELECT ${values}
      FROM (SELECT * FROM tokens ORDER BY id LIMIT 1) AS one, unnest($1::uuid[], $2::bytea[]) AS made (id, digest)`
    const texts: string[] = []
    while (texts.length < count) {
      const made = Array.from({ length: Math.min(batchRows, count - texts.length) }, () =>
        mintToken('personal', keyRing),
      )
      const digests = made.map(({ digest }) => Buffer.from(digest.value, 'base64url'))
      await client.query(copy, [made.map(() => newRecordId(systemClock)), digests])
      texts.push(...made.map(({ text }) => text.reveal()))
    }
    await client.query('VACUUM (ANALYZE)')
    await client.query('CHECKPOINT')
    return texts
  } finally {
    await client.end()
  }
}
