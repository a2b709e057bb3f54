/**
 * Where a key ring may be read from, and how it is written.
 * @module
 */

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { Secret } from '../../../src/lib/secret.ts'
import {
  changeKeyRing,
  readKeyRing,
  readRingMaterial,
  writeKeyRing,
} from '../../../src/tokens/keys/key-ring-file.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { rotateKey } from '../../../src/tokens/keys/rotate-key-ring.ts'

const clock = { now: () => Date.UTC(2026, 0, 31) }
const ring = newKeyRing(clock)
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

t.test('a changed ring takes the place of its file whole, and stays private', async (t) => {
  const file = join(t.testdir(), 'keys.json')
  writeKeyRing(file, ring)
  const inode = statSync(file).ino
  const changed = changeKeyRing(file, (material) => rotateKey(material, clock))
  t.same(readRingMaterial({ file }), changed)
  t.equal(changed.current.id, 'k2')
  t.not(statSync(file).ino, inode, 'nobody finds a file that is half written')
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.same(readdirSync(dirname(file)), ['keys.json'])
})

t.test('a ring behind a symbolic link is changed where it is', async (t) => {
  const folder = t.testdir()
  mkdirSync(join(folder, 'real'))
  const [file, link] = [join(folder, 'real', 'keys.json'), join(folder, 'keys.json')]
  writeKeyRing(file, ring)
  symlinkSync(file, link)
  changeKeyRing(link, (material) => rotateKey(material, clock))
  t.ok(lstatSync(link).isSymbolicLink())
  t.equal(readRingMaterial({ file }).current.id, 'k2')
})

t.test('a change that fails, or meets another one, leaves the file as it was', async (t) => {
  const file = join(t.testdir(), 'keys.json')
  writeKeyRing(file, ring)
  const fail = () => {
    throw new Error('changed my mind')
  }
  t.throws(() => changeKeyRing(file, fail), { message: 'changed my mind' })
  t.notOk(existsSync(`${file}.next`))

  writeFileSync(`${file}.next`, '')
  t.throws(() => changeKeyRing(file, (material) => rotateKey(material, clock)), {
    message: /another change is under way/,
  })
  t.ok(existsSync(`${file}.next`), 'what somebody else writes is theirs')
  t.equal(readFileSync(file, 'utf8'), ring.reveal())
})
