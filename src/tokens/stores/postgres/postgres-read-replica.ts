/**
 * Look-ups on a streaming replica of the server that holds the record. What it says is as old as it may be; the clock
 * that goes with it tells how old, and of which server it is a replica.
 * @module
 */

import type { ReadReplicaSettings } from '../../../database/postgres-options.ts'
import {
  type ClockReading,
  type Digests,
  type Reading,
  type ReadReplica,
  StoreUnavailable,
} from '../../ports.ts'
import { readClockReading, readReading, readReadingById } from '../reading.ts'
import type { StoredRow } from '../stored-value.ts'
import { PostgresConnections } from './postgres-connections.ts'
import { findByIdOn, findOn, replicaClock } from './postgres-sql.ts'
import { digestParameters, idParameters, postgresForms } from './postgres-token-rows.ts'

const find = findOn('replica')
const findById = findByIdOn('replica')

/** Every wait is bounded by `timeout`, for a connection and then for the answer. */
export class PostgresReadReplica implements ReadReplica {
  readonly #connections: PostgresConnections

  /** Connects on first use. Throws when the URL cannot be read. */
  constructor(settings: ReadReplicaSettings) {
    this.#connections = new PostgresConnections(settings)
  }

  async find(digests: Digests): Promise<Reading> {
    const query = { name: 'find', text: find, values: digestParameters(digests) }
    return readReading(fromReplica(await this.#connections.ask(query)), digests, postgresForms)
  }

  async findById(id: string): Promise<Reading> {
    const query = { name: 'findById', text: findById, values: idParameters(id) }
    return readReadingById(fromReplica(await this.#connections.ask(query)), postgresForms)
  }

  async readClock(): Promise<ClockReading> {
    const rows = fromReplica(await this.#connections.askWatch({ text: replicaClock }))
    if (rows[0].has_deadline !== true)
      throw new StoreUnavailable('the read replica sets no deadline to statements')
    return readClockReading(rows)
  }

  close(): Promise<void> {
    return this.#connections.close()
  }
}

/** A server that was promoted, and a copy of the database, go ways of their own, whatever they have in common with the store. */
function fromReplica([row, ...more]: readonly StoredRow[]): readonly [StoredRow, ...StoredRow[]] {
  if (row === undefined)
    throw new StoreUnavailable('the server is a primary, or no replica of a marked store')
  return [row, ...more]
}
