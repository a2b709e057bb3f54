/**
 * Opens the record of tokens for the length of one command.
 * @module
 */

import type { StoreSettings } from '../config/schema/tokens.ts'
import { migrate, pendingMigrations } from '../database/migrate.ts'
import type { ChangeSource, TokenReader, TokenRegistry } from '../tokens/ports.ts'
import { openTokenStore } from '../tokens/stores/open-token-store.ts'
import { CommandFailure } from './failure.ts'

/** Brings the schema up to date where the settings leave that to the gateway; closes the store in any case. */
export async function withRecord<T>(
  settings: StoreSettings,
  work: (registry: TokenRegistry & TokenReader & ChangeSource) => Promise<T>,
): Promise<T> {
  await bringUpToDate(settings)
  const store = openTokenStore(settings)
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
