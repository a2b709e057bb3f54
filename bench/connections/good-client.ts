/**
 * A client that sends a request now and then while others crowd the gateway, and notes how long each took.
 * @module
 */

import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../soak/client.ts'

export interface Answered {
  readonly seconds: number
  /** `undefined`: refused, or not answered. */
  readonly tookMs: number | undefined
}

const intervalMs = 50

/** Every second one of its requests comes on a connection of its own. Asks until the function returned is called. */
export function sendGoodClient(port: number, path: string, token: string, startMs: number) {
  const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: false })] as const
  const answered: Answered[] = []
  let isOver = false
  const live = async () => {
    for (let count = 0; !isOver; count++) {
      const agent = agents[count % 2 === 0 ? 0 : 1]
      const beganMs = performance.now()
      const isGood = await ask({ port, agent, path, token }, 200, 300).then(
        () => true,
        () => false,
      )
      const nowMs = performance.now()
      answered.push({ seconds: (beganMs - startMs) / 1000, tookMs: isGood ? nowMs - beganMs : undefined })
      await sleep(Math.max(0, intervalMs - (nowMs - beganMs)))
    }
  }
  const living = live()
  return async (): Promise<readonly Answered[]> => {
    isOver = true
    await living
    for (const agent of agents) agent.destroy()
    return answered
  }
}
