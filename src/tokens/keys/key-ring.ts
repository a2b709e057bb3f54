/**
 * The keys that pepper digests, seal what leaves the process, sign for others and seal the audit record. The current key makes everything new; the others are tried
 * as well, so that rotation invalidates no token.
 * @module
 */

import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { EntrySealer } from '../../audit/chain.ts'
import type { Secret } from '../../lib/secret.ts'
import type { Digest, Digests } from '../ports.ts'
import { parseRingText, type RingEntry, type RingMaterial } from './key-ring-text.ts'
import { open, seal } from './seal.ts'
import {
  edwardsKeyFrom,
  edwardsSeedBytes,
  type SigningAlgorithm,
  type SigningKey,
  signingKeyFrom,
  signingSeedBytes,
} from './signing-key.ts'

interface RingKey {
  readonly id: string
  readonly pepper: KeyObject
  readonly records: KeyObject
  readonly sealing: KeyObject
  readonly auditing: KeyObject
  /** `signingSeedBytes` long. */
  readonly signing: KeyObject
  /** `edwardsSeedBytes` long. */
  readonly edwards: KeyObject
}

/** The current key's first. */
type SigningKeys = readonly [SigningKey, ...SigningKey[]]

/** Keys ready for use. Prints without them. */
export class KeyRing implements EntrySealer {
  readonly #current: RingKey
  readonly #others: readonly RingKey[]
  /** Made when something is signed first, which most gateways never do. */
  readonly #signingKeys = new Map<SigningAlgorithm, SigningKeys>()

  constructor({ current, keys }: RingMaterial) {
    this.#current = deriveKey(current)
    this.#others = keys.filter((key) => key !== current).map(deriveKey)
  }

  /** Ids of all keys, the current one's first. */
  get keyIds(): readonly string[] {
    return [this.#current, ...this.#others].map(({ id }) => id)
  }

  /** The id of a key that `other` has with another secret: one of the two rings is not what it is taken for. */
  contradictionTo(other: KeyRing): string | undefined {
    return this.keyIds.find((id) => {
      const [mine, its] = [this.#find(id), other.#find(id)]
      return mine !== undefined && its !== undefined && !mine.sealing.equals(its.sealing)
    })
  }

  /** The digest under the current key: one HMAC, on the path of every request. */
  digest(secret: Secret): Digest {
    return digestWith(this.#current, secret)
  }

  /** The digests under every key, the current one's first: what a record may have been stored under. */
  digests(secret: Secret): Digests {
    return [this.digest(secret), ...this.#others.map((key) => digestWith(key, secret))]
  }

  /**
   * Under which a record itself is looked up and cached: by keys of their own, so that no text that anybody could present
   * has these digests.
   */
  recordDigests(recordId: string): Digests {
    const digestOf = ({ id, records }: RingKey): Digest => ({ keyId: id, value: hmac(records, recordId) })
    return [digestOf(this.#current), ...this.#others.map(digestOf)]
  }

  /** The current key's pair first. Every gateway that has the ring has the same pairs. */
  signingKeys(algorithm: SigningAlgorithm): SigningKeys {
    const known = this.#signingKeys.get(algorithm)
    if (known !== undefined) return known
    const pairOf = (key: RingKey) => pairBy(algorithm, key)
    const pairs: SigningKeys = [pairOf(this.#current), ...this.#others.map(pairOf)]
    this.#signingKeys.set(algorithm, pairs)
    return pairs
  }

  /** Seals with the current key. `context` says what the entry is for, for example its cache key. */
  seal(plaintext: Buffer | string, context: string): Buffer {
    return seal({ id: this.#current.id, key: this.#current.sealing }, plaintext, context)
  }

  /** What was sealed with any key of the ring for this context, otherwise `undefined`. Takes hostile bytes. */
  open(sealed: Buffer, context: string): Buffer | undefined {
    return open((id) => this.#find(id)?.sealing, sealed, context)
  }

  /** The key that new seals of the audit record are made with. */
  currentKeyId(): string {
    return this.#current.id
  }

  /** The seal of an entry of the audit record, as hex; `undefined` without that key. */
  sealOf(keyId: string, text: string): string | undefined {
    const key = this.#find(keyId)
    return key && createHmac('sha256', key.auditing).update(text).digest('hex')
  }

  #find(id: string): RingKey | undefined {
    return this.#current.id === id ? this.#current : this.#others.find((key) => key.id === id)
  }
}

/** A ring from its text; throws an `Error` that says what to do and shows no secret. */
export function parseKeyRing(text: string): KeyRing {
  return new KeyRing(parseRingText(text))
}

/** Independent keys of one secret (HKDF, RFC 5869): no use can weaken another. */
function deriveKey({ id, secret }: RingEntry): RingKey {
  const derive = (info: string, bytes = 32) =>
    createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', info, bytes)))
  return {
    id,
    pepper: derive('sallyport token digest v1'),
    records: derive('sallyport record digest v1'),
    sealing: derive('sallyport seal v1'),
    auditing: derive('sallyport audit v1'),
    signing: derive('sallyport sign v1', signingSeedBytes),
    edwards: derive('sallyport sign ed25519 v1', edwardsSeedBytes),
  }
}

function pairBy(algorithm: SigningAlgorithm, { signing, edwards }: RingKey): SigningKey {
  switch (algorithm) {
    case 'ES256':
      return signingKeyFrom(signing.export())
    case 'EdDSA':
      return edwardsKeyFrom(edwards.export())
    default:
      return algorithm satisfies never
  }
}

function digestWith({ id, pepper }: RingKey, secret: Secret): Digest {
  return { keyId: id, value: hmac(pepper, secret.reveal()) }
}

function hmac(key: KeyObject, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}
