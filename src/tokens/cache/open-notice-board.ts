/**
 * The notice board of an installation. No request waits for it, so it is given more time than look-ups are.
 * @module
 */

import type { RedisServers, RedisSettings } from '../../config/schema/redis.ts'
import { NoticeBoard } from '../../redis/notice-board.ts'
import { RedisClient } from '../../redis/redis-client.ts'

/** A beat that takes longer than this is as good as lost. */
const answersPerLease = 4

export type BoardSettings = RedisServers & Pick<RedisSettings, 'prefix' | 'lease'>

/** Nothing is connected yet. Whether Redis answers is told by the client for look-ups, once. */
export function openNoticeBoard({ prefix, lease, ...servers }: BoardSettings): NoticeBoard {
  const client = new RedisClient({ servers, timeoutMs: lease / answersPerLease, stateChanged: () => {} })
  return new NoticeBoard(client, servers, prefix)
}
