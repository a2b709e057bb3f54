/**
 * The reference page of the configuration, read off the JSON Schema: a row for each setting, in the order of the
 * schema, so that the page can be neither late nor incomplete.
 * @module
 */

import type { JsonSchema } from '../src/config/json-schema.ts'

const head = `# Configuration

Generated from the schema in \`src/config/schema\` by \`npm run schema\`; editors read the same from
\`config/sallyport.schema.json\`. \`sallyport check\` reports every problem of a file at once, with its line.

- \`\${env:NAME}\` and \`\${env:NAME:-default}\` take a value from the environment, \`\${file:PATH}\` from a file (relative
  to the configuration file). Without a default, an unset variable is an error. What comes out is text, never YAML
  structure, and is never shown in a message. \`$\${\` stands for \`\${\`.
- Durations are \`250ms\`, \`30s\`, \`5m\`, \`3h\`, \`7d\`; sizes \`512B\`, \`64KiB\`, \`1MiB\`, \`1GiB\`.
- Unknown settings are errors.
- Settings that weaken the gateway take effect only when they are named under \`insecure\`.
- \`[]\` stands for each entry of a list, \`{name}\` for a name of your choice.

| setting | default | meaning |
| --- | --- | --- |
`

/** The whole page. */
export function configurationPage(schema: JsonSchema): string {
  return `${head}${rowsOf(schema, '').join('\n')}\n`
}

function rowsOf(schema: JsonSchema, path: string): readonly string[] {
  const rows: string[] = []
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    rows.push(...rowsOfSetting(child, path === '' ? name : `${path}.${name}`))
  }
  return rows
}

function rowsOfSetting(schema: JsonSchema, path: string): readonly string[] {
  const { items, additionalProperties } = schema
  const row = `| \`${path}\` | ${defaultOf(schema)} | ${textOf(schema)} |`
  const named = typeof additionalProperties === 'object' ? rowsOf(additionalProperties, `${path}.{name}`) : []
  return [row, ...rowsOf(schema, path), ...(items ? rowsOf(items, `${path}[]`) : []), ...named]
}

function defaultOf({ default: value, properties }: JsonSchema): string {
  if (value === undefined || properties !== undefined) return ''
  return `\`${JSON.stringify(value)}\``
}

/** The description, and for closed sets their words. */
function textOf(schema: JsonSchema): string {
  const words = wordsOf(schema)
  const text = String(schema.description ?? '')
  const all = words.length === 0 ? text : `${text} One of ${words.map((word) => `\`${word}\``).join(', ')}.`
  return all.replaceAll('|', '\\|').trim()
}

function wordsOf({ anyOf }: JsonSchema): readonly string[] {
  if (!Array.isArray(anyOf)) return []
  return anyOf.flatMap((branch: { readonly enum?: readonly unknown[] }) => branch.enum ?? []).map(String)
}
