/**
 * Spares a connection that presents the same credential again and again the same digest again and again. What is
 * remembered lives as long as the connection, which carried it in clear anyway.
 * @module
 */

import type { Secret } from '../lib/secret.ts'
import type { KeyRing } from './keys/key-ring.ts'

/**
 * Digests under the current key. Comparing with the text before saves work and decides nothing: whoever presents an
 * equal text gets the digest that it would have been given, and what the token is worth is looked up each time.
 */
export class ConnectionDigests {
  readonly #keyRing: Pick<KeyRing, 'digest'>
  readonly #last = new WeakMap<object, { readonly text: string; readonly value: string }>()

  constructor(keyRing: Pick<KeyRing, 'digest'>) {
    this.#keyRing = keyRing
  }

  /** The cache key of a credential that came over `connection`. */
  valueOf(secret: Secret, connection: object): string {
    const text = secret.reveal()
    const last = this.#last.get(connection)
    if (last?.text === text) return last.value
    const { value } = this.#keyRing.digest(secret)
    this.#last.set(connection, { text, value })
    return value
  }
}
