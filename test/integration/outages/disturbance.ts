/**
 * Tells what a test did to a gateway from what a busy machine does to it: an outage that the test has not caused.
 * @module
 */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { TestGateway } from '../../support/gateway.ts'

/** Longer than this nobody in this process should have to wait for its turn. */
const turnMsMax = 400

/** A part that is meant to be well meanwhile. */
export type WellPart = 'postgres' | 'redis'

export interface Watch {
  /** Whether the part failed all the same, or this process stood still, since the watch began. Ends the watch. */
  wasDisturbed(): Promise<boolean>
}

export async function watchMachine(
  gateways: readonly TestGateway[],
  well: WellPart | undefined,
): Promise<Watch> {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  const failuresBefore = await failuresOf(gateways, well)
  return {
    async wasDisturbed() {
      delay.disable()
      return delay.max / 1e6 > turnMsMax || (await failuresOf(gateways, well)) > failuresBefore
    },
  }
}

async function failuresOf(gateways: readonly TestGateway[], part: WellPart | undefined): Promise<number> {
  const counts = await Promise.all(
    gateways.map((gateway) => {
      if (part === undefined) return 0
      return part === 'redis'
        ? gateway.metric('sallyport_token_lookups_total{tier="redis",result="error"}')
        : gateway.log.filter(({ message }) => message === 'changes of tokens cannot be fetched').length
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}
