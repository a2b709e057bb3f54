/**
 * Lines of a text, however it arrives, and what becomes of a line that never ends.
 * @module
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { linesOf } from '../../../src/lib/lines-of.ts'

async function* inPieces(pieces: Iterable<string>) {
  yield* pieces
}

async function read(pieces: Iterable<string>, lengthMax: number): Promise<string[]> {
  const lines: string[] = []
  for await (const line of linesOf(inPieces(pieces), lengthMax)) lines.push(line)
  return lines
}

t.test('lines are the same however the text is cut', async () => {
  const piece = fc.string({ unit: fc.constantFrom('a', '{', '\n', 'é') })
  await fc.assert(
    fc.asyncProperty(fc.array(piece), async (pieces) => {
      const lines = pieces.join('').split('\n')
      if (lines.at(-1) === '') lines.pop()
      assert.deepEqual(await read(pieces, 1_000), lines)
    }),
  )
})

t.test(
  'of a line that is too long one character more than allowed is kept, and the next is whole',
  async (t) => {
    const text = ['aaaa', 'aaaa', 'a\nb', 'b\naaaaa']
    t.same(await read(text, 3), ['aaaa', 'bb', 'aaaa'])
  },
)

t.test('a line without an end is read without being kept', async (t) => {
  function* endless() {
    const chunk = 'a'.repeat(65_536)
    for (let sent = 0; sent < 20_000; sent++) yield chunk
  }
  const before = process.memoryUsage().rss
  t.equal((await read(endless(), 65_536))[0]?.length, 65_537)
  const grownBy = process.memoryUsage().rss - before
  t.ok(grownBy < 200_000_000, `of 1.3 GB ${grownBy} bytes`)
})
