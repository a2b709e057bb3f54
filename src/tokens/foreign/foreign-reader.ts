/**
 * Proves texts of other services behind the tiers, so that what is proven is remembered by all of them under the
 * ordinary key, and what is not is remembered as absent: no expensive hash runs twice for a text that memory knows.
 * @module
 */

import type { Hashes } from '../formats/foreign-format.ts'
import type { Claim, Digest, Digests, Reading, TokenReader } from '../ports.ts'
import type { Token } from '../token.ts'
import type { ClaimedFormat, ForeignCandidate, ForeignClaim, ForeignRecord } from './foreign-record.ts'

/** `refused`: too many secrets were waiting already. */
export type ProofResult = 'proven' | 'wrong' | 'unknown' | 'refused'

export interface ForeignReaderOptions {
  readonly record: Pick<ForeignRecord, 'find' | 'rehash'>
  readonly hashes: Hashes
  /** Whether a token whose text was proven gets the digest of it, to be found like a native one from then on. */
  readonly rehashes: boolean
  /** Told how each text came out, once for each format that it may be of. Must not throw. */
  readonly onProof: (format: string, result: ProofResult) => void
  /** Told that a digest could not be recorded, which costs a proof next time. Must not throw. */
  readonly onRehashFailure: (token: Token, error: unknown) => void
}

/** Decorates the store. Throws `StoreUnavailable` also when too many secrets are waiting to be verified. */
export function readForeign(store: TokenReader, options: ForeignReaderOptions): TokenReader {
  return {
    async find(digests: Digests, claim?: Claim): Promise<Reading> {
      if (claim !== undefined && 'recordId' in claim) return store.find(digests, claim)
      const native = await store.find(digests)
      if (native.token !== undefined || claim === undefined) return native
      const reading = await prove(claim, options)
      if (reading.token !== undefined && options.rehashes) rehash(reading.token, digests[0], options)
      return reading
    },
  }
}

async function prove(claim: ForeignClaim, options: ForeignReaderOptions): Promise<Reading> {
  const locators = claim.formats.map(({ format, locator }) => ({ format: format.name, locator }))
  const { candidates, ...clock } = await options.record.find(locators)
  const proven: Token[] = []
  for (const claimed of claim.formats) {
    const candidate = candidates.find(({ format }) => format === claimed.format.name)
    if (await proveAs(claimed, candidate, claim, options))
      proven.push(...(candidate ? [candidate.token] : []))
  }
  const [token, another] = proven
  if (another !== undefined) throw new Error('the store holds two records for one credential')
  return { token, ...clock }
}

async function proveAs(
  claimed: ClaimedFormat,
  candidate: ForeignCandidate | undefined,
  { secret }: ForeignClaim,
  { hashes, onProof }: ForeignReaderOptions,
): Promise<boolean> {
  const { name } = claimed.format
  try {
    const isProven = await verify(claimed, candidate, secret.reveal(), hashes)
    onProof(name, candidate === undefined ? 'unknown' : isProven ? 'proven' : 'wrong')
    return isProven
  } catch (error) {
    onProof(name, 'refused')
    throw error
  }
}

/**
 * One hash of every cost that the format has here, whether or not there is a candidate: the time that an answer takes
 * does not tell which locators exist.
 */
async function verify(
  { format, costs }: ClaimedFormat,
  candidate: ForeignCandidate | undefined,
  text: string,
  hashes: Hashes,
): Promise<boolean> {
  let isProven = false
  for (const cost of new Set(candidate === undefined ? costs : [...costs, candidate.cost])) {
    if (candidate?.cost === cost) isProven = await format.verify(text, candidate.verifier, hashes)
    else await format.verify(text, format.decoy(cost), hashes)
  }
  return isProven
}

/** Behind the answer: nobody waits for it. */
function rehash(token: Token, digest: Digest, { record, onRehashFailure }: ForeignReaderOptions): void {
  record.rehash(token.id, digest).catch((error: unknown) => onRehashFailure(token, error))
}
