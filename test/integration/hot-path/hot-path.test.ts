/**
 * What a request with a known token may cost, in counts: seconds say more about the machine, and change with it.
 * @module
 */

import t from 'tap'
import { countedGateway } from './counted.ts'

/** Until the compiler has made of the code what it will. */
const warmups = 16_000
const requests = 2_000

t.test('a request makes two promises: its story, and the watch over a failure of it', async (t) => {
  const gateway = await countedGateway(t, { what: 'promises' })
  await gateway.ask(80)
  const before = await gateway.tally()
  await gateway.ask(requests)
  const { promises } = await gateway.tally()
  t.equal(promises - before.promises, 2 * requests)
})

t.test('no more where the upstream gets an assertion, once it is signed', async (t) => {
  const gateway = await countedGateway(t, { what: 'promises', route: { assertion: {} } })
  await gateway.ask(80)
  const before = await gateway.tally()
  await gateway.ask(requests)
  const { promises } = await gateway.tally()
  t.equal(promises - before.promises, 2 * requests)
})

t.test('a request and its answer are one write to each side', async (t) => {
  const gateway = await countedGateway(t)
  await gateway.ask(80)
  const before = await gateway.tally()
  await gateway.ask(requests)
  const { writes } = await gateway.tally()
  t.equal(writes - before.writes, 2 * requests)
})

t.test('a request allocates no more than it did, and nothing of it gets old', async (t) => {
  // Room enough that nothing but the collection of what is young takes place: what gets old stays to be seen.
  const gateway = await countedGateway(t, { flags: ['--initial-old-space-size=1024'] })
  await gateway.ask(warmups)
  const before = await gateway.tally()
  await gateway.ask(10 * requests)
  const after = await gateway.tally()
  const allocated = (after.allocatedBytes - before.allocatedBytes) / (10 * requests)
  const kept = (after.oldBytes - before.oldBytes) / (10 * requests)
  t.comment(`${Math.round(allocated)} bytes allocated for each request, ${Math.round(kept)} of them kept`)
  // 14.1 KB when this was written, and a quarter.
  t.ok(allocated < 17_700, `${Math.round(allocated)} bytes allocated`)
  // Around 35 when this was written, of which most is compiled code; an exchange is some 2,900.
  t.ok(kept < 500, `${Math.round(kept)} bytes kept`)
})

t.test('nothing of a request with a body gets old either', async (t) => {
  const gateway = await countedGateway(t, { flags: ['--initial-old-space-size=1024'], body: 'a'.repeat(200) })
  await gateway.ask(warmups)
  const before = await gateway.tally()
  await gateway.ask(10 * requests)
  const kept = ((await gateway.tally()).oldBytes - before.oldBytes) / (10 * requests)
  t.comment(`${Math.round(kept)} bytes of each request kept`)
  t.ok(kept < 500, `${Math.round(kept)} bytes kept`)
})
