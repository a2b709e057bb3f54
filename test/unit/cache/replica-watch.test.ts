/**
 * The watch over a read replica: whoever was found wanting is left alone until it has been found well.
 * @module
 */

import t from 'tap'
import { ReplicaWatch } from '../../../src/tokens/cache/replica-watch.ts'
import { aToken, HeldStore } from './held-store.ts'
import { buildTiers } from './tiers.ts'

async function newScene() {
  const { store, feed } = buildTiers()
  const replica = new HeldStore()
  await feed.poll()
  const told: string[] = []
  const watch = new ReplicaWatch({
    replica,
    feed,
    changed: (state, reason) => told.push(`${state}: ${reason}`),
  })
  const look = async () => {
    await watch.look()
    return watch.state
  }
  return { store, feed, replica, watch, told, look }
}

t.test('is down until it was looked at', async (t) => {
  const { watch, look, told } = await newScene()
  t.equal(watch.state, 'down')
  t.equal(await look(), 'up')
  t.same(told, ['up: answering'])
})

t.test('it tells of each state once, and again when there is another reason', async (t) => {
  const { replica, store, look, told } = await newScene()
  replica.isDown = true
  await look()
  await look()
  replica.isDown = false
  replica.follow({ ...store.capture(), line: 'another' })
  await look()
  t.same(told, ['down: down', 'down: it is no replica of the store, or has not heard of a fail-over yet'])
})

t.test('three look-ups in a row that fail end it, and a look that succeeds brings it back', async (t) => {
  const { watch, look, told } = await newScene()
  await watch.look()
  for (const act of ['failed', 'failed', 'answered', 'failed', 'failed'] as const)
    watch[act](new Error('late'))
  t.equal(watch.state, 'up')
  watch.failed(new Error('late'))
  t.equal(watch.state, 'down')
  t.equal(await look(), 'up')
  t.same(told, ['up: answering', 'down: late', 'up: answering'])
})

t.test('one that does not answer, follows another server or is too far behind is down', async (t) => {
  const { store, feed, replica, look } = await newScene()
  replica.isDown = true
  t.equal(await look(), 'down')
  replica.isDown = false
  t.equal(await look(), 'up')
  const before = store.capture()
  store.add(aToken('a'))
  store.revoke('a')
  store.failOver(store.capture())
  await feed.poll()
  t.equal(await look(), 'down')
  replica.follow({ ...before, line: store.line })
  t.equal(await look(), 'down', 'of this line, and from before all that is remembered of it')
  replica.follow(store.capture())
  t.equal(await look(), 'up')
})

t.test('it is down as long as nothing is known of the store', async (t) => {
  const { feed } = buildTiers()
  const watch = new ReplicaWatch({ replica: new HeldStore(), feed, changed: () => {} })
  await watch.look()
  t.equal(watch.state, 'down')
})
