/**
 * Whatever two sides say to each other in good faith arrives, byte for byte, but for what docs/headers.md says.
 * @module
 */

import t from 'tap'
import { holdGenerated, startHolding } from './generated/hold-exchanges.ts'

t.test('ten thousand exchanges arrive on both sides as they were sent', async (t) => {
  const hold = await startHolding(t)
  const held = await holdGenerated(hold, 10_000)
  t.ok(held >= 10_000, `${held} exchanges`)
})
