/**
 * A read replica that is killed, frozen or not there at the start: nothing is wrongly allowed, and nothing good is refused.
 * @module
 */

import t from 'tap'
import { allowed, decidesAlone, newScene, refused, type Scene, twoTokens } from './scene.ts'

for (const [what, harm] of [
  ['killed', ({ standby }: Scene) => standby.kill()],
  ['frozen', async ({ standby }: Scene) => standby.freeze()],
] as const) {
  t.test(`a replica that is ${what} is left alone until it is back`, async (t) => {
    const scene = await newScene(t)
    const { standby, ask, count, replicaIs, installation, run, caughtUp } = scene
    const { good, revoked } = await twoTokens(scene)
    await replicaIs('ok')
    await harm(scene)
    t.teardown(() => standby.thaw())
    await decidesAlone(t, scene, good, revoked)
    await replicaIs('degraded')
    const victim = await installation.issue()
    await run('token', 'revoke', victim.token.id)
    if (what === 'killed') await standby.restart()
    else standby.thaw()
    t.same(await ask(victim.text), [refused, refused], 'also when it is there again')
    await replicaIs('ok')
    await caughtUp()
    const hits = await count('replica', 'hit')
    t.same(await ask(good), [allowed, allowed])
    t.equal(await count('replica', 'hit'), hits + 2)
  })
}

t.test('gateways start without the replica, and use it when it comes', async (t) => {
  const scene = await newScene(t)
  const { good, revoked } = await twoTokens(scene)
  await scene.standby.kill()
  const gateway = await scene.installation.serve()
  const status = async (text: string) =>
    (await gateway.request({ headers: [['Authorization', `Bearer ${text}`]] })).status
  t.same([await status(good), await status(revoked)], [200, 401])
  await scene.standby.restart()
  await scene.replicaIs('ok')
  t.same(await scene.ask(good), [allowed, allowed])
})
