/**
 * What either token store takes from its owner.
 * @module
 */

import type { EntrySealer } from '../../audit/chain.ts'

export interface StoreOptions {
  /** Seals what is recorded of every act: the key ring. A store that was opened without changes nothing. */
  readonly sealer?: EntrySealer
  /** Called once for each question that the store is asked, with the name of the method of the port. */
  readonly onQuery?: (operation: string) => void
}
