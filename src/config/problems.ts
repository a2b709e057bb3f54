/**
 * How a part of the gateway says what is wrong with the settings it was given. All problems of a file are
 * reported at once, each as `file:line: path: message`.
 * @module
 */

/** Where in the settings a problem lies: `['routes', 0, 'match', 'path']`. */
export type SettingPath = readonly (string | number)[]

/** Takes one problem. The message is one plain sentence that says what to write instead, and holds no secret. */
export type Report = (path: SettingPath, message: string) => void

/** Collects problems as lines that an editor can jump to. */
export interface Reporter {
  readonly report: Report
  /** What was reported so far, in the order of the file. */
  lines(): readonly string[]
}

/** `locate` yields `file:line: path` of a setting, as `loadSettings` hands it out. */
export function createReporter(locate: (path: SettingPath) => string): Reporter {
  const problems = new Set<string>()
  return {
    // One problem is one line: what a parser draws below its sentence is left out.
    report: (path, message) => problems.add(`${locate(path)}: ${message.split('\n', 1)[0]}`),
    lines: () => [...problems].sort(inOrderOfLines.compare),
  }
}

/** Compares digits as numbers, so that line 9 stands before line 10. */
const inOrderOfLines = new Intl.Collator('en', { numeric: true })

/** `routes[0].match.path`; a key that is no plain word is quoted: `upstreams["a.b"]`. */
export function pathText(path: SettingPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    if (!/^[A-Za-z0-9_-]+$/.test(step)) return `${text}[${JSON.stringify(step)}]`
    return text === '' ? step : `${text}.${step}`
  }, '')
}
