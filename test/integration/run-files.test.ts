/**
 * The runner of the tests themselves: what fails, and what never came to its end, is told and counted.
 * @module
 */

import t from 'tap'
import { type Pass, runFiles } from '../support/run-files.ts'

const passing = {
  'passes.test.ts': "t.ok(true); t.test('is later', { skip: true }, async () => t.ok(true))",
}
const failing = {
  'adds.test.ts': "t.test('adds', async (t) => { t.ok(true); t.equal(1, 2) })",
  'hangs.test.ts': "t.test('waits', () => new Promise(() => setInterval(() => {}, 60_000)))",
  'stands-still.test.ts': "t.test('turns', async () => { for (;;); })",
  'leaves.test.ts': "t.test('leaves', async (t) => { t.ok(true); process.exit(0) })",
  'throws.test.ts': "t.ok(true); throw new Error('broken')",
  'is-killed.test.ts': "t.ok(true); process.kill(process.pid, 'SIGKILL')",
  'ends-badly.test.ts': "t.ok(true); process.on('exit', () => { process.exitCode = 3 })",
  'says-nothing.test.ts': 'process.reallyExit(0)',
}
const root = t.testdir(
  Object.fromEntries(
    Object.entries({ ...passing, ...failing }).map(([name, test]) => [
      name,
      `import t from 'tap'\n${test}\n`,
    ]),
  ),
)

/** What was counted and told, without the times. */
async function run(pass: Pass, interrupted = new AbortController().signal) {
  const lines: string[] = []
  const print = (line: string) => void lines.push(line.replace(/ \(\d+ ms\)$/, ''))
  const counts = await runFiles(pass, { root, env: process.env, interrupted, print })
  return { ...counts, lines }
}

t.test('a file that passes is one line', async (t) => {
  t.strictSame(await run({ files: Object.keys(passing) }), {
    passed: 1,
    failed: 0,
    lines: ['ok   passes.test.ts'],
  })
})

t.test('a failed assertion is named once, with its place and its difference', async (t) => {
  const { passed, failed, lines } = await run({ files: ['adds.test.ts'] })
  t.strictSame({ passed, failed }, { passed: 1, failed: 1 })
  t.strictSame(lines.slice(0, 2), ['FAIL adds.test.ts', '  ✗ adds.test.ts › adds › should be equal'])
  t.equal(lines.filter((line) => line.includes('✗')).length, 1, 'and not for every test around it')
  t.ok(lines.includes('      -2') && lines.includes('      +1'))
  t.notOk(lines.some((line) => line.includes('source:')))
})

t.test('whatever else becomes of a file, it has failed unless it came to its end', async (t) => {
  for (const file of Object.keys(failing)) {
    const { failed, lines } = await run({ files: [file], timeoutMs: 500 })
    t.ok(failed > 0, file)
    t.equal(lines[0], `FAIL ${file}`)
    t.match(lines[1], `  ✗ ${file}`)
  }
})

t.test('every file is run once, but those that are left out', async (t) => {
  const files = ['*.test.ts', 'passes.test.ts', 'adds.test.ts']
  const except = ['hangs.test.ts', 'st*', 'ends-badly.test.ts']
  const { lines } = await run({ files, except, jobs: 2 })
  const ran = lines.flatMap((line) => /^(?:ok {2}|FAIL) (.*)/.exec(line)?.[1] ?? [])
  const names = Object.keys({ ...passing, ...failing })
  t.strictSame(ran.toSorted(), names.filter((name) => !/^(hangs|st|ends)/.test(name)).toSorted())
  await t.rejects(run({ files: ['passes.test.ts', 'gone.test.ts'] }), /there is no test file gone\.test\.ts/)
})

t.test('an interruption ends what runs, and starts nothing more', async (t) => {
  const interrupt = new AbortController()
  const running = run({ files: ['hangs.test.ts', 'passes.test.ts'], jobs: 1 }, interrupt.signal)
  setImmediate(() => interrupt.abort())
  const { passed, failed, lines } = await running
  t.strictSame({ passed, failed }, { passed: 0, failed: 1 })
  t.equal(lines[0], 'FAIL hangs.test.ts')
})
