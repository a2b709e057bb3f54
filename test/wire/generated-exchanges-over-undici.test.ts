/**
 * What arrives as it was sent over our own client does so over the client for TLS upstreams.
 * @module
 */

import t from 'tap'
import { useUndici } from '../support/upstream-client.ts'
import { holdGenerated, startHolding } from './generated/hold-exchanges.ts'

t.test('a thousand exchanges arrive on both sides as they were sent', async (t) => {
  useUndici()
  const hold = await startHolding(t)
  const held = await holdGenerated(hold, 1_000)
  t.ok(held >= 1_000, `${held} exchanges`)
})
