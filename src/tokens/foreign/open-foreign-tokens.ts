/**
 * All that a gateway needs for tokens of other services, put together.
 * @module
 */

import { type HashAlgorithm, HashPool } from '../formats/hash-pool.ts'
import type { ForeignReaderOptions, ProofResult } from './foreign-reader.ts'
import type { ForeignRecord } from './foreign-record.ts'
import { ImportedFormats } from './imported-formats.ts'

export interface ForeignTokensOptions {
  readonly record: ForeignRecord
  readonly rehashes: boolean
  readonly observer: ForeignObserver
  readonly log: { warn(fields: object, message: string): void }
}

/** Counts; each must be as cheap as a counter, and must not throw. */
export interface ForeignObserver {
  /** How a text of another service came out. */
  proved(format: string, result: ProofResult): void
  hashed(algorithm: HashAlgorithm): void
}

export interface ForeignTokens {
  /** To be started, stopped, and told of changes. */
  readonly formats: ImportedFormats
  readonly reader: ForeignReaderOptions
}

/** Asks nothing of the store yet. */
export function openForeignTokens({ record, rehashes, observer, log }: ForeignTokensOptions): ForeignTokens {
  const hashes = new HashPool({ onHash: observer.hashed })
  return {
    formats: new ImportedFormats({
      record,
      hashes,
      onFailure: (error) => log.warn({ reason: reasonOf(error) }, 'formats of other services cannot be read'),
    }),
    reader: {
      record,
      hashes,
      rehashes,
      onProof: observer.proved,
      onRehashFailure: ({ id }, error) =>
        log.warn({ tokenId: id, reason: reasonOf(error) }, 'the digest of a proven token was not recorded'),
    },
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}
