/**
 * Many tokens like one that was issued, put into an SQLite record at once: issuing commits each to the disk.
 * @module
 */

import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../../src/lib/clock.ts'
import { parseKeyRing } from '../../src/tokens/keys/key-ring.ts'
import { mintToken } from '../../src/tokens/mint-token.ts'
import { newRecordId } from '../../src/tokens/record-id.ts'
import type { TokenRecord } from '../gateway-process.ts'

/** The texts of `count` new tokens, which are in all but their ids and texts like the only one that is in the record. */
export function copyTokens({ place, ring }: TokenRecord, count: number): readonly string[] {
  if (place.sqlite === undefined) throw new Error('only a record in SQLite can be filled')
  const keyRing = parseKeyRing(ring)
  const database = new DatabaseSync(place.sqlite.path)
  try {
    const columns = database
      .prepare('PRAGMA table_info(tokens)')
      .all()
      .map(({ name }) => String(name))
    const values = columns.map((name) => (name === 'id' || name === 'digest' ? `$${name}` : name))
    const copy = database.prepare(
      `INSERT INTO tokens (${columns}) SELECT ${values} FROM tokens ORDER BY id LIMIT 1`,
    )
    database.exec('BEGIN')
    const texts = Array.from({ length: count }, () => {
      const { text, digest } = mintToken('personal', keyRing)
      copy.run({ $id: newRecordId(systemClock), $digest: Buffer.from(digest.value, 'base64url') })
      return text.reveal()
    })
    database.exec('COMMIT')
    return texts
  } finally {
    database.close()
  }
}
