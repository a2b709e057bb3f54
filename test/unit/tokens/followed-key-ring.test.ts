/**
 * A key ring that follows its file: every way in which a file gets another content, and every way in which it breaks.
 * Time does not pass here: a tick of the timer is a call of `reload`.
 * @module
 */

import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { emptyChain, extendChain } from '../../../src/audit/chain.ts'
import { decodeEntry } from '../../../src/audit/entry.ts'
import { ChainVerifier } from '../../../src/audit/verify-chain.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { FollowedKeyRing } from '../../../src/tokens/keys/followed-key-ring.ts'
import { changeKeyRing, isPrivate, writeKeyRing } from '../../../src/tokens/keys/key-ring-file.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { retireKey, rotateKey, stageKey } from '../../../src/tokens/keys/rotate-key-ring.ts'
import { actAt } from '../../support/act.ts'
import { until } from '../../support/until.ts'

const silent = { info() {}, warn() {} }
const clock = { now: () => Date.UTC(2026, 0, 31) }

function follow(file: string) {
  const told: string[] = []
  const rings: (readonly string[])[] = []
  const log = {
    info: (_fields: object, message: string) => void told.push(message),
    warn: (fields: object, message: string) => void told.push(`${message}: ${JSON.stringify(fields)}`),
  }
  const ring = new FollowedKeyRing({ file }, { log })
  ring.follow(({ keyIds }) => rings.push(keyIds))
  return { ring, told, rings }
}

function ringFile(t: Test): string {
  const file = join(t.testdir(), 'keys.json')
  writeKeyRing(file, newKeyRing(clock))
  return file
}

function textWith(file: string, change: typeof stageKey): string {
  const copy = `${file}.copy`
  writeFileSync(copy, readFileSync(file), { mode: 0o600 })
  changeKeyRing(copy, (ring) => change(ring, clock))
  return readFileSync(copy, 'utf8')
}

t.test(
  'every step of a rotation is followed, and what any key sealed opens until the key is gone',
  async (t) => {
    const file = ringFile(t)
    const { ring, rings } = follow(file)
    const sealed = ring.seal('entry', 'place')
    changeKeyRing(file, (material) => stageKey(material, clock))
    ring.reload()
    t.equal(ring.seal('entry', 'place').toString('latin1', 2, 4), 'k1', 'a staged key makes nothing')
    changeKeyRing(file, (material) => rotateKey(material, clock))
    ring.reload()
    t.equal(ring.seal('entry', 'place').toString('latin1', 2, 4), 'k2')
    t.equal(ring.open(sealed, 'place')?.toString(), 'entry')
    changeKeyRing(file, (material) => retireKey(material, 'k1'))
    ring.reload()
    t.equal(ring.open(sealed, 'place'), undefined)
    t.same(rings, [['k1', 'k2'], ['k2', 'k1'], ['k2']])
  },
)

t.test('the audit record goes on under the key in force, and what an earlier one sealed fits', (t) => {
  const file = ringFile(t)
  const { ring } = follow(file)
  const first = extendChain(emptyChain, ring, actAt(1), { deed: 'subject_added' })
  changeKeyRing(file, (material) => rotateKey(material, clock))
  ring.reload()
  const second = extendChain(first, ring, actAt(2), { deed: 'key_rotated' })
  t.equal(decodeEntry(first.entry)?.key, 'k1')
  t.equal(decodeEntry(second.entry)?.key, 'k2')
  const verifier = new ChainVerifier(ring)
  for (const link of [first, second]) t.equal(verifier.next(link), undefined)
  t.equal(verifier.end(second), undefined)
  t.end()
})

t.test('the timer reads the file, and lets go of it when it is stopped', async (t) => {
  const file = ringFile(t)
  const { ring, rings } = follow(file)
  ring.start()
  changeKeyRing(file, (material) => rotateKey(material, clock))
  await until(() => rings.length === 1)
  ring.stop()
})

