/**
 * Waits for the signal to stop, and then for what runs to end.
 * @module
 */

import closeWithGrace from 'close-with-grace'
import { complain, note } from './terminal.ts'

/** What closing may take beyond the requests in flight. */
export const closingMs = 5000

/**
 * On the first signal calls `close`, which has `drainMs` for requests in flight and whatever comes before, and ends the process with 0;
 * a second signal ends it at once. SIGHUP calls `reload`, or stops as well where there is none. An error that nobody caught closes as well and ends it with 1. Never resolves.
 */
export function untilStopped(
  drainMs: number,
  close: () => Promise<void>,
  reload?: () => void,
): Promise<never> {
  const { promise } = Promise.withResolvers<never>()
  const skip = ['beforeExit' as const, ...(reload === undefined ? [] : ['SIGHUP' as const])]
  if (reload !== undefined) process.on('SIGHUP', reload)
  const settings = { delay: drainMs + closingMs, skip, logger: { error: complain } }
  closeWithGrace(settings, async ({ signal, err }) => {
    if (err !== undefined) complain(err.stack ?? err.message)
    else note(`${signal ?? 'stopped'}: letting requests in flight finish`)
    await close()
  })
  return promise
}
