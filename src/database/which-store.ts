/**
 * Which of the two stores the settings mean.
 * @module
 */

import type { StoreSettings } from '../config/schema/tokens.ts'

/** The part of the settings that says where the record is. */
export type StorePlace = Pick<StoreSettings, 'postgres' | 'sqlite'>

export type ChosenStore =
  | { readonly technology: 'postgres'; readonly postgres: NonNullable<StoreSettings['postgres']> }
  | { readonly technology: 'sqlite'; readonly sqlite: NonNullable<StoreSettings['sqlite']> }

/** Throws when both are given, or none: a record of tokens is never chosen by guess. */
export function whichStore({ postgres, sqlite }: StorePlace): ChosenStore {
  if (postgres !== undefined && sqlite !== undefined) {
    throw new Error('store: both «postgres» and «sqlite» are given: remove one')
  }
  if (postgres !== undefined) return { technology: 'postgres', postgres }
  if (sqlite !== undefined) return { technology: 'sqlite', sqlite }
  throw new Error('store: give «postgres» or «sqlite»')
}
