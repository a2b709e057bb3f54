/**
 * What a key of the ring is still needed for.
 * @module
 */

/** What depends on one key of the ring. A key that nothing is under is not listed. */
export interface KeyUse {
  readonly keyId: string
  /** Neither revoked nor expired. */
  readonly tokens: number
  /** Whether the live system token, whose text is sealed with the same key, is among them. */
  readonly hasSystemToken: boolean
  /** Logins at upstreams that are sealed under it. */
  readonly logins: number
}
