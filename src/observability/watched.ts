/**
 * What metrics read at a scrape rather than count: the state of other parts, as far as it is shown.
 * @module
 */

export interface RingToWatch {
  readonly current: { readonly keyIds: readonly string[] }
  readonly state: 'fixed' | 'followed' | 'outdated'
}

export interface UpstreamToWatch {
  readonly name: string
  readonly tunnels: number
  /** Where it has several targets, or judges the one that it has. */
  readonly balanced?: { states(): readonly { readonly url: string; readonly isUp: boolean }[] } | undefined
}

export interface ConfigurationToWatch {
  readonly status: { readonly isGood: boolean; readonly goodAt: number }
}

export interface CertificatesToWatch {
  readonly isOutdated: boolean
  /** In milliseconds of the wall clock, by the path of the file. */
  expiries(): readonly { readonly file: string; readonly expiresAt: number }[]
}
