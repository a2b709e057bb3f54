/**
 * What of logins at an upstream comes into the audit record: that there is one, and that there is none any more.
 * @module
 */

import t from 'tap'
import { alice, lifeMs, loginOf, newReplica, newScene } from './replica.ts'

t.test(
  'keeping a login where there was none is an act, as is its end at a refusal; renewals are none',
  async (t) => {
    const scene = newScene()
    const { logins } = newReplica(scene)
    await logins.keep(alice, loginOf(scene, 'first'))
    t.same(scene.record.acts, ['kept: the upstream accepted it'])
    await logins.keep(alice, loginOf(scene, 'second', 'other key'))
    scene.now += lifeMs
    t.equal((await logins.obtain(alice))?.token.reveal(), 't1')
    t.equal(scene.record.acts.length, 1)
    scene.logIn = async () => 'refused'
    scene.now += lifeMs
    t.equal(await logins.obtain(alice), undefined)
    t.same(scene.record.acts.slice(1), ['refused: the upstream refused it'])
    await logins.keep(alice, loginOf(scene, 'third'))
    t.equal(scene.record.acts.length, 3)
  },
)
