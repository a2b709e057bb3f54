/**
 * Where a key ring may be read from, and how it is written.
 * @module
 */

import { chmodSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Secret } from '../../../src/lib/secret.ts'
import { readKeyRing, writeKeyRing } from '../../../src/tokens/key-ring-file.ts'
import { newKeyRing } from '../../../src/tokens/key-ring-text.ts'

const ring = newKeyRing({ now: () => Date.UTC(2026, 0, 31) })
const presented = new Secret('spp_presented')

t.test(
  'a written ring is for its owner alone, reads as the same ring and is never overwritten',
  async (t) => {
    const file = join(t.testdir(), 'keys.json')
    writeKeyRing(file, ring)
    t.equal(statSync(file).mode & 0o777, 0o600)
    t.same(readKeyRing({ file }).digest(presented), readKeyRing({ ring: ring.reveal() }).digest(presented))

    t.throws(() => writeKeyRing(file, newKeyRing({ now: () => 0 })), { message: /never overwritten/ })
    t.equal(readFileSync(file, 'utf8'), ring.reveal())
  },
)

t.test('a file that others may use is refused with the command that mends it', async (t) => {
  const file = join(t.testdir(), 'keys.json')
  writeKeyRing(file, ring)
  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o644]) {
    chmodSync(file, mode)
    t.throws(() => readKeyRing({ file }), {
      message: `key ring: others than its owner may use ${file}: run «chmod 600 ${file}»`,
    })
  }
  chmodSync(file, 0o400)
  t.doesNotThrow(() => readKeyRing({ file }))
})

t.test('exactly one of file and ring is taken', async (t) => {
  t.throws(() => readKeyRing({}), { message: /give «keys.file» or «keys.ring»/ })
  t.throws(() => readKeyRing({ file: 'keys.json', ring: ring.reveal() }), { message: /remove one/ })
})

t.test('a missing file and a missing folder are told with what to do', async (t) => {
  const file = join(t.testdir(), 'none', 'keys.json')
  t.throws(() => readKeyRing({ file }), { message: /sallyport key generate/ })
  t.throws(() => writeKeyRing(file, ring), { message: /make it first/ })
})
