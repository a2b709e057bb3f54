/**
 * `values.yaml` says of every value what it is for, and holds exactly those that the schema knows.
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml'
import { chartFolder } from './chart.ts'

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: unknown
}

const text = readFileSync(join(chartFolder, 'values.yaml'), 'utf8')
const values = parseDocument(text).contents as YAMLMap
const schema: Schema = JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8'))

/** Sections whose names are anybody's, or which no value of the chart's is given for. */
const open = new Set(['config', 'global', 'topologySpread', 'metrics.dashboard.labels'])

/** Every value by its path, with whether a comment stands above it or above the section that it is in. */
function* entries(map: YAMLMap, path = '', isTold = false): Generator<{ path: string; isTold: boolean }> {
  for (const { key, value } of map.items) {
    if (!isScalar(key)) continue
    const name = path === '' ? String(key.value) : `${path}.${key.value}`
    const before = text.slice(0, key.range?.[0]).split('\n').at(-2)?.trim() ?? ''
    const told = before.startsWith('#')
    yield { path: name, isTold: told || isTold }
    if (isMap(value) && !open.has(name)) yield* entries(value as YAMLMap, name, told || isTold)
  }
}

function* properties(section: Schema, path = ''): Generator<string> {
  for (const [key, inner] of Object.entries(section.properties ?? {})) {
    const name = path === '' ? key : `${path}.${key}`
    if (name === 'global') continue
    yield name
    if (!open.has(name)) yield* properties(inner, name)
  }
}

t.test('every value has a comment', async (t) => {
  for (const { path, isTold } of entries(values)) t.ok(isTold, path)
})

t.test('the schema knows every value, and no other', async (t) => {
  const optional = /^(probes\.\w+\.(initialDelaySeconds|successThreshold)|.*resources\.\w+.*)$/
  const given = Array.from(entries(values), ({ path }) => path).filter((path) => !optional.test(path))
  const allowed = [...properties(schema)].filter((path) => !optional.test(path))
  t.strictSame(given.toSorted(), allowed.toSorted())
})

t.test('no section takes a name that it does not know', async (t) => {
  t.strictSame([...openSections(schema)], ['config'])
})

/** Paths of sections with named values that would take others, too. */
function* openSections(section: Schema, path = ''): Generator<string> {
  if (section.properties === undefined) return
  if (section.additionalProperties !== false) yield path
  for (const [key, inner] of Object.entries(section.properties)) {
    yield* openSections(inner, path === '' ? key : `${path}.${key}`)
  }
}
