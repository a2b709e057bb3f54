/**
 * Spares a connection that presents the same credential again and again the same digest again and again. What is
 * remembered lives as long as the connection, which carried it in clear anyway.
 * @module
 */

import type { Secret } from '../lib/secret.ts'
import type { KeyRing } from './keys/key-ring.ts'

type Ring = Pick<KeyRing, 'digest'>

interface Remembered {
  readonly ring: Ring
  readonly text: string
  readonly value: string
}

/**
 * Digests under the current key of the ring in force. Comparing with the text before saves work and decides nothing: whoever presents an
 * equal text gets the digest that it would have been given, and what the token is worth is looked up each time.
 */
export class ConnectionDigests {
  readonly #keyRing: { readonly current: Ring }
  readonly #last = new WeakMap<object, Remembered>()

  constructor(keyRing: { readonly current: Ring }) {
    this.#keyRing = keyRing
  }

  /** The cache key of a credential that came over `connection`. */
  valueOf(secret: Secret, connection: object): string {
    const text = secret.reveal()
    const ring = this.#keyRing.current
    const last = this.#last.get(connection)
    if (last?.text === text && last.ring === ring) return last.value
    const { value } = ring.digest(secret)
    this.#last.set(connection, { ring, text, value })
    return value
  }
}
