/**
 * YAML 1.2 to plain data, with the line of every value. Only mappings, lists and scalars: aliases, tags of
 * the author's own and several documents are refused, so that a short file cannot mean a huge one.
 * @module
 */

import { isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument } from 'yaml'
import type { SettingPath } from './problems.ts'

export interface ParsedYaml {
  readonly value: unknown
  /** The line, from 1, of the deepest setting on `path` that is there: a missing key leads to its parent's line. */
  lineOf(path: SettingPath): number
}

export interface YamlReader {
  /** Turns the text of a scalar into the value it stands for. */
  scalar(text: string, path: SettingPath): string
  /** Takes one problem of the file's form. */
  malformed(line: number, message: string): void
}

const depthMax = 32

/** Never throws: whatever is wrong with the text is told to `reader`, and the value holds what is left. */
export function parseYaml(text: string, reader: YamlReader): ParsedYaml {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    uniqueKeys: true,
    strict: true,
    prettyErrors: false,
    lineCounter,
  })
  const lineAt = (offset: number) => Math.max(1, lineCounter.linePos(offset).line)
  for (const { message, pos } of [...document.errors, ...document.warnings]) {
    reader.malformed(lineAt(pos[0]), `not valid YAML: ${message}`)
  }
  if (document.directives.yaml.version !== '1.2') reader.malformed(1, 'expected YAML 1.2')

  const root = document.contents
  return { value: plain(root, [], reader, lineAt), lineOf: (path) => lineAt(offsetOf(root, path)) }
}

function plain(
  node: ParsedNode | null,
  path: SettingPath,
  reader: YamlReader,
  lineAt: (offset: number) => number,
): unknown {
  if (node === null) return undefined
  const refuse = (message: string) => reader.malformed(lineAt(node.range[0]), message)
  if (path.length > depthMax) return refuse(`nested deeper than ${depthMax} levels`)
  if (isScalar(node)) return typeof node.value === 'string' ? reader.scalar(node.value, path) : node.value
  if (isSeq(node)) return node.items.map((item, index) => plain(item, [...path, index], reader, lineAt))
  if (isMap(node)) {
    return Object.fromEntries(
      node.items.map(({ key, value }) => {
        if (!isScalar(key)) refuse('a key must be plain text')
        return [keyText(key), plain(value, [...path, keyText(key)], reader, lineAt)]
      }),
    )
  }
  return refuse('aliases are not supported; write the value out')
}

function offsetOf(root: ParsedNode | null, path: SettingPath): number {
  let node = root
  let offset = 0
  for (const step of path) {
    let next: { readonly at: ParsedNode | null; readonly node: ParsedNode | null } | undefined
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => keyText(key) === String(step))
      if (pair !== undefined) next = { at: pair.key, node: pair.value }
    } else if (isSeq(node)) {
      const item = node.items[Number(step)]
      if (item !== undefined) next = { at: item, node: item }
    }
    if (next === undefined) break
    offset = next.at?.range[0] ?? offset
    node = next.node
  }
  return offset
}

function keyText(key: ParsedNode | null): string {
  return isScalar(key) ? String(key.value) : ''
}
