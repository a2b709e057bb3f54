/**
 * An announcement stands only for changes that were committed before it began, and there are never many at a time.
 * @module
 */

import t from 'tap'
import type { Propagation } from '../../../src/tokens/cache/revocation-announcer.ts'
import { shareAnnouncements } from '../../../src/tokens/cache/shared-announcement.ts'

function scene() {
  const begun: PromiseWithResolvers<Propagation>[] = []
  const hold = shareAnnouncements(() => {
    const announcement = Promise.withResolvers<Propagation>()
    begun.push(announcement)
    return announcement.promise
  })
  const end = (index: number, everywhere = true) =>
    begun[index]?.resolve({ everywhere, waitedMs: 0, replicas: undefined })
  return { begun, hold, end }
}

t.test('whoever comes while one is under way waits for the next, which all of them share', async (t) => {
  const { begun, hold, end } = scene()
  const first = hold()
  const later = [hold(), hold(), hold()]
  t.equal(begun.length, 1)
  end(0)
  t.match(await first, { everywhere: true })
  await Promise.resolve()
  t.equal(begun.length, 2)
  end(1, false)
  for (const one of later) t.match(await one, { everywhere: false })
  t.equal(begun.length, 2)
})

t.test('one that fails fails for those who wait for it alone', async (t) => {
  const { begun, hold, end } = scene()
  const first = hold()
  const second = hold()
  begun[0]?.reject(new Error('broken'))
  await t.rejects(first, { message: 'broken' })
  end(1)
  t.match(await second, { everywhere: true })
})

t.test('behind the last of them a new one begins at once', async (t) => {
  const { begun, hold, end } = scene()
  const first = hold()
  end(0)
  await first
  const second = hold()
  t.equal(begun.length, 2)
  end(1)
  t.match(await second, { everywhere: true })
})
