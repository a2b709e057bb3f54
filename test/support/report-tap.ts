/**
 * Turns the TAP of a whole run into what people read: one line for each test file, and for each assertion
 * that failed its sentence, its difference and its place.
 * @module
 */

import { createInterface } from 'node:readline'

export interface Counts {
  readonly passed: number
  readonly failed: number
}

type Print = (line: string) => void

/** Reads TAP to its end and prints as it goes. Yields the counts of assertions, or `undefined` when the run broke off. */
export async function reportTap(tap: NodeJS.ReadableStream, print: Print): Promise<Counts | undefined> {
  let file: string[] = []
  let counts: Counts | undefined
  for await (const line of createInterface({ input: tap })) {
    const point = /^(not )?ok \d+ - (.*)$/.exec(line)
    counts = parseCounts(line) ?? counts
    if (point === null) {
      file.push(line)
      // How the process of a failed file ended, which tap says after the point itself.
      if (/^ {2}(exitCode: (?:[2-9]|\d\d)|signal: [^n]|expired|error)/.test(line)) print(` ${line}`)
      continue
    }
    const isOk = point[1] === undefined
    print(`${isOk ? 'ok  ' : 'FAIL'} ${point[2]?.replace(/ # time=(\d+).*$/, ' ($1 ms)')}`)
    if (!isOk) for (const failure of failuresIn(file)) print(failure)
    file = []
  }
  return counts
}

/** tap's own summary: `# { total: 8, pass: 5, fail: 3 }`. */
function parseCounts(line: string): Counts | undefined {
  const [, passed, failed = '0'] =
    /^# \{ total: \d+(?:, pass: (\d+))?(?:, fail: (\d+))?.* \}$/.exec(line) ?? []
  return passed === undefined ? undefined : { passed: Number(passed), failed: Number(failed) }
}

/** The failed points that are not just the end of a subtest with a failure inside, each with its diagnosis. */
function failuresIn(lines: readonly string[]): readonly string[] {
  const failures: string[] = []
  const titles: string[] = []
  let failedDepth = 0
  for (const [index, line] of lines.entries()) {
    const [, spaces = '', subtest, isNotOk, name] =
      /^( *)(?:# Subtest: (.*)|(not )?ok \d+ - (.*))$/.exec(line) ?? []
    const depth = spaces.length / 4
    if (subtest !== undefined) titles.splice(depth, titles.length, subtest)
    if (isNotOk === undefined || name === undefined) continue
    if (depth < failedDepth) {
      failedDepth = depth
      continue
    }
    failedDepth = depth
    const place = [...titles.slice(0, depth), name.replace(/ # time=.*$/, '')].join(' › ')
    failures.push(`  ✗ ${place}`, ...diagnosis(lines, index + 1, spaces.length + 2))
  }
  return failures
}

/** The YAML block that begins at a line, without the excerpt of the source. */
function diagnosis(lines: readonly string[], start: number, indent: number): readonly string[] {
  if (lines[start]?.trim() !== '---') return []
  const end = lines.findIndex((line, index) => index > start && line === `${' '.repeat(indent)}...`)
  let isSource = false
  return lines
    .slice(start + 1, end)
    .map((line) => line.slice(indent))
    .filter((line) => {
      if (/^\S/.test(line)) isSource = line.startsWith('source:')
      return !isSource
    })
    .map((line) => `    ${line}`)
}
