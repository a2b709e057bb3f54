/**
 * Opens the record of tokens for the length of one command.
 * @module
 */

import type { EntrySealer } from '../audit/chain.ts'
import type { Settings } from '../config/schema/settings.ts'
import type { StoreSettings } from '../config/schema/tokens.ts'
import { migrate, pendingMigrations } from '../database/migrate.ts'
import { readKeyRing } from '../tokens/keys/key-ring-file.ts'
import type { ChangeSource, TokenReader, TokenRegistry } from '../tokens/ports.ts'
import { openTokenStore } from '../tokens/stores/open-token-store.ts'
import { CommandFailure } from './failure.ts'

type Work<T> = (registry: TokenRegistry & TokenReader & ChangeSource) => Promise<T>

/**
 * For a command that only reads. Brings the schema up to date where the settings leave that to the gateway; closes the
 * store in any case.
 */
export function withRecord<T>(settings: StoreSettings, work: Work<T>): Promise<T> {
  return withStore(settings, {}, work)
}

/** The same for a command that changes something, for which it needs the key ring: every act is sealed. */
export async function withWritableRecord<T>(
  { store, keys }: Pick<Settings, 'store' | 'keys'>,
  work: Work<T>,
): Promise<T> {
  return withStore(store, { sealer: readKeyRing(keys) }, work)
}

async function withStore<T>(
  settings: StoreSettings,
  options: { readonly sealer?: EntrySealer },
  work: Work<T>,
): Promise<T> {
  await bringUpToDate(settings)
  const store = openTokenStore(settings, options)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

async function bringUpToDate(settings: StoreSettings): Promise<void> {
  if (settings.migrations === 'auto') {
    await migrate(settings)
  } else if ((await pendingMigrations(settings)).length > 0) {
    throw new CommandFailure(
      'migration_pending',
      'the schema of the store is not up to date; run «sallyport migrate» first',
    )
  }
}
