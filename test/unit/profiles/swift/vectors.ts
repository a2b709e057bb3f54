/**
 * Cases that Swift itself answered, kept beside the tests.
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The list under `key` in a file of this folder. */
export function vectors<Case>(file: string, key: 'cases' | 'vectors' = 'cases'): readonly Case[] {
  const document: Readonly<Record<string, readonly Case[]>> = JSON.parse(
    readFileSync(join(import.meta.dirname, file), 'utf8'),
  )
  const cases = document[key] ?? []
  if (cases.length === 0) throw new Error(`${file} holds no ${key}`)
  return cases
}
