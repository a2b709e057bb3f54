/**
 * Tells all replicas of a change that has been committed, and waits until none of them goes by what was before it.
 * @module
 */

import type { CacheSettings } from '../../config/schema/tokens.ts'
import type { NoticeBoard, Roll } from '../../redis/notice-board.ts'
import { openNoticeBoard } from './open-notice-board.ts'
import { horizonMs, isHeededByAll } from './revocation-roll.ts'

/** What is known of a change when the wait for it is over. */
export interface Propagation {
  /**
   * No replica goes by what was before the change. False only when Redis could not be told: then this holds of every
   * replica that reaches the store, and one that does not may go on for the grace of an outage.
   */
  readonly everywhere: boolean
  /** From the commit on. */
  readonly waitedMs: number
  /** Replicas that were waited for; `undefined` when nobody knows them and time alone tells. */
  readonly replicas: number | undefined
}

/** For a poll that began just before the commit, and for clocks that do not run alike. */
const pollMarginMs = 50
const retryMs = 100
/** Between looks at the roll: heeding takes a replica two short queries. */
const lookMsMin = 2
const lookMsMax = 25

type Board = Pick<NoticeBoard, 'post' | 'roll'>

/**
 * To be called after the commit. With Redis: until all replicas have heeded a notice, which takes milliseconds, and at
 * most one lease of theirs. Without: for as long as a replica may trust what it fetched before.
 */
export async function announceChange(settings: Pick<CacheSettings, 'redis' | 'lease'>): Promise<Propagation> {
  const { redis, lease } = settings
  const committedAt = performance.now()
  const waitedMs = () => Math.round(performance.now() - committedAt)
  const untilPolled = () => sleep(Math.max(0, lease + pollMarginMs - waitedMs()))
  if (redis === undefined) {
    await untilPolled()
    return { everywhere: true, waitedMs: waitedMs(), replicas: undefined }
  }
  const board = openNoticeBoard(redis)
  try {
    await board.connect()
    const posted = await postUntil(board, committedAt + lease)
    if (posted !== undefined) {
      await untilHeeded(board, posted, redis.lease)
      return { everywhere: true, waitedMs: waitedMs(), replicas: liveIn(posted, redis.lease) }
    }
    await untilPolled()
    return { everywhere: false, waitedMs: waitedMs(), replicas: undefined }
  } finally {
    board.close()
  }
}

/** Posts a notice, once, and waits for nobody. Whoever does not hear it follows by its fetches. */
export async function tellOfChange({ redis }: Pick<CacheSettings, 'redis'>): Promise<void> {
  if (redis === undefined) return
  const board = openNoticeBoard(redis)
  try {
    await board.connect()
    await board.post().catch(() => {})
  } finally {
    board.close()
  }
}

/** Tries again while the wait for polls would not be over either. A notice too many does no harm. */
async function postUntil(board: Board, giveUpAt: number): Promise<Roll | undefined> {
  for (;;) {
    const posted = await board.post().catch(() => undefined)
    if (posted !== undefined || performance.now() + retryMs >= giveUpAt) return posted
    await sleep(retryMs)
  }
}

async function untilHeeded(board: Board, posted: Roll, leaseMs: number): Promise<void> {
  // A lease that is granted later comes with the news of this notice; those from before have ended by then.
  const giveUpAt = performance.now() + horizonMs(leaseMs)
  let roll: Roll | undefined = posted
  for (let lookMs = lookMsMin; performance.now() < giveUpAt; lookMs = Math.min(lookMs * 2, lookMsMax)) {
    if (roll !== undefined && isHeededByAll(roll, posted.mark, leaseMs)) return
    await sleep(lookMs)
    roll = await board.roll().catch(() => undefined)
  }
}

/** None is known of a server that has not known them for long enough. */
function liveIn({ now, mark, replicas }: Roll, leaseMs: number): number | undefined {
  if (now - mark.epoch < horizonMs(leaseMs)) return undefined
  return replicas.filter(({ until }) => until > now).length
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
