/**
 * Counts outlive a configuration, and limits that are asked together are used together or not at all.
 * @module
 */

import t from 'tap'
import { type Address, parseAddress } from '../../../src/client-address/address.ts'
import type { LimitSettings } from '../../../src/config/schema/limits.ts'
import type { LimitNotes } from '../../../src/limits/ask-limits.ts'
import { LimitBook, type LimitServices } from '../../../src/limits/limit-book.ts'

const clock = { now: () => 28_333_334 * 60_000 }
const client = parseAddress('192.0.2.1') as Address
const party = { route: { name: 'api' }, client, token: undefined }
const limit: LimitSettings = {
  ...{ by: ['address'], requests: 3, per: 60_000, exact: false, announce: true, everyRoute: false },
}

type Run = NonNullable<LimitServices['redis']>['client']['run']

/** A book with a Redis that answers as told. */
function bookWith(run: Run): { book: LimitBook; exceeded: string[] } {
  const book = new LimitBook(clock)
  const exceeded: string[] = []
  const client = { run, runOnSlot: () => Promise.reject(new Error('down')) }
  book.open({
    redis: { client, prefix: '', hash: (text) => text.reveal() },
    onExceeded: (name) => exceeded.push(name),
  })
  t.teardown(() => book.close())
  return { book, exceeded }
}

function asker(book: LimitBook, settings: Record<string, LimitSettings>) {
  const { beforeLookup } = book.limitsOf({ limits: Object.keys(settings), mode: 'enforce' }, settings)
  if (beforeLookup === undefined) throw new Error('there is no limit')
  return async () => {
    const notes: LimitNotes = { limit: undefined, standings: undefined, shadowed: undefined }
    const answer = beforeLookup(party, notes)
    const refusal = await answer
    const left = notes.standings?.map(({ remaining }) => remaining)
    return { code: refusal?.code, left, isWaiting: answer instanceof Promise }
  }
}

t.test('a route without limits asks nobody', async (t) => {
  const limits = new LimitBook(clock).limitsOf({ limits: [], mode: 'enforce' }, { a: limit })
  t.strictSame(limits, { beforeLookup: undefined, afterGrant: undefined })
})

t.test('a limit that a reload leaves alone, or gives another number, counts on', async (t) => {
  const book = new LimitBook(clock)
  await asker(book, { a: limit })()
  book.keepOnly({ a: limit }, [])
  t.match(await asker(book, { a: limit })(), { left: [1] })
  t.match(await asker(book, { a: { ...limit, requests: 10 } })(), { left: [7] })
  t.match(await asker(book, { a: { ...limit, requests: 2 } })(), { code: 'rate_limited', left: [0] })
  t.match(await asker(book, { a: { ...limit, by: ['route'] } })(), { left: [2] }, 'by something else')
  book.keepOnly({}, [])
  t.match(await asker(book, { a: limit })(), { left: [2] }, 'one that was gone begins anew')
})

t.test('without an exact limit no request waits, whatever Redis does', async (t) => {
  const { book } = bookWith(() => new Promise(() => {}))
  const ask = asker(book, { a: limit })
  for (const left of [2, 1, 0]) t.strictSame(await ask(), { code: undefined, left: [left], isWaiting: false })
  t.strictSame(await ask(), { code: 'rate_limited', left: [0], isWaiting: false })
})

t.test('what an exact limit refuses uses up none of the others', async (t) => {
  let answer = '0'
  const { book, exceeded } = bookWith(async () => answer)
  const ask = asker(book, { a: limit, b: { ...limit, exact: true } })
  t.match(await ask(), { code: 'rate_limited', left: [3, 0] })
  t.strictSame(exceeded, ['b'])
  answer = '1'
  t.match(await ask(), { code: 'rate_limited', isWaiting: false }, 'it is known to be used up')
})

t.test('an exact limit whose question fails is counted here', async (t) => {
  const { book } = bookWith(() => Promise.reject(new Error('down')))
  const ask = asker(book, { b: { ...limit, exact: true } })
  for (const left of [2, 1, 0]) t.match(await ask(), { code: undefined, left: [left] })
  t.match(await ask(), { code: 'rate_limited' })
})

t.test('answers that come late admit nobody beyond what was used meanwhile', async (t) => {
  const { book } = bookWith(() => Promise.reject(new Error('down')))
  const ask = asker(book, { b: { ...limit, exact: true } })
  const codes = (await Promise.all(Array.from({ length: 10 }, ask))).map(({ code }) => code)
  t.equal(codes.filter((code) => code === undefined).length, 3)
})
