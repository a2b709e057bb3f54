/**
 * A credential's text between the request and its digest. It prints as «redacted» in every way that
 * JavaScript prints a value, so that neither a log line nor an error can carry it.
 * @module
 */

import { inspect } from 'node:util'

const redacted = '«redacted»'

/** Holds a secret text; only `reveal()` gives it back, and that word is easy to search for. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself: for digesting, for the client that it is issued to, or for the upstream that it is meant for. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }

  [inspect.custom](): string {
    return redacted
  }
}
