/**
 * Changes that the gateway itself makes, told to all replicas: whoever waits at the same time shares one announcement.
 * @module
 */

import type { Propagation } from './revocation-announcer.ts'

/** Resolves when no replica goes by what was before; called after the commit. Never rejects where `announce` does not. */
export type Announce = () => Promise<Propagation>

/** An announcement may be shared only by changes that were committed before it began: one is under way, one waits. */
export function shareAnnouncements(announce: () => Promise<Propagation>): Announce {
  let underWay: Promise<Propagation> | undefined
  let next: Promise<Propagation> | undefined

  const begin = (): Promise<Propagation> => {
    next = undefined
    const announcement = announce().finally(() => {
      if (underWay === announcement) underWay = undefined
    })
    underWay = announcement
    return announcement
  }
  return () => {
    if (underWay === undefined) return begin()
    next ??= underWay.then(begin, begin)
    return next
  }
}
