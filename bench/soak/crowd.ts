/**
 * Sends the clients of every kind and counts what became of their turns.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Kind, Scene } from './kinds.ts'

export interface Tally {
  turns: number
  /** What went otherwise than expected, the first few. */
  readonly failures: string[]
  failed: number
}

export interface Crowd {
  readonly tallies: ReadonlyMap<string, Tally>
  /** Lets every client end its turn. */
  leave(): Promise<void>
}

const failuresKept = 5

export function sendCrowd(kinds: readonly Kind[], scene: Scene): Crowd {
  const tallies = new Map(kinds.map(({ name }) => [name, { turns: 0, failed: 0, failures: [] } as Tally]))
  let isOver = false
  const live = async ({ name, pauseMs, turn }: Kind) => {
    const tally = tallies.get(name)
    while (tally !== undefined && !isOver) {
      await turn(scene).catch((error: Error) => {
        tally.failed++
        if (tally.failures.length < failuresKept) tally.failures.push(error.message)
      })
      tally.turns++
      await sleep(pauseMs * (0.5 + Math.random()))
    }
  }
  const lives = kinds.flatMap((kind) => Array.from({ length: kind.clients }, () => live(kind)))
  return {
    tallies,
    leave: async () => {
      isOver = true
      await Promise.all(lives)
    },
  }
}
