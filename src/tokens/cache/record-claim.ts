/**
 * Reads the record that a claim names by its id, in place of one by the digest of a text: the tiers before it keep
 * either, and a change drops both.
 * @module
 */

import type { Claim, Digests, Reading, RecordReader, TokenReader } from '../ports.ts'

/** Decorates the store. A record under a key that the ring has lost is unknown, as it is to whoever has its text. */
export function readClaimed(store: TokenReader & RecordReader): TokenReader {
  return {
    async find(digests: Digests, claim?: Claim): Promise<Reading> {
      if (claim === undefined || !('recordId' in claim)) return store.find(digests)
      const reading = await store.findById(claim.recordId)
      const { keyId, token, ...clock } = reading
      const isKnown = keyId === undefined || digests.some((digest) => digest.keyId === keyId)
      return isKnown ? reading : { ...clock, token: undefined }
    },
  }
}
