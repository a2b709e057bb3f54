/**
 * The configuration as JSON Schema: what editors check a file against, and where its known keys are read off.
 * @module
 */

import { z } from 'zod'
import type { SettingPath } from './problems.ts'
import { settings } from './schema/settings.ts'

export interface JsonSchema {
  readonly [keyword: string]: unknown
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
}

/** What an editor must not complain about: the value behind a reference is known only at the start. */
const holdsReference = '\\$\\{(?:env|file):'

/** JSON Schema, draft 2020-12, of the file as it is written: before references, defaults and transformations. */
export function settingsJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(settings, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.pattern !== undefined) jsonSchema.pattern = `(?:${jsonSchema.pattern})|${holdsReference}`
      if (jsonSchema.enum !== undefined) {
        jsonSchema.anyOf = [{ enum: jsonSchema.enum }, { type: 'string', pattern: holdsReference }]
        delete jsonSchema.enum
        delete jsonSchema.type
      }
    },
  })
  return { $schema: schema.$schema, title: 'Sallyport configuration', ...schema } as JsonSchema
}

/** The keys that the mapping at `path` may have; empty where keys are free or there is no mapping. */
export function knownKeys(path: SettingPath): readonly string[] {
  let schema: JsonSchema | undefined = settingsJsonSchema()
  for (const step of path) schema = childOf(schema, step)
  return Object.keys(schema?.properties ?? {})
}

function childOf(schema: JsonSchema | undefined, step: string | number): JsonSchema | undefined {
  if (typeof step === 'number') return schema?.items
  const named = schema?.properties?.[step]
  if (named !== undefined) return named
  return typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined
}
