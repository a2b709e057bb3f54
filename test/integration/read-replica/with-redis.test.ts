/**
 * A replica that stands still, and commands that return within milliseconds, as they do with Redis: what they have changed
 * is in force all the same.
 * @module
 */

import t from 'tap'
import { startRedis } from '../../support/redis.ts'
import { allowed, newScene, pauseReplay, refused } from './scene.ts'

const trials = 5

t.test(
  'no trial of a revocation, and none of a rotation, is decided by what the replica shows',
  async (t) => {
    const redis = await startRedis()
    t.teardown(() => redis.stop())
    const scene = await newScene(t, { redisUrl: redis.url })
    const { installation, ask, run, replicaIs, count } = scene
    const issued = await Promise.all(Array.from({ length: 2 * trials }, () => installation.issue()))
    await pauseReplay(scene)
    await replicaIs('ok')
    for (const { text } of issued) t.same(await ask(text), [allowed, allowed])
    t.ok(
      (await count('replica', 'hit')) >= issued.length,
      'the replica was asked, and Redis knows what it said',
    )
    for (const { text, token } of issued.slice(0, trials)) {
      await run('token', 'revoke', token.id)
      t.same(await ask(text), [refused, refused])
    }
    for (const { text, token } of issued.slice(trials)) {
      const next = await run('token', 'rotate', token.id, '--overlap', '0s')
      t.same(await ask(text), [refused, refused])
      t.same(await ask(String(next.token)), [allowed, allowed])
    }
  },
)
