/**
 * Tokens of other services in PostgreSQL, beside the record that they are part of.
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
import { textIn } from '../stored-value.ts'
import type { PostgresAuditTrail } from './postgres-audit-trail.ts'
import type { Ask, PostgresConnections } from './postgres-connections.ts'
import { clock, clockColumns, recordChange } from './postgres-sql.ts'

const formats = 'SELECT format, cost FROM foreign_formats ORDER BY format, cost'

/** Every candidate and the change clock in one snapshot; one row at least, with nulls when there is none. Primary key. */
const find = `
SELECT ${clockColumns}, found.*
FROM ${clock}
LEFT JOIN LATERAL (
  SELECT foreign_tokens.format, foreign_tokens.locator, foreign_tokens.verifier, foreign_tokens.cost, ${tokenColumns}
  FROM unnest($1::text[], $2::text[]) AS presented (format, locator)
  JOIN foreign_tokens ON foreign_tokens.format = presented.format AND foreign_tokens.locator = presented.locator
  JOIN tokens ON tokens.id = foreign_tokens.token_id
  JOIN subjects ON subjects.id = tokens.subject_id
) AS found ON true`

/** Primary key. */
const known = `
SELECT foreign_tokens.format, foreign_tokens.locator
FROM unnest($1::text[], $2::text[]) AS asked (format, locator)
JOIN foreign_tokens ON foreign_tokens.format = asked.format AND foreign_tokens.locator = asked.locator`

const add = `
INSERT INTO foreign_tokens (format, locator, verifier, cost, token_id) VALUES ($1, $2, $3, $4, $5)`

/** Yields no row when the format is known with this cost. */
const addFormat = `
INSERT INTO foreign_formats (format, cost) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING format`

/** Primary key. */
const rehash = 'UPDATE tokens SET key_id = $2, digest = $3 WHERE id = $1'

export interface PostgresForeignOptions {
  readonly connections: PostgresConnections
  readonly onQuery: (operation: string) => void
  readonly forms: StoredForms
  /** Inserts into `tokens`. */
  readonly insertToken: (ask: Ask, token: NewToken, act: Act) => Promise<unknown>
  readonly audit: PostgresAuditTrail
}

export class PostgresForeignTokens implements ForeignRecord {
  readonly #options: PostgresForeignOptions

  constructor(options: PostgresForeignOptions) {
    this.#options = options
  }

  async formats(): Promise<readonly ImportedFormat[]> {
    const { connections, onQuery } = this.#options
    onQuery('foreignFormats')
    return (await connections.ask({ text: formats })).map(readImportedFormat)
  }

  async find(locators: readonly ForeignLocator[]): Promise<ForeignReading> {
    const { connections, onQuery, forms } = this.#options
    onQuery('findForeign')
    const rows = await connections.ask({ name: 'findForeign', text: find, values: columnsOf(locators) })
    return readForeignReading(rows, forms)
  }

  async add(tokens: readonly NewForeignToken[], act: Act): Promise<number> {
    const { connections, onQuery, audit } = this.#options
    onQuery('addForeign')
    return connections.transaction(async (ask) => {
      const rows = await ask({ text: known, values: columnsOf(tokens) })
      const present = new Set(rows.map((row) => nameOf(textIn(row, 'format'), textIn(row, 'locator'))))
      const missing = tokens.filter(({ format, locator }) => !present.has(nameOf(format, locator)))
      let herald: string | undefined
      for (const token of missing) if (await this.#insert(ask, token, act)) herald ??= token.token.id
      // Last, because the clock's row and the head's stay locked from here to the commit.
      if (herald !== undefined) await ask({ text: recordChange, values: [herald, null] })
      if (missing.length > 0) await audit.append(ask, act, deeds.imported(missing.map(({ token }) => token)))
      return missing.length
    })
  }

  async rehash(tokenId: string, { keyId, value }: Digest): Promise<void> {
    const { connections, onQuery } = this.#options
    onQuery('rehashForeign')
    await connections.ask({ text: rehash, values: [tokenId, keyId, digestBytes(value)] })
  }

  /** Yields whether the format, or its cost, is new. */
  async #insert(ask: Ask, foreign: NewForeignToken, act: Act): Promise<boolean> {
    const { format, locator, verifier, cost, token } = foreign
    await this.#options.insertToken(ask, token, act)
    await ask({ text: add, values: [format, locator, verifier, cost, token.id] })
    return (await ask({ text: addFormat, values: [format, cost] })).length > 0
  }
}

function columnsOf(locators: readonly ForeignLocator[]): [string[], string[]] {
  return [locators.map(({ format }) => format), locators.map(({ locator }) => locator)]
}

function nameOf(format: string, locator: string): string {
  return `${format} ${locator}`
}
