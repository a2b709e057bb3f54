/**
 * From the id of a token or a subject to the cache keys of all entries that hold it.
 * @module
 */

const none: ReadonlySet<string> = new Set()

/** Grows and shrinks with the cache it describes; ids of both kinds are UUIDs and share one table. */
export class KeyIndex {
  readonly #keys = new Map<string, Set<string>>()

  add(id: string, key: string): void {
    const keys = this.#keys.get(id)
    if (keys === undefined) this.#keys.set(id, new Set([key]))
    else keys.add(key)
  }

  delete(id: string, key: string): void {
    const keys = this.#keys.get(id)
    if (keys?.delete(key) && keys.size === 0) this.#keys.delete(id)
  }

  /** Live: a key that is deleted meanwhile is not visited. */
  keysOf(id: string): ReadonlySet<string> {
    return this.#keys.get(id) ?? none
  }
}
