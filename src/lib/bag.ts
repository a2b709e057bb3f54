/**
 * What is under way: many things that come and go all the time, each of which is taken out at once and in no order.
 *
 * An array in which each thing knows its place, and no Map or Set: whenever one of these grows into a new table, the old
 * table goes on pointing at the new one, and once garbage is old, only a full collection ends that. Everything that was
 * ever put in would get that old, which took a quarter of the time of a request.
 * @module
 */

/** Something that may be in one bag, which alone writes its place. */
export interface Placed {
  /** -1 where it is in none. */
  place: number
}

export class Bag<T extends Placed> {
  readonly #things: T[] = []

  get size(): number {
    return this.#things.length
  }

  /** It must not be in a bag. */
  add(thing: T): void {
    thing.place = this.#things.push(thing) - 1
  }

  /** Nothing happens where it is in none. */
  delete(thing: T): void {
    const { place } = thing
    if (place === -1) return
    thing.place = -1
    // The last one takes its place.
    const last = this.#things.pop()
    if (last === undefined || last === thing) return
    this.#things[place] = last
    last.place = place
  }

  /** As they are now, whatever comes and goes meanwhile. */
  all(): T[] {
    return [...this.#things]
  }
}
