/**
 * The bench of large stores works, on a small one.
 * @module
 */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const script = join(import.meta.dirname, '../../../bench/scale/run.ts')
const run = promisify(execFile)

t.test('fills a store, asks every question of it, and writes what it took', async (t) => {
  const folder = t.testdir()
  const size = ['--tokens', '2000', '--samples', '5', '--results', folder]
  const { stdout } = await run(process.execPath, [script, ...size])
  t.match(stdout, /^2,000 tokens; inserted in /)
  t.equal(readFileSync(join(folder, 'scale-2000.md'), 'utf8'), stdout)

  const { figures, feats, size: store } = JSON.parse(readFileSync(join(folder, 'scale-2000.json'), 'utf8'))
  for (const what of ['look-up, ring of 3 keys, known', 'page: large project, expired, deep', 'rotate']) {
    t.match(figures[what], { samples: 5, medianMs: Number, p99Ms: Number }, what)
  }
  t.ok(feats['revoke by subject'].tokens > 0)
  t.ok(feats.purge.tokens > 0)
  t.ok(store.bytes.tokens > 2_000 * 100)
})

t.test('says how it is called', async (t) => {
  for (const wrong of [
    ['--tokens', 'many'],
    ['--samples', '0'],
  ]) {
    await t.rejects(run(process.execPath, [script, ...wrong]), { code: 2, stderr: /--tokens N/ })
  }
})
