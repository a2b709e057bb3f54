/**
 * Time, chance and connections of a simulation: everything follows from a seed.
 * @module
 */

export interface Faults {
  readonly lossPercent: number
  readonly delayMsMax: number
}

const stepMs = 5

/** What is sent on one connection arrives in the order in which it was sent, or the connection is lost with it. */
export class SimulatedNetwork {
  /** Milliseconds; not 0, so that «never» can be told from it. */
  now = 1_000
  readonly #faults: Faults
  #seed: number
  #agenda: { readonly at: number; readonly act: () => void }[] = []
  readonly #arrivedUntil = new Map<string, number>()

  constructor(seed: number, faults: Faults) {
    this.#seed = seed
    this.#faults = faults
  }

  /** Lets time pass; `step` is called after every 5 ms. */
  run(ms: number, step: () => void): void {
    const end = this.now + ms
    while (this.now < end) {
      this.now += stepMs
      const due = this.#agenda.filter(({ at }) => at <= this.now).toSorted((a, b) => a.at - b.at)
      this.#agenda = this.#agenda.filter(({ at }) => at > this.now)
      for (const { act } of due) act()
      step()
    }
  }

  after(ms: number, act: () => void): void {
    this.#agenda.push({ at: this.now + ms, act })
  }

  /** After the delay of the network, and after all that was sent on this connection before. */
  inOrder(connection: string, act: () => void): void {
    const at = Math.max(this.now + this.delayMs(), (this.#arrivedUntil.get(connection) ?? 0) + 0.001)
    this.#arrivedUntil.set(connection, at)
    this.#agenda.push({ at, act })
  }

  delayMs(): number {
    return this.upTo(this.#faults.delayMsMax)
  }

  isLost(): boolean {
    return this.upTo(100) < this.#faults.lossPercent
  }

  /** Uniform in [0, max): mulberry32. */
  upTo(max: number): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * max
  }
}
