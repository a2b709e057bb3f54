/**
 * Hashes that other implementations made, and a pool that counts what is computed.
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type HashAlgorithm, HashPool } from '../../../src/tokens/formats/hash-pool.ts'

interface Vectors {
  readonly gocd: readonly {
    readonly display_token?: string
    readonly salt_id?: string
    readonly secret: string
    readonly salt: string
    readonly value: string
  }[]
  readonly drf_api_key: readonly {
    readonly key: string
    readonly prefix: string
    readonly hashed_key: string
  }[]
}

export const vectors: Vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, 'token-hashes.json'), 'utf8'),
)

/** `hashed` grows by the algorithm of each hash that is computed. */
export function countingPool(): { readonly pool: HashPool; readonly hashed: HashAlgorithm[] } {
  const hashed: HashAlgorithm[] = []
  return { hashed, pool: new HashPool({ onHash: (algorithm) => hashed.push(algorithm) }) }
}

/** The text with its last character changed into another hex digit: another secret with the same locator. */
export function misspelt(text: string): string {
  return text.slice(0, -1) + (text.endsWith('0') ? '1' : '0')
}
