/**
 * Sessions at an upstream: asked for once however many want one, renewed before they end, taken over from others, and
 * gone with the login. A failure is never «no login».
 * @module
 */

import t from 'tap'
import { Secret } from '../../../src/lib/secret.ts'
import { actAt } from '../../support/act.ts'
import { alice, bob, lifeMs, loginOf, newReplica, newScene, session } from './replica.ts'

/** Lets everything happen that waits for nothing but the microtasks before it. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

const change = (subjectId: string) => ({ version: 1, tokenId: undefined, subjectId, changedAt: 0 })

t.test('what was kept is known at once, with its expiry and place, until it ends', async (t) => {
  const scene = newScene()
  const { logins } = newReplica(scene)
  t.equal(logins.recall(alice), undefined)
  t.ok(await logins.keep(alice, loginOf(scene, 'first')))
  t.match(logins.recall(alice), { expiresAt: scene.now + lifeMs, storageUrl: 'http://swift/v1/first' })
  t.equal(logins.recall(alice)?.token.reveal(), 'first')
  t.equal((await logins.obtain(alice))?.token.reveal(), 'first')
  t.equal(scene.record.reads, 0)
  scene.now += lifeMs
  t.equal(logins.recall(alice), undefined)
  t.equal((await logins.obtain(alice))?.token.reveal(), 't1')
  t.same(scene.asked, ['u/opensesame'])
})

t.test('a hundred requests at once are one login, another subject is another', async (t) => {
  const scene = newScene()
  const { logins } = newReplica(scene)
  await logins.keep(alice, loginOf(scene, 'first'))
  await logins.keep(bob, loginOf(scene, 'his', 'other key'))
  scene.now += lifeMs
  const all = await Promise.all(Array.from({ length: 100 }, (_, n) => logins.obtain(n % 2 ? alice : bob)))
  t.same(scene.asked, ['u/other key', 'u/opensesame'])
  t.equal(new Set(all).size, 2)
})

t.test('a subject without a login has none, and gets one the moment it is kept anywhere', async (t) => {
  const scene = newScene()
  const [one, two] = [newReplica(scene), newReplica(scene)]
  t.equal(await one.logins.obtain(alice), undefined)
  await two.logins.keep(alice, loginOf(scene, 'first'))
  t.equal((await one.logins.obtain(alice))?.token.reveal(), 'first')
  t.same(scene.asked, [])
})

t.test(
  'whoever uses a session in the last tenth of its life has it renewed, and does not wait',
  async (t) => {
    const scene = newScene()
    const { logins } = newReplica(scene)
    await logins.keep(alice, loginOf(scene, 'first'))
    scene.now += lifeMs * 0.899
    logins.recall(alice)
    await settled()
    t.same(scene.asked, [])
    scene.now += lifeMs * 0.001
    for (let n = 0; n < 50; n++) t.equal(logins.recall(alice)?.token.reveal(), 'first')
    await settled()
    t.equal(scene.asked.length, 1)
    t.equal(logins.recall(alice)?.token.reveal(), 't1')
    scene.now += lifeMs * 0.5
    t.equal(logins.recall(alice)?.token.reveal(), 't1', 'it lives from the renewal on')
  },
)

t.test('replicas do not renew all at one moment, and the second takes what the first got', async (t) => {
  const scene = newScene()
  const [one, two] = [newReplica(scene), newReplica(scene)]
  await one.logins.keep(alice, loginOf(scene, 'first'))
  scene.random = 0
  await two.logins.obtain(alice)
  scene.now += lifeMs * 0.86
  for (const { logins } of [one, two]) logins.recall(alice)
  await settled()
  t.equal(scene.asked.length, 1)
  t.equal(one.logins.recall(alice)?.token.reveal(), 'first')
  scene.now += lifeMs * 0.04
  one.logins.recall(alice)
  await settled()
  t.equal(one.logins.recall(alice)?.token.reveal(), 't1')
  t.equal(scene.asked.length, 1)
})

t.test('a renewal that fails is tried again before the end, and told once', async (t) => {
  const scene = newScene()
  const { logins } = newReplica(scene)
  await logins.keep(alice, loginOf(scene, 'first'))
  const answer = scene.logIn
  scene.logIn = async () => {
    throw new Error('connection refused')
  }
  scene.now += lifeMs * 0.9
  for (let n = 0; n < 5; n++) {
    t.equal(logins.recall(alice)?.token.reveal(), 'first')
    await settled()
  }
  t.equal(scene.asked.length, 1, 'not by every request')
  scene.now += lifeMs * 0.095
  logins.recall(alice)
  await settled()
  t.equal(scene.asked.length, 2)
  t.match(scene.lines, [/not renewed ahead of its end.*connection refused/s])
  t.equal(scene.lines.length, 1)
  scene.now += lifeMs
  await t.rejects(logins.obtain(alice), { message: 'connection refused' })
  scene.logIn = answer
  t.equal((await logins.obtain(alice))?.token.reveal(), 't4')
})

t.test('closing waits for a renewal under way, and none begins afterwards', async (t) => {
  const scene = newScene()
  const { logins } = newReplica(scene)
  await logins.keep(alice, loginOf(scene, 'first'))
  const gate = Promise.withResolvers<ReturnType<typeof session>>()
  scene.logIn = () => gate.promise
  scene.now += lifeMs * 0.9
  logins.recall(alice)
  await settled()
  let isClosed = false
  const closed = logins.close().then(() => {
    isClosed = true
  })
  await settled()
  t.notOk(isClosed)
  gate.resolve(session('second', scene.now + lifeMs))
  await closed
  t.equal(logins.recall(alice)?.token.reveal(), 'second')
  scene.now += lifeMs * 0.95
  t.equal(logins.recall(alice)?.token.reveal(), 'second')
  await settled()
  t.equal(scene.asked.length, 1)
})

t.test('an upstream that goes on giving the same token is not asked by every request', async (t) => {
  const scene = newScene()
  const { logins } = newReplica(scene)
  const login = loginOf(scene, 'same')
  await logins.keep(alice, login)
  scene.logIn = async () => login.session
  for (; scene.now < login.session.expiresAt; scene.now += 1_000) {
    t.equal(logins.recall(alice)?.token.reveal(), 'same')
    await settled()
  }
  t.ok(scene.asked.length > 1 && scene.asked.length < 10, String(scene.asked.length))
})

t.test('a token that the upstream no longer accepts is replaced once for all who have met it', async (t) => {
  const scene = newScene()
  const { logins } = newReplica(scene)
  await logins.keep(alice, loginOf(scene, 'first'))
  const stale = new Secret('first')
  const all = await Promise.all(Array.from({ length: 20 }, () => logins.obtain(alice, stale)))
  t.same(new Set(all.map((each) => each?.token.reveal())), new Set(['t1']))
  t.equal((await logins.obtain(alice, stale))?.token.reveal(), 't1', 'who comes late takes the new one')
  t.equal(scene.asked.length, 1)
})

t.test('whoever joins a question that others asked is not given the stale token back', async (t) => {
  const scene = newScene()
  const [one, two] = [newReplica(scene), newReplica(scene)]
  await one.logins.keep(alice, loginOf(scene, 'first'))
  const gate = Promise.withResolvers<void>()
  scene.record.answer = () => gate.promise
  const unaware = two.logins.obtain(alice)
  const aware = [1, 2, 3].map(() => two.logins.obtain(alice, new Secret('first')))
  gate.resolve()
  t.equal((await unaware)?.token.reveal(), 'first')
  for (const each of await Promise.all(aware)) t.equal(each?.token.reveal(), 't1')
  t.equal(scene.asked.length, 1)
})

t.test('a login that the upstream refuses is removed, and is no login from then on', async (t) => {
  const scene = newScene()
  const { logins } = newReplica(scene)
  await logins.keep(alice, loginOf(scene, 'first'))
  scene.logIn = async () => 'refused'
  t.equal(await logins.obtain(alice, new Secret('first')), undefined)
  t.equal(scene.record.rows.size, 0)
  t.equal(logins.recall(alice), undefined)
  t.equal(await logins.obtain(alice), undefined)
  t.equal(scene.asked.length, 1)
})

t.test('a refusal does not remove what somebody else has renewed meanwhile', async (t) => {
  const scene = newScene()
  const [one, two] = [newReplica(scene), newReplica(scene)]
  await one.logins.keep(alice, loginOf(scene, 'first', 'old key'))
  scene.logIn = async () => {
    await two.logins.keep(alice, loginOf(scene, 'second', 'new key'))
    return 'refused'
  }
  t.equal((await one.logins.obtain(alice, new Secret('first')))?.token.reveal(), 'second')
  t.equal(scene.record.rows.size, 1)
  t.same(scene.asked, ['u/old key'])
})

t.test('of two that log in at once the first to record it gives both their token', async (t) => {
  const scene = newScene()
  const [one, two] = [newReplica(scene), newReplica(scene)]
  await one.logins.keep(alice, loginOf(scene, 'first'))
  scene.now += lifeMs
  const got = await Promise.all([one.logins.obtain(alice), two.logins.obtain(alice)])
  t.equal(scene.asked.length, 2)
  t.equal(got[0]?.token.reveal(), got[1]?.token.reveal())
})

t.test('a login that was removed while the upstream answered does not come back', async (t) => {
  const scene = newScene()
  const { logins } = newReplica(scene)
  await logins.keep(alice, loginOf(scene, 'first'))
  scene.logIn = async () => {
    await scene.record.remove(alice, 'swift', actAt(scene.now))
    return session('late', scene.now + lifeMs)
  }
  t.equal(await logins.obtain(alice, new Secret('first')), undefined)
  t.equal(scene.record.rows.size, 0)
  t.equal(logins.recall(alice), undefined)
})

t.test('a store that fails is an error, before the upstream is asked and after', async (t) => {
  const scene = newScene()
  const { logins } = newReplica(scene)
  await logins.keep(alice, loginOf(scene, 'first'))
  scene.record.isDown = true
  t.equal(logins.recall(alice)?.token.reveal(), 'first', 'what is known serves on')
  await t.rejects(logins.obtain(alice, new Secret('first')), { name: 'StoreUnavailable' })
  await t.rejects(logins.keep(alice, loginOf(scene, 'second')), { name: 'StoreUnavailable' })
  scene.record.isDown = false
  for (const answer of [session('late', scene.now + lifeMs), 'refused'] as const) {
    scene.logIn = async () => {
      scene.record.isDown = true
      return answer
    }
    await t.rejects(logins.obtain(alice, new Secret('first')), { name: 'StoreUnavailable' })
    t.equal(logins.recall(alice), undefined)
    scene.record.isDown = false
  }
  t.equal(scene.record.rows.size, 1)
})

t.test('an upstream that hangs is given up at the deadline', async (t) => {
  const scene = newScene()
  const { logins } = newReplica(scene, { timeoutMs: 20 })
  await logins.keep(alice, loginOf(scene, 'first'))
  let aborted = false
  scene.logIn = (_login, signal) => {
    signal.addEventListener('abort', () => {
      aborted = true
    })
    return new Promise(() => {})
  }
  await t.rejects(logins.obtain(alice, new Secret('first')), { message: /not within 20 ms/ })
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.ok(aborted)
})

t.test('a change of the subject drops its session, and no other', async (t) => {
  const scene = newScene()
  const { logins, memory } = newReplica(scene)
  await logins.keep(alice, loginOf(scene, 'first'))
  await logins.keep(bob, loginOf(scene, 'his'))
  memory.changed([change(alice), { ...change(bob), subjectId: undefined, tokenId: bob }])
  t.equal(logins.recall(alice), undefined)
  t.ok(logins.recall(bob))
  memory.reset()
  t.equal(logins.recall(bob), undefined)
  scene.record.rows.clear()
  t.equal(await logins.obtain(alice), undefined)
})

for (const [name, news] of [
  ['a change', (memory: ReturnType<typeof newReplica>['memory']) => memory.changed([change(alice)])],
  ['a restart of the feed', (memory: ReturnType<typeof newReplica>['memory']) => memory.reset()],
] as const) {
  t.test(`a session that was read before ${name} is not held after it`, async (t) => {
    const scene = newScene()
    const [one, two] = [newReplica(scene), newReplica(scene)]
    await two.logins.keep(alice, loginOf(scene, 'first'))
    const gate = Promise.withResolvers<void>()
    scene.record.answer = () => gate.promise
    const asked = one.logins.obtain(alice)
    await scene.record.remove(alice, 'swift', actAt(scene.now))
    news(one.memory)
    gate.resolve()
    t.equal(await asked, undefined, 'it is read once more')
    t.equal(one.logins.recall(alice), undefined)
  })
}

t.test('a record that changes each time it is read is an error', async (t) => {
  const scene = newScene()
  const { logins, memory } = newReplica(scene)
  await newReplica(scene).logins.keep(alice, loginOf(scene, 'first'))
  scene.record.answer = async () => memory.changed([change(alice)])
  await t.rejects(logins.obtain(alice), { name: 'StoreUnavailable' })
  t.equal(scene.record.reads, 3)
})

t.test('memory is bounded, and what it lost is read again', async (t) => {
  const scene = newScene()
  const { logins } = newReplica(scene)
  const ids = [alice, bob, '0198c2f0-5b1e-7cc4-9a51-3f6f8d0f1c13']
  for (const id of ids) await logins.keep(id, loginOf(scene, id))
  t.equal(ids.filter((id) => logins.recall(id) !== undefined).length, 2)
  t.equal((await logins.obtain(alice))?.token.reveal(), alice)
})

t.test('a login without a session logs in when it is needed', async (t) => {
  const scene = newScene()
  const { logins } = newReplica(scene)
  await logins.keep(alice, loginOf(scene, 'of the former login'))
  await logins.keep(alice, { user: 'u', key: new Secret('by hand'), session: undefined })
  t.equal(logins.recall(alice), undefined)
  t.equal((await logins.obtain(alice))?.token.reveal(), 't1')
  t.same(scene.asked, ['u/by hand'])
})

t.test('a login that cannot be opened counts as none, is told of once, and stays where it is', async (t) => {
  const [scene, other] = [newScene(), newScene()]
  const { logins } = newReplica(scene)
  await newReplica(other).logins.keep(alice, loginOf(other, 'first'))
  for (const [place, row] of other.record.rows) scene.record.rows.set(place, row)
  for (let n = 0; n < 3; n++) t.equal(await logins.obtain(alice), undefined)
  t.match(scene.lines, [/cannot be opened.*keyId: 'k1'/s])
  t.equal(scene.lines.length, 1)
  t.equal(scene.record.rows.size, 1)
  await logins.keep(alice, loginOf(scene, 'second'))
  t.ok(logins.recall(alice))
})

t.test('no line and no error shows a user, a key or a token', async (t) => {
  const scene = newScene()
  const { logins } = newReplica(scene)
  const told: unknown[] = []
  const login = { ...loginOf(scene, 'AUTH_tk42'), user: 'somebody' }
  await logins.keep(alice, login)
  told.push(login, logins.recall(alice))
  for (const answer of ['throws', 'refused'] as const) {
    scene.logIn = async () => {
      if (answer === 'throws') throw new Error('unreachable')
      return answer
    }
    scene.now += lifeMs * 0.95
    logins.recall(alice)
    await settled()
    told.push(await logins.obtain(alice, new Secret('AUTH_tk42')).catch((error: Error) => error.stack))
  }
  t.ok(scene.lines.length >= 2)
  const text = JSON.stringify([scene.lines, told])
  for (const secret of ['opensesame', '"AUTH_tk42"']) t.notOk(text.includes(secret), secret)
  t.notMatch(scene.lines.join(), /somebody|AUTH_tk42/)
})
