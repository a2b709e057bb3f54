/**
 * The change clock in PostgreSQL, on a line of commits that no other server is on: the first to read it on a server
 * that took the place of another marks that server's line as a new one.
 * @module
 */

import { type ClockReading, StoreUnavailable } from '../../ports.ts'
import { readClockReading } from '../reading.ts'
import { type StoredRow, textIn } from '../stored-value.ts'
import type { Ask } from './postgres-connections.ts'
import * as sql from './postgres-sql.ts'

/** Asks once, but on a server that nobody has asked before. */
export async function readPostgresClock(ask: Ask): Promise<ClockReading> {
  const row = await readRow(ask)
  if (isMarkedHere(row)) return readClockReading([row])
  await ask({ text: sql.markLine, values: [textIn(row, 'server')] })
  const marked = await readRow(ask)
  if (!isMarkedHere(marked))
    throw new StoreUnavailable('PostgreSQL is another server from one moment to the next')
  return readClockReading([marked])
}

/** What a replica says may be older than a revocation that has returned: as good as no answer. */
export function fromPrimary([row, ...more]: readonly StoredRow[]): readonly [StoredRow, ...StoredRow[]] {
  if (row === undefined) throw new StoreUnavailable('PostgreSQL is a replica, or has lost the change clock')
  return [row, ...more]
}

async function readRow(ask: Ask): Promise<StoredRow> {
  const [row] = fromPrimary(await ask({ text: sql.readClock }))
  return row
}

function isMarkedHere(row: StoredRow): boolean {
  return textIn(row, 'server') === textIn(row, 'marked_on')
}
