/**
 * Turns what the schema found wrong into sentences of ours. None repeats the value that was found: it may be
 * a secret that came from the environment.
 * @module
 */

import type { z } from 'zod'
import { knownKeys } from './json-schema.ts'
import { nearestName } from './nearest-name.ts'
import type { Report, SettingPath } from './problems.ts'

type Issue = z.core.$ZodIssue

/** Reports one issue of the schema; `value` is what the schema was given. */
export function explainIssue(issue: Issue, value: unknown, report: Report): void {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))
  if (issue.code === 'unrecognized_keys') {
    const names = knownKeys(path)
    for (const key of issue.keys) report([...path, key], unknownKey(key, names))
    return
  }
  report(path, isMissing(path, value) ? `is required; ${sentence(issue)}` : sentence(issue))
}

function sentence(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${typeNames[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `expected one of ${issue.values.join(', ')}`
    case 'too_small':
      return issue.origin === 'array' || issue.origin === 'string'
        ? 'must not be empty'
        : `expected at least ${issue.minimum}`
    case 'too_big':
      return `expected at most ${issue.maximum}`
    case 'invalid_key':
      return issue.issues.map(sentence).join('; ')
    case 'invalid_format':
    case 'invalid_union':
    case 'custom':
      // Written in the schema, without the value.
      return issue.message
    case 'unrecognized_keys':
    case 'not_multiple_of':
    case 'invalid_element':
      return 'is not valid here'
    default:
      return issue satisfies never
  }
}

const typeNames: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: 'text (a number or true/false needs quotes)',
}

function unknownKey(key: string, names: readonly string[]): string {
  const near = nearestName(key, names)
  return near === undefined
    ? `unknown key; known here: ${names.join(', ')}`
    : `unknown key; did you mean «${near}»?`
}

function isMissing(path: SettingPath, value: unknown): boolean {
  let at = value
  for (const step of path) {
    if (typeof at !== 'object' || at === null) return true
    at = Object.hasOwn(at, step) ? (at as Record<string | number, unknown>)[step] : undefined
  }
  return at === undefined
}
