/**
 * A configuration file to frozen settings, or every problem in it at once, each as `file:line: path: message`.
 * @module
 */

import { dirname } from 'node:path'
import { checkSettings } from './check-settings.ts'
import { explainIssue } from './explain-issue.ts'
import { interpolate } from './interpolate.ts'
import { parseYaml } from './parse-yaml.ts'
import { createReporter, pathText, type SettingPath } from './problems.ts'
import { type OnRead, readTextFile } from './read-text-file.ts'
import { type Settings, settings } from './schema/settings.ts'

export type LoadedSettings =
  | {
      readonly ok: true
      readonly settings: Settings
      readonly file: string
      /** What is allowed but probably not meant, in the form of problems. */
      readonly warnings: readonly string[]
      /** `file:line: path` of a setting, for problems that are found later. */
      locate(path: SettingPath): string
    }
  | { readonly ok: false; readonly problems: readonly string[] }

export interface LoadOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Told of `file` and of every file that it refers to. */
  readonly onRead?: OnRead
}

/**
 * Reads `file` once. References are resolved against `env` and the file's own folder; the paths of
 * `keys.file` and `store.sqlite.path` stay as they are, relative to the working directory. Never throws for
 * what the file holds, and no problem repeats a value.
 */
export function loadSettings(file: string, { env, onRead }: LoadOptions): LoadedSettings {
  const read = readTextFile(file, '.', onRead)
  if (!read.ok) return { ok: false, problems: [`${file}: ${read.problem}`] }

  const malformed: string[] = []
  const unresolved: { readonly path: SettingPath; readonly message: string }[] = []
  const scope = { env, folder: dirname(file), ...(onRead === undefined ? {} : { onRead }) }
  const yaml = parseYaml(read.text, {
    scalar: (text, path) => interpolate(text, scope, (message) => unresolved.push({ path, message })),
    malformed: (line, message) => malformed.push(`${file}:${line}: ${message}`),
  })
  // The structure of a malformed file is a guess, and problems found in a guess mislead.
  if (malformed.length > 0) return { ok: false, problems: malformed }

  const locate = (path: SettingPath) => {
    const where = `${file}:${yaml.lineOf(path)}`
    return path.length === 0 ? where : `${where}: ${pathText(path)}`
  }
  const problems = createReporter(locate)
  const warnings = createReporter(locate)
  for (const { path, message } of unresolved) problems.report(path, message)

  const parsed = settings.safeParse(yaml.value)
  const notResolved = new Set(unresolved.map(({ path }) => pathText(path)))
  for (const issue of parsed.error?.issues ?? []) {
    explainIssue(issue, yaml.value, (path, message) => {
      if (!notResolved.has(pathText(path))) problems.report(path, message)
    })
  }
  checkSettings(parsed.data ?? soundSections(yaml.value), problems.report, warnings.report)

  if (parsed.data === undefined || problems.lines().length > 0)
    return { ok: false, problems: problems.lines() }
  return { ok: true, settings: frozen(parsed.data), file, warnings: warnings.lines(), locate }
}

/** The sections that are right by themselves, so that a slip in one does not hide what is wrong between others. */
function soundSections(value: unknown): Partial<Settings> {
  if (typeof value !== 'object' || value === null) return {}
  const sections: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(settings.shape)) {
    const parsed = schema.safeParse((value as Record<string, unknown>)[name])
    if (parsed.success) sections[name] = parsed.data
  }
  return sections
}

function frozen<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) frozen(inner)
  return Object.freeze(value)
}