t.test('a mounted secret is followed through its links', async (t) => {
  // As Kubernetes does it: keys.json → ..data/keys.json, and ..data is replaced by renaming.
  const folder = t.testdir()
  mkdirSync(join(folder, '..2026_01'))
  mkdirSync(join(folder, '..2026_02'))
  writeKeyRing(join(folder, '..2026_01', 'keys.json'), newKeyRing(clock))
  const next = textWith(join(folder, '..2026_01', 'keys.json'), rotateKey)
  writeFileSync(join(folder, '..2026_02', 'keys.json'), next, { mode: 0o400 })
  symlinkSync('..2026_01', join(folder, '..data'))
  symlinkSync('..data/keys.json', join(folder, 'keys.json'))
  const { ring } = follow(join(folder, 'keys.json'))
  symlinkSync('..2026_02', join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  rmSync(join(folder, '..2026_01'), { recursive: true })
  t.same(ring.refresh().keyIds, ['k2', 'k1'])
})

t.test('asked for the ring of now, it reads a file that has changed and no other', async (t) => {
  const file = ringFile(t)
  const { ring } = follow(file)
  const before = ring.current
  t.equal(ring.refresh(), before)
  changeKeyRing(file, (material) => stageKey(material, clock))
  t.equal(ring.current, before)
  t.same(ring.refresh().keyIds, ['k1', 'k2'])
  t.equal(ring.refresh(), ring.current)
})

t.test('a file written in place, with the length and the time of before, is followed', async (t) => {
  const file = ringFile(t)
  writeFileSync(file, textWith(file, stageKey))
  const { ring } = follow(file)
  const [text, { mtime }] = [readFileSync(file, 'utf8'), statSync(file)]
  const other = text.replace('"current": "k1"', '"current": "k2"')
  t.equal(other.length, text.length)
  writeFileSync(file, other)
  utimesSync(file, mtime, mtime)
  ring.reload()
  t.same(ring.current.keyIds, ['k2', 'k1'])
})

for (const [what, breakIt] of Object.entries({
  'is gone': (file: string) => rmSync(file),
  'is half written': (file: string) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, 40)),
  'is empty': (file: string) => writeFileSync(file, ''),
  'may be read by others': (file: string) => chmodSync(file, 0o644),
  'is a folder': (file: string) => {
    rmSync(file)
    mkdirSync(file, { mode: 0o700 })
  },
  'has another secret for a key that is in use': (file: string) =>
    writeFileSync(file, newKeyRing(clock).reveal()),
})) {
  t.test(`a file that ${what} leaves the ring in force, is told once, and is followed again`, async (t) => {
    const file = ringFile(t)
    const { ring, told, rings } = follow(file)
    const good = readFileSync(file, 'utf8')
    const before = ring.current
    breakIt(file)
    for (let tick = 0; tick < 3; tick++) ring.reload()
    t.equal(ring.refresh(), before)
    t.equal(ring.state, 'outdated')
    t.equal(told.length, 1)
    t.match(told[0], /the last good one stays/)
    for (const { secret } of JSON.parse(good).keys) t.notMatch(told[0], secret)

    rmSync(file, { recursive: true, force: true })
    writeFileSync(file, good, { mode: 0o600 })
    ring.reload()
    t.equal(ring.state, 'followed')
    t.equal(ring.current, before, 'the ring of before is no change')
    changeKeyRing(file, (material) => stageKey(material, clock))
    ring.reload()
    t.same(rings, [['k1', 'k2']])
    t.equal(told.length, 3)
  })
}

t.test('each change of a broken file is told', async (t) => {
  const file = ringFile(t)
  const { ring, told } = follow(file)
  for (const text of ['{', '{', '{}', '[']) {
    writeFileSync(file, text)
    ring.reload()
  }
  t.equal(told.length, 3)
})

t.test('a ring from a setting is never read again', async (t) => {
  const text = newKeyRing(clock).reveal()
  const ring = new FollowedKeyRing({ ring: text }, { log: silent })
  const before = ring.current
  ring.reload()
  t.equal(ring.refresh(), before)
  t.equal(ring.state, 'fixed')
  const both = () => new FollowedKeyRing({ ring: text, file: 'keys.json' }, { log: silent })
  t.throws(both, { message: /remove one/ })
})

t.test('without a good file there is no ring to begin with', async (t) => {
  const file = ringFile(t)
  chmodSync(file, 0o644)
  t.throws(() => follow(file), { message: /chmod 600/ })
})

t.test("a file is private when it is its owner's alone, or the superuser's and of a group", async (t) => {
  const may = (mode: number, uid: number, userId: number) => isPrivate({ mode: 0o100000 | mode, uid }, userId)
  t.ok(may(0o600, 1000, 1000))
  t.ok(may(0o440, 0, 1000), 'a secret that an orchestrator mounts')
  t.ok(may(0o400, 0, 0))
  for (const mode of [0o444, 0o460, 0o450, 0o404, 0o402]) t.notOk(may(mode, 0, 1000))
  t.notOk(may(0o440, 0, 0))
  t.notOk(may(0o440, 1000, 1000))
  t.notOk(may(0o440, 1001, 1000))
})

t.test('digests follow the ring in force', async (t) => {
  const file = ringFile(t)
  const { ring } = follow(file)
  const secret = new Secret('spp_presented')
  const [old] = ring.current.digests(secret)
  changeKeyRing(file, (material) => rotateKey(material, clock))
  const digests = ring.refresh().digests(secret)
  t.equal(digests[0].keyId, 'k2')
  t.same(digests[1], old)
})
