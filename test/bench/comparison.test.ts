/**
 * The bench compares what it says, on a machine where the peers may be missing; its figures are of no interest here.
 * @module
 */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const bench = join(import.meta.dirname, '../../bench')
const run = promisify(execFile)
const node = (script: string, ...args: readonly string[]) =>
  run(process.execPath, [join(bench, script), ...args])
const brief = ['--rounds', '1', '--seconds', '1']

t.test('measures each subject in the scenarios that it can do, and no other', async (t) => {
  const folder = t.testdir()
  const what = ['--scenario', 'tenth-refused,condition', '--subjects', 'direct,nginx-auth,gateway']
  const { stdout } = await node('run.ts', ...what, ...brief, '--results', folder)
  t.equal(readFileSync(join(folder, 'latest.md'), 'utf8'), stdout)
  t.match(stdout, /^\| CEL condition \| – \| – \| [\d.]+ \|$/m)
  t.match(stdout, /^\| every tenth refused \| – \| [\d.]+ \| [\d.]+ \|$/m)
  t.match(readFileSync(join(folder, 'latest.svg'), 'utf8'), /^<svg .*<\/svg>\n$/s)

  const { scenarios } = JSON.parse(readFileSync(join(folder, 'latest.json'), 'utf8'))
  t.match(scenarios, [{ name: 'condition' }, { name: 'tenth-refused' }])
  for (const { subjects } of scenarios) {
    const figures = { requestsPerSecond: Number, p50Us: Number, p999Us: Number, cpuUsPerRequest: Number }
    t.match(subjects.Sallyport, figures)
    t.ok(subjects.Sallyport.residentBytes > 50_000_000)
  }
})

t.test('measures what a gateway costs as rules become many', async (t) => {
  const folder = t.testdir()
  const { stdout } = await node('growth/run.ts', '--series', 'rules', ...brief, '--results', folder)
  t.equal(readFileSync(join(folder, 'growth.md'), 'utf8'), stdout)
  const { found } = JSON.parse(readFileSync(join(folder, 'growth.json'), 'utf8'))
  t.match(found.rules.at(0), [1, Number])
  t.match(found.rules.at(-1), [8, Number])
  t.match(readFileSync(join(folder, 'growth.svg'), 'utf8'), /<polyline /)
})

t.test('shows where the time goes, by layer and as a flame graph', async (t) => {
  const folder = t.testdir()
  const { stdout } = await node('profile/run.ts', 'memory-hit', '--seconds', '1', '--results', folder)
  t.match(stdout, /^\| kernel: sending \| [\d.]+ % \| [\d.]+ \|$/m)
  t.match(stdout, /^\| ours: forward \|/m)
  const shares = [...stdout.matchAll(/\| ([\d.]+) % \|/g)].map(([, share]) => Number(share))
  const sum = shares.reduce((total, share) => total + share, 0)
  t.ok(Math.abs(sum - 100) < 2, `the shares are ${sum} % in all`)
  t.match(
    readFileSync(join(folder, 'profile-memory-hit.svg'), 'utf8'),
    /<title>handleRequest: [\d.]+ % \(ours/,
  )
})

t.test('says how they are called', async (t) => {
  await t.rejects(node('run.ts', '--scenario', 'none'), { code: 2, stderr: /no such thing as none/ })
  await t.rejects(node('run.ts', '--rounds', '0'), { code: 2, stderr: /--rounds/ })
  await t.rejects(node('growth/run.ts', '--series', 'none'), { code: 2, stderr: /--series A,B/ })
  await t.rejects(node('profile/run.ts'), { code: 2, stderr: /one of memory-hit/ })
})
