/**
 * Opens the record of tokens for a command that changes what existing tokens may do, and lets it return when the
 * change holds on every replica.
 * @module
 */

import type { Command } from 'commander'
import type { Settings } from '../config/schema/settings.ts'
import type { TokenReader, TokenRegistry } from '../tokens/ports.ts'
import { note, warn } from './terminal.ts'
import { withWritableRecord } from './with-record.ts'

export interface WaitOption {
  /** False with `--no-wait`. */
  readonly wait: boolean
}

export function withWait(command: Command): Command {
  return command.option('--no-wait', 'return at once; replicas follow within one second')
}

/** As `withWritableRecord`; then tells replicas and waits for them, also when `work` failed half way, unless nothing was changed. */
export function withChange<T>(
  { cache, ...settings }: Pick<Settings, 'store' | 'cache' | 'keys'>,
  { wait }: WaitOption,
  work: (registry: TokenRegistry & TokenReader) => Promise<T>,
): Promise<T> {
  return withWritableRecord(settings, async (record) => {
    const before = await record.readClock()
    try {
      return await work(record)
    } finally {
      if ((await record.readClock()).version !== before.version)
        await (wait ? holdEverywhere(cache) : tell(cache))
    }
  })
}

/** Replicas that hear it follow at once, those that the store cannot reach included. */
async function tell(cache: Settings['cache']): Promise<void> {
  const { tellOfChange } = await import('../tokens/cache/revocation-announcer.ts')
  await tellOfChange(cache)
}

async function holdEverywhere(cache: Settings['cache']): Promise<void> {
  // Loaded here, so that commands that change nothing do not wait for a client that they do not need.
  const { announceChange } = await import('../tokens/cache/revocation-announcer.ts')
  const { everywhere, waitedMs, replicas } = await announceChange(cache)
  const where = replicas === undefined ? 'every replica' : `every replica (${replicas})`
  if (everywhere) note(`In force on ${where}, ${waitedMs} ms after the commit.`)
  else
    warn(
      'Redis could not be told: a replica that the store cannot reach may not follow for store.outageGrace.',
    )
}
