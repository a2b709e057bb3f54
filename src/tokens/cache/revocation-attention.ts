/**
 * Whether a replica is sure to hear of the next revocation: the replica's side of the protocol, without clocks and
 * connections. It sends itself beats by way of Redis, on the connection that notices arrive on; a beat that comes
 * back proves that every notice before it has been heard, and vouches for one lease from when it was sent.
 * @module
 */

import type { BeatToSend, Hearing, NoticeMark } from '../../redis/notice-board.ts'

/** Times are milliseconds on the replica's monotonic clock. */
export interface Attention {
  /** Up to then whoever posts a notice waits for this replica. */
  readonly heldUntil: number
  readonly lastSentAt: number
  /** When the last beat that came back was sent. */
  readonly lastHeardAt: number
  readonly seen: NoticeMark | undefined
  readonly heeded: NoticeMark | undefined
}

/** Before the first beat, and after the connection was lost. */
export const inattentive: Attention = {
  heldUntil: Number.NEGATIVE_INFINITY,
  lastSentAt: 0,
  lastHeardAt: Number.NEGATIVE_INFINITY,
  seen: undefined,
  heeded: undefined,
}

/** The next beat: a lease only if the last one came back, for a lease that is not heard makes others wait in vain. */
export function nextBeat(attention: Attention, sentAt: number): [Attention, BeatToSend] {
  const isLease = attention.lastHeardAt === attention.lastSentAt
  return [
    { ...attention, lastSentAt: sentAt },
    { sentAt, isLease, heeded: attention.heeded },
  ]
}

/**
 * What a message changes. `isNews`: it tells of a notice that was not heard of before, and what the replica holds
 * must not be trusted until the store has been asked again; this holds from the same moment as the lease.
 */
export function hear(
  attention: Attention,
  { mark, beat }: Hearing,
  leaseMs: number,
): { readonly attention: Attention; readonly isNews: boolean } {
  const { seen, heldUntil, lastSentAt, lastHeardAt } = attention
  const isNews = seen === undefined || seen.epoch !== mark.epoch || seen.count < mark.count
  const heard = { ...attention, seen: isNews ? mark : seen }
  // A beat from the future is not one of ours.
  if (beat === undefined || beat.sentAt > lastSentAt) return { attention: heard, isNews }
  return {
    attention: {
      ...heard,
      lastHeardAt: Math.max(lastHeardAt, beat.sentAt),
      heldUntil: beat.isLease ? Math.max(heldUntil, beat.sentAt + leaseMs) : heldUntil,
    },
    isNews,
  }
}

/** Since it heard of `mark` the replica has trusted nothing older. */
export function heed(attention: Attention, mark: NoticeMark): Attention {
  return { ...attention, heeded: mark }
}

/** The connection that notices arrive on is gone: what was heard stays heard, the rest is unknown. */
export function loseTouch({ seen, heeded, lastSentAt }: Attention): Attention {
  return { ...inattentive, seen, heeded, lastSentAt }
}
