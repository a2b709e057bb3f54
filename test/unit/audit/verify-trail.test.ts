/**
 * A long record is checked page by page, once, and what is appended meanwhile does no harm.
 * @module
 */

import t from 'tap'
import type { AuditTrail, StoredHead } from '../../../src/audit/audit-trail.ts'
import { type ChainHead, emptyChain, extendChain } from '../../../src/audit/chain.ts'
import type { StoredEntry } from '../../../src/audit/verify-chain.ts'
import { verifyTrail } from '../../../src/audit/verify-trail.ts'
import { actAt, anySealer } from '../../support/act.ts'

/** A record in memory that counts what it is asked. */
class Trail implements Pick<AuditTrail, 'head' | 'entries'> {
  readonly rows: StoredEntry[] = []
  asked = 0
  #head: ChainHead = emptyChain

  append(count: number): this {
    for (let index = 0; index < count; index++) {
      const { entry, ...head } = extendChain(this.#head, anySealer, actAt(index), { deed: 'token_issued' })
      this.rows.push({ seq: head.seq, entry, hash: head.hash })
      this.#head = head
    }
    return this
  }

  async head(): Promise<StoredHead> {
    return { ...this.#head, lastSeq: this.rows.at(-1)?.seq ?? 0 }
  }

  async entries({ after, limit }: { readonly after: number; readonly limit: number }) {
    this.asked++
    return this.rows.filter(({ seq }) => seq > after).slice(0, limit)
  }
}

const checked = (trail: Trail, options = {}) =>
  verifyTrail(trail as unknown as AuditTrail, anySealer, options)

t.test('ten thousand entries take ten questions and are each looked at once', async (t) => {
  const trail = new Trail().append(10_000)
  const progress: number[] = []
  const startedAt = performance.now()
  const verified = await checked(trail, { onProgress: (seq: number) => progress.push(seq) })
  t.comment(`10,000 entries in ${Math.round(performance.now() - startedAt)} ms`)
  t.match(verified, { fault: undefined, entries: 10_000, head: { seq: 10_000 } })
  t.equal(trail.asked, 10)
  t.equal(progress.length, 10)
})

t.test('what is appended while it is checked is left for another time', async (t) => {
  const trail = new Trail().append(2_500)
  const verified = await checked(trail, { onProgress: () => trail.append(3) })
  t.match(verified, { fault: undefined, entries: 2_500, head: { seq: 2_500 } })
  t.ok(trail.rows.length > 2_500)
})

t.test('a fault that is gone at a second look was retention at work, and no fault', async (t) => {
  const trail = new Trail().append(10)
  const [fifth] = trail.rows.splice(4, 1)
  const { entries } = trail
  trail.entries = async (page) => {
    const found = await entries.call(trail, page)
    if (trail.asked === 1 && fifth) trail.rows.splice(4, 0, fifth)
    return found
  }
  t.match(await checked(trail), { fault: undefined, entries: 10 })
  trail.rows.splice(4, 1)
  t.match(await checked(trail), { fault: { seq: 5, what: 'removed' } })
})

t.test('a record without entries fits, unless one was noted', async (t) => {
  t.match(await checked(new Trail()), { fault: undefined, entries: 0, head: { seq: 0 } })
  const expected = { seq: 3, hash: 'f'.repeat(64) }
  t.match(await checked(new Trail(), { expected }), { fault: { seq: 1, what: 'removed' } })
})
