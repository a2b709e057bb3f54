/**
 * The written form of a key ring: `{"current":"k1","keys":[{"id":"k1","secret":"<base64url>","createdAt":"<ISO>"}]}`.
 * Every error says what to do, and none shows a secret: not even the text that a JSON error would quote.
 * @module
 */

import { randomBytes } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import { Secret } from '../../lib/secret.ts'

export interface RingEntry {
  readonly id: string
  /** At least 32 bytes. */
  readonly secret: Buffer
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

export interface RingMaterial {
  /** The one of `keys` that everything new is made with. */
  readonly current: RingEntry
  /** In the order in which they were made: before the current key its predecessors, after it what is staged. */
  readonly keys: readonly RingEntry[]
}

const secretBytes = 32

/** A ring of one new key, as text. */
export function newKeyRing(clock: Clock): Secret {
  const key = newRingEntry('k1', clock)
  return writeRingText({ current: key, keys: [key] })
}

/** A key with a new random secret. */
export function newRingEntry(id: string, clock: Clock): RingEntry {
  return { id, secret: randomBytes(secretBytes), createdAt: clock.now() }
}

/** The text that `parseRingText` reads as the same ring. */
export function writeRingText({ current, keys }: RingMaterial): Secret {
  const written = keys.map(({ id, secret, createdAt }) => ({
    id,
    secret: secret.toString('base64url'),
    createdAt: new Date(createdAt).toISOString(),
  }))
  return new Secret(`${JSON.stringify({ current: current.id, keys: written }, undefined, 2)}\n`)
}

/** Throws an `Error` at the first thing that is not as written above. */
export function parseRingText(text: string): RingMaterial {
  const ring = fieldsOf(parseJson(text), 'the key ring', ['current', 'keys'])
  if (!Array.isArray(ring.keys) || ring.keys.length === 0) {
    throw problem('«keys» must be a list of at least one key')
  }
  const entries = ring.keys.map(readEntry)
  const ids = entries.map(({ id }) => id)
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index)
  if (repeated !== undefined) throw problem(`two keys have the id «${repeated}»: give one of them another`)

  const current = entries.find(({ id }) => id === ring.current)
  if (current === undefined) throw problem('«current» must be the id of one of the keys')
  return { current, keys: entries }
}

function readEntry(value: unknown, index: number): RingEntry {
  const place = `key ${index + 1}`
  const { id, secret, createdAt } = fieldsOf(value, place, ['id', 'secret', 'createdAt'])
  if (typeof id !== 'string' || !/^[a-z0-9][a-z0-9-]{0,31}$/.test(id)) {
    throw problem(`${place}: «id» must be 1 to 32 lower-case letters, digits or «-»`)
  }
  if (typeof createdAt !== 'string' || Number.isNaN(Date.parse(createdAt))) {
    throw problem(`${place}: «createdAt» must be a date such as 2026-01-31T12:00:00Z`)
  }
  const bytes =
    typeof secret === 'string' && /^[A-Za-z0-9_-]+$/.test(secret)
      ? Buffer.from(secret, 'base64url')
      : undefined
  if (bytes === undefined || bytes.length < secretBytes) {
    throw problem(`${place}: «secret» must be at least ${secretBytes} random bytes in base64url`)
  }
  return { id, secret: bytes, createdAt: Date.parse(createdAt) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Without its cause, whose message quotes the text.
    throw problem('it is not JSON: write it with `sallyport key generate`')
  }
}

function fieldsOf(value: unknown, place: string, allowed: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw problem(`${place} must be an object with ${allowed.join(', ')}`)
  }
  // A misplaced secret may be the name of a field: the name is not shown.
  if (Object.keys(value).some((name) => !allowed.includes(name))) {
    throw problem(`${place} has an unknown field: only ${allowed.join(', ')} may be there`)
  }
  return { ...value }
}

function problem(message: string): Error {
  return new Error(`key ring: ${message}`)
}
