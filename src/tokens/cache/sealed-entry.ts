/**
 * What Redis holds of a token: sealed with the key ring and bound to its key, so that whoever writes to Redis can
 * neither forge an entry, nor change one, nor move one to another credential.
 * @module
 */

import type { Reading } from '../ports.ts'
import type { Token } from '../token.ts'
import { tokenFromJson, tokenToJson } from './token-json.ts'

/** Authenticated encryption; the key ring's part in this. */
export interface Sealer {
  seal(plaintext: Buffer | string, context: string): Buffer
  /** `undefined` when the bytes were not sealed by this key ring for this context. */
  open(sealed: Buffer, context: string): Buffer | undefined
}

export interface SealedEntry extends Reading {
  readonly token: Token
  /** Milliseconds since the epoch, both. Redis drops entries by its own clock; `until` binds whoever stops it. */
  readonly storedAt: number
  readonly until: number
}

export function sealEntry(sealer: Sealer, key: string, entry: SealedEntry): Buffer {
  const { token, keyId = null, line = null } = entry
  return sealer.seal(JSON.stringify({ ...entry, keyId, line, token: tokenToJson(token) }), key)
}

/** `undefined` for anything but an entry sealed for exactly this key by a release with the same fields. */
export function openEntry(sealer: Sealer, key: string, sealed: Buffer): SealedEntry | undefined {
  const plaintext = sealer.open(sealed, key)
  if (plaintext === undefined) return undefined
  const { token: stored, version, line, keyId, storedAt, until } = parse(plaintext)
  const token = tokenFromJson(stored)
  if (token === undefined || !isCount(version) || !isCount(storedAt) || !isCount(until)) return undefined
  if (!isTextOrNull(keyId) || !isTextOrNull(line)) return undefined
  return { token, version, storedAt, until, ...(keyId !== null && { keyId }), ...(line !== null && { line }) }
}

function parse(plaintext: Buffer): Partial<Record<keyof SealedEntry, unknown>> {
  try {
    return JSON.parse(plaintext.toString()) ?? {}
  } catch {
    return {}
  }
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value)
}
