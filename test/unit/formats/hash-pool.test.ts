/**
 * The bounds of expensive hashes.
 * @module
 */

import { pbkdf2Sync } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { HashPool } from '../../../src/tokens/formats/hash-pool.ts'
import { StoreUnavailable } from '../../../src/tokens/ports.ts'

t.test('yields what PBKDF2-HMAC-SHA-256 yields', async (t) => {
  const derived = await new HashPool().pbkdf2('password', 'salt', 4096)
  t.same(derived, pbkdf2Sync('password', 'salt', 4096, 32, 'sha256'))
})

t.test('beyond those that run and those that wait, nobody is let in; then there is room again', async (t) => {
  const hashed: string[] = []
  const options = { concurrentMax: 2, waitingMax: 3, onHash: (name: string) => hashed.push(name) }
  const pool = new HashPool(options)
  const asked = Array.from({ length: 9 }, () => pool.pbkdf2('p', 's', 100_000))
  const settled = Promise.allSettled(asked)
  await setImmediate()
  t.equal(hashed.length, 2, 'two run at once')
  const results = await settled
  t.same(
    results.map(({ status }) => status),
    [...Array(5).fill('fulfilled'), ...Array(4).fill('rejected')],
  )
  const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  t.ok(refused.every((reason) => reason instanceof StoreUnavailable))
  t.equal(hashed.length, 5)
  t.equal((await pool.pbkdf2('p', 's', 1)).length, 32)
  t.equal(hashed.length, 6)
})

t.test('whoever has waited too long is turned away unhashed, and the others go on', async (t) => {
  let now = 0
  const hashed: string[] = []
  const options = { concurrentMax: 1, waitMsMax: 100, monotonic: () => now }
  const pool = new HashPool({ ...options, onHash: (name) => hashed.push(name) })
  const running = pool.pbkdf2('p', 's', 50_000)
  const late = pool.pbkdf2('p', 's', 1)
  now = 101
  const inTime = pool.pbkdf2('p', 's', 1)
  await t.rejects(late, StoreUnavailable)
  t.equal((await running).length, 32)
  t.equal((await inTime).length, 32)
  t.equal(hashed.length, 2)
})
