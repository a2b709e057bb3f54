/**
 * References in a text: `${env:NAME}`, `${env:NAME:-default}` and `${file:PATH}`; `$${` stands for `${`.
 * What a reference yields is text: it is never read as YAML and never searched for references again.
 * @module
 */

import { type OnRead, readTextFile } from './read-text-file.ts'

export interface ReferenceScope {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder that the paths of `${file:PATH}` are relative to. */
  readonly folder: string
  readonly onRead?: OnRead
}

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g
const environment = /^env:([A-Za-z_][A-Za-z0-9_]*)(:-.*)?$/s
const file = /^file:(.+)$/s

/**
 * The text with every reference replaced. A reference that yields nothing is told to `report`, in a sentence
 * that may name the variable or the file but never holds a value.
 */
export function interpolate(text: string, scope: ReferenceScope, report: (problem: string) => void): string {
  return text.replace(reference, (whole: string, body: string | undefined, end: string) => {
    if (body === undefined) return '${'
    if (end === '') {
      report('a reference is not closed: write «}» after it, or «$${» for a literal «${»')
      return whole
    }
    return resolve(body, scope, report)
  })
}

function resolve(body: string, scope: ReferenceScope, report: (problem: string) => void): string {
  const [, name, fallback] = environment.exec(body) ?? []
  if (name !== undefined) return fromEnvironment(name, fallback?.slice(2), scope, report)
  const [, path] = file.exec(body) ?? []
  if (path !== undefined) return fromFile(path, scope, report)
  report(
    'a reference is neither ${env:NAME}, ${env:NAME:-default} nor ${file:PATH}; write «$${» for a literal «${»',
  )
  return ''
}

/** As in a shell, an empty variable counts as one that is not set: an empty secret is a mistake, not a secret. */
function fromEnvironment(
  name: string,
  fallback: string | undefined,
  { env }: ReferenceScope,
  report: (problem: string) => void,
): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value !== undefined && value !== '') return value
  if (fallback !== undefined) return fallback
  report(
    `the environment variable ${name} is not set or empty; set it or write a default: \${env:${name}:-default}`,
  )
  return ''
}

function fromFile(
  path: string,
  { folder, onRead }: ReferenceScope,
  report: (problem: string) => void,
): string {
  const read = readTextFile(path, folder, onRead)
  if (read.ok) return read.text.replace(/\r?\n$/, '')
  report(`the file ${path} ${read.problem}`)
  return ''
}
