/**
 * The notice board of an installation. No request waits for it, so it is given more time than look-ups are.
 * @module
 */

import type { CacheSettings } from '../../config/schema/tokens.ts'
import { NoticeBoard } from '../../redis/notice-board.ts'
import { RedisClient } from '../../redis/redis-client.ts'

/** A beat that takes longer than this is as good as lost. */
const answersPerLease = 4

/** Nothing is connected yet. Whether Redis answers is told by the client for look-ups, once. */
export function openNoticeBoard({
  url,
  prefix,
  lease,
}: Pick<NonNullable<CacheSettings['redis']>, 'url' | 'prefix' | 'lease'>): NoticeBoard {
  const client = new RedisClient({ url, timeoutMs: lease / answersPerLease, stateChanged: () => {} })
  return new NoticeBoard(client, prefix)
}
