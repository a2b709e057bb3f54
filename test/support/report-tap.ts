/**
 * What a test file says in TAP, turned into what people read: its counts, and for each assertion that failed its
 * sentence, its difference and its place.
 * @module
 */

export interface Counts {
  readonly passed: number
  readonly failed: number
}

/** tap's own summary, the last that a file says: `# { total: 8, pass: 5, fail: 3 }`. `undefined` when it broke off. */
export function countsIn(lines: readonly string[]): Counts | undefined {
  const summary = lines.findLast((line) => line.startsWith('# { total: ')) ?? ''
  const [, passed, failed = '0'] =
    /^# \{ total: \d+(?:, pass: (\d+))?(?:, fail: (\d+))?.* \}$/.exec(summary) ?? []
  return passed === undefined ? undefined : { passed: Number(passed), failed: Number(failed) }
}

/** The failed points that are not just the end of a subtest with a failure inside, each with its diagnosis. */
export function failuresIn(file: string, lines: readonly string[]): readonly string[] {
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
    const place = [file, ...titles.slice(0, depth), name.replace(/ # time=.*$/, '')].join(' › ')
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
