/**
 * Finds the most specific pattern for a path: fixed text before a named segment before a rest, segment by
 * segment. It compares decoded segments, so that no spelling of a path avoids the route that it belongs to.
 * @module
 */

import type { PatternPiece } from './path-pattern.ts'

/** What the tree needs to know of a value: the methods it serves, `undefined` for all. */
interface ServesMethods {
  readonly methods: ReadonlySet<string> | undefined
}

/** One way a path can end: the leaf's own value and the names its pattern gives to segments. */
export interface Leaf<Value> {
  readonly value: Value
  readonly pieces: readonly PatternPiece[]
}

interface Node<Value> {
  readonly texts: Map<string, Node<Value>>
  segment: Node<Value> | undefined
  readonly ends: Leaf<Value>[]
  readonly rests: Leaf<Value>[]
}

/** Segments of one request's path: as text (`undefined` where a segment has no one reading), and as raw bytes. */
export interface Segments {
  readonly texts: readonly (string | undefined)[]
  readonly raw: readonly string[]
}

/** What is found where a pattern looks at a segment that hides something: no wider pattern may guess it away. */
export const unclear = Symbol('unclear')
type Found<Value> = Leaf<Value> | typeof unclear | undefined

/** A tree of patterns. Built at start, never changed afterwards. */
export class PathTree<Value extends ServesMethods> {
  readonly #root: Node<Value> = emptyNode()

  add(pieces: readonly PatternPiece[], value: Value): void {
    let node = this.#root
    for (const piece of pieces) {
      if (piece.kind === 'rest') {
        insert(node.rests, { value, pieces })
        return
      }
      node = piece.kind === 'text' ? childOf(node, piece.text) : segmentOf(node)
    }
    insert(node.ends, { value, pieces })
  }

  /** The most specific leaf that serves the method. */
  find(segments: Segments, method: string): Found<Value> {
    return findIn(this.#root, segments, 0, method)
  }
}

function emptyNode<Value>(): Node<Value> {
  return { texts: new Map(), segment: undefined, ends: [], rests: [] }
}

function childOf<Value>(node: Node<Value>, text: string): Node<Value> {
  let child = node.texts.get(text)
  if (child === undefined) {
    child = emptyNode()
    node.texts.set(text, child)
  }
  return child
}

function segmentOf<Value>(node: Node<Value>): Node<Value> {
  node.segment ??= emptyNode()
  return node.segment
}

/** Leaves that name their methods come before those that serve all. */
function insert<Value extends ServesMethods>(leaves: Leaf<Value>[], leaf: Leaf<Value>): void {
  if (leaf.value.methods === undefined) leaves.push(leaf)
  else leaves.unshift(leaf)
}

function findIn<Value extends ServesMethods>(
  node: Node<Value>,
  segments: Segments,
  depth: number,
  method: string,
): Found<Value> {
  // A rest that may be empty covers the path before it too: who guards `/admin/{rest*}` means `/admin`.
  if (depth === segments.raw.length) return serving(node.ends, method) ?? serving(node.rests, method, true)
  const text = segments.texts[depth]
  // `/admin%2Fusers` is `/admin/users` to some servers: a catch-all beside `/admin/…` must not take it.
  if (text === undefined && (node.texts.size > 0 || node.segment !== undefined)) return unclear
  const fixed = text === undefined ? undefined : node.texts.get(text)
  const found = fixed && findIn(fixed, segments, depth + 1, method)
  if (found !== undefined) return found
  const named = node.segment && text ? findIn(node.segment, segments, depth + 1, method) : undefined
  if (named !== undefined) return named
  const isRestEmpty = depth === segments.raw.length - 1 && segments.raw[depth] === ''
  return serving(node.rests, method, isRestEmpty)
}

function serving<Value extends ServesMethods>(
  leaves: readonly Leaf<Value>[],
  method: string,
  isRestEmpty = false,
): Leaf<Value> | undefined {
  for (const leaf of leaves) {
    const { methods } = leaf.value
    if (methods !== undefined && !methods.has(method)) continue
    if (isRestEmpty && !mayRestBeEmpty(leaf)) continue
    return leaf
  }
  return undefined
}

function mayRestBeEmpty<Value>(leaf: Leaf<Value>): boolean {
  const last = leaf.pieces[leaf.pieces.length - 1]
  return last?.kind === 'rest' && last.mayBeEmpty
}
