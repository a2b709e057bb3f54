/**
 * AES-256-GCM envelopes for what leaves the process but must come back unchanged: cache entries in Redis,
 * the system token's text. Layout: version (1 byte), length of the key id (1 byte), key id, nonce (12),
 * tag (16), ciphertext.
 * @module
 */

import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'

export interface SealingKey {
  /** 1 to 32 characters of ASCII. */
  readonly id: string
  readonly key: KeyObject
}

const version = 1
const nonceBytes = 12
const tagBytes = 16
const algorithm = 'aes-256-gcm'

/**
 * Seals `plaintext` for one purpose: only the same `context` opens it, so that an entry moved to another
 * place is worthless there. The nonce is random: one key is good for 2^32 envelopes, then it is to be rotated.
 */
export function seal({ id, key }: SealingKey, plaintext: Buffer | string, context: string): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes }).setAAD(
    Buffer.from(context),
  )
  const sealed = [cipher.update(plaintext), cipher.final()]
  return Buffer.concat([
    Buffer.from([version, id.length]),
    Buffer.from(id, 'ascii'),
    nonce,
    cipher.getAuthTag(),
    ...sealed,
  ])
}

/** What was sealed; `undefined` when it was tampered with, cut short, moved, or sealed with a key not held. */
export function open(
  keyOf: (id: string) => KeyObject | undefined,
  sealed: Buffer,
  context: string,
): Buffer | undefined {
  const nonceAt = 2 + (sealed[1] ?? 0)
  const tagAt = nonceAt + nonceBytes
  const textAt = tagAt + tagBytes
  if (sealed[0] !== version || sealed.length < textAt) return undefined

  const key = keyOf(sealedUnder(sealed))
  if (key === undefined) return undefined
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(nonceAt, tagAt), {
    authTagLength: tagBytes,
  })
    .setAAD(Buffer.from(context))
    .setAuthTag(sealed.subarray(tagAt, textAt))
  const plaintext = decipher.update(sealed.subarray(textAt))
  try {
    return Buffer.concat([plaintext, decipher.final()])
  } catch {
    // GCM says no more than that the tag does not fit.
    return undefined
  }
}

/** The id of the key that an envelope says it was sealed with. Proves nothing. */
export function sealedUnder(sealed: Buffer): string {
  return sealed.toString('latin1', 2, 2 + (sealed[1] ?? 0))
}
