/**
 * Tokens of other services in SQLite, beside the record that they are part of.
 * @module
 */

import type { Act } from '../../../audit/entry.ts'
import type {
  ForeignLocator,
  ForeignReading,
  ForeignRecord,
  ImportedFormat,
  NewForeignToken,
} from '../../foreign/foreign-record.ts'
import type { Digest, NewToken } from '../../ports.ts'
import * as deeds from '../deeds.ts'
import { readForeignReading, readImportedFormat } from '../read-foreign.ts'
import { digestBytes } from '../reading.ts'
import { type StoredForms, tokenColumns } from '../stored-token.ts'
import type { SqliteAuditTrail } from './sqlite-audit-trail.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { recordChange, tick } from './sqlite-sql.ts'

const formats = 'SELECT format, cost FROM foreign_formats ORDER BY format, cost'

/**
 * Every candidate and the change clock in one snapshot; one row at least, with nulls when there is none. `$locators`
 * is a JSON list of `{"format","locator"}`. Primary key.
 */
const find = `
SELECT change_clock.version, found.*
FROM change_clock
LEFT JOIN (
  SELECT foreign_tokens.format, foreign_tokens.locator, foreign_tokens.verifier, foreign_tokens.cost, ${tokenColumns}
  FROM json_each($locators) AS presented
  CROSS JOIN foreign_tokens ON foreign_tokens.format = presented.value ->> 'format'
    AND foreign_tokens.locator = presented.value ->> 'locator'
  JOIN tokens ON tokens.id = foreign_tokens.token_id
  JOIN subjects ON subjects.id = tokens.subject_id
) AS found ON true`

/** Primary key. */
const known = 'SELECT token_id FROM foreign_tokens WHERE format = $format AND locator = $locator'

const add = `
INSERT INTO foreign_tokens (format, locator, verifier, cost, token_id)
VALUES ($format, $locator, $verifier, $cost, $tokenId)`

/** Yields no row when the format is known with this cost. */
const addFormat = `
INSERT INTO foreign_formats (format, cost) VALUES ($format, $cost) ON CONFLICT DO NOTHING RETURNING format`

/** Primary key. */
const rehash = 'UPDATE tokens SET key_id = $keyId, digest = $digest WHERE id = $id'

export interface SqliteForeignOptions {
  readonly connection: SqliteConnection
  readonly onQuery: (operation: string) => void
  readonly forms: StoredForms
  /** Inserts into `tokens`, inside the transaction under way. */
  readonly insertToken: (token: NewToken, act: Act) => unknown
  readonly audit: SqliteAuditTrail
}

export class SqliteForeignTokens implements ForeignRecord {
  readonly #options: SqliteForeignOptions

  constructor(options: SqliteForeignOptions) {
    this.#options = options
  }

  async formats(): Promise<readonly ImportedFormat[]> {
    this.#options.onQuery('foreignFormats')
    return this.#options.connection.ask(formats).map(readImportedFormat)
  }

  async find(locators: readonly ForeignLocator[]): Promise<ForeignReading> {
    const { connection, onQuery, forms } = this.#options
    onQuery('findForeign')
    const asked = locators.map(({ format, locator }) => ({ format, locator }))
    return readForeignReading(connection.ask(find, { locators: JSON.stringify(asked) }), forms)
  }

  async add(tokens: readonly NewForeignToken[], act: Act): Promise<number> {
    const { connection, onQuery, audit } = this.#options
    onQuery('addForeign')
    return connection.transaction(() => {
      const missing = tokens.filter(
        ({ format, locator }) => connection.ask(known, { format, locator }).length === 0,
      )
      const heralds = missing.filter((token) => this.#insert(token, act))
      const [herald] = heralds
      if (herald !== undefined) {
        connection.ask(tick)
        connection.ask(recordChange, { tokenId: herald.token.id, subjectId: null })
      }
      if (missing.length > 0) audit.append(act, deeds.imported(missing.map(({ token }) => token)))
      return missing.length
    })
  }

  async rehash(tokenId: string, { keyId, value }: Digest): Promise<void> {
    this.#options.onQuery('rehashForeign')
    this.#options.connection.ask(rehash, { id: tokenId, keyId, digest: digestBytes(value) })
  }

  /** Yields whether the format, or its cost, is new. */
  #insert({ format, locator, verifier, cost, token }: NewForeignToken, act: Act): boolean {
    const { connection, insertToken } = this.#options
    insertToken(token, act)
    connection.ask(add, { format, locator, verifier, cost, tokenId: token.id })
    return connection.ask(addFormat, { format, cost }).length > 0
  }
}
