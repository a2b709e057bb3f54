/**
 * What either token store lets its owner observe.
 * @module
 */

export interface StoreOptions {
  /** Called once for each question that the store is asked, with the name of the method of the port. */
  readonly onQuery?: (operation: string) => void
}
