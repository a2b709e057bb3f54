/**
 * Time as a dependency: whatever needs the hour takes a `Clock`, so that a test can own it.
 * @module
 */

/** A source of wall-clock time in milliseconds since the Unix epoch. */
export interface Clock {
  now(): number
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now() }
