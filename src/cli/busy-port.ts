/**
 * A port that somebody else listens on, said in a sentence that names the setting to change.
 * @module
 */

import { CommandFailure } from './failure.ts'

/** Runs `listen`; `settings` has for each port the setting or variable that it comes from. */
export async function explainBusyPort<T>(
  settings: Readonly<Record<number, string>>,
  listen: () => Promise<T>,
): Promise<T> {
  try {
    return await listen()
  } catch (cause) {
    if (!isBusy(cause)) throw cause
    const setting = settings[cause.port] ?? 'another port'
    throw new CommandFailure('port_in_use', `port ${cause.port} is in use; set ${setting} to a free one`, {
      cause,
    })
  }
}

function isBusy(error: unknown): error is Error & { readonly port: number } {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error
}
