/**
 * Which route a request takes. Hosts first (exact, then `*.suffix`, then any), then the most specific path,
 * then the method. Only this table makes a `Route`; without one, nothing can be authorized or forwarded.
 * @module
 */

import type { CanonicalRequest } from '../request/canonical-request.ts'
import { type Refusal, refuse } from '../request/refusal.ts'
import { type CanonicalPath, canonicalPath, decodeSegment } from './canonical-path.ts'
import type { PatternPiece } from './path-pattern.ts'
import { type Leaf, PathTree, type Segments, unclear } from './path-tree.ts'

/** How a route reads paths; see `pathMode` in the settings. */
export type PathMode = 'strict' | 'raw-exact'

/** One route as the table needs it; `plan` is what the later stages compiled for it. */
export interface RouteEntry<Plan> {
  readonly name: string
  /** In the spelling of `parseHostPattern`. */
  readonly hosts: readonly string[] | undefined
  readonly methods: ReadonlySet<string> | undefined
  readonly pieces: readonly PatternPiece[]
  readonly pathMode: PathMode
  readonly plan: Plan
}

type Parameters = Readonly<Record<string, string>>

class MatchedRoute<Plan> {
  readonly name: string
  readonly plan: Plan
  /** The path that is decided on and forwarded. */
  readonly path: string

  readonly #readParameters: () => Parameters
  #parameters: Parameters | undefined

  constructor(name: string, plan: Plan, path: string, readParameters: () => Parameters) {
    this.name = name
    this.plan = plan
    this.path = path
    this.#readParameters = readParameters
  }

  /** Values of the pattern's parameters, decoded; the rest of a raw-exact path as it came. Read when first asked for. */
  get parameters(): Parameters {
    this.#parameters ??= this.#readParameters()
    return this.#parameters
  }
}

/** Proof that a request matched a route of the configuration. */
export type Route<Plan> = MatchedRoute<Plan>

/** The table of all routes. Built at start, never changed afterwards. */
export class RouteTable<Plan> {
  readonly #exact = new Map<string, PathTree<RouteEntry<Plan>>>()
  readonly #suffixes: { readonly suffix: string; readonly tree: PathTree<RouteEntry<Plan>> }[] = []
  readonly #any = new PathTree<RouteEntry<Plan>>()

  constructor(entries: readonly RouteEntry<Plan>[]) {
    for (const entry of entries) {
      if (entry.hosts === undefined) this.#any.add(entry.pieces, entry)
      else for (const host of entry.hosts) this.#treeOf(host).add(entry.pieces, entry)
    }
    this.#suffixes.sort((one, other) => other.suffix.length - one.suffix.length)
  }

  /** The route of a request; 400 when its path is not canonical and no raw-exact route takes it, else 404. */
  match(request: CanonicalRequest): Route<Plan> | Refusal {
    const canonical = canonicalPath(request.rawPath)
    const segments =
      'problem' in canonical ? looseSegments(request.rawPath) : segmentsOf(request.rawPath, canonical)
    const found = this.#find(request.host, segments, request.method)
    const leaf = found === unclear ? undefined : found
    if ('problem' in canonical && leaf?.value.pathMode !== 'raw-exact') {
      return refuse('malformed_target', canonical.problem)
    }
    if (leaf === undefined) return refuse('not_found', 'no route matches')
    const path =
      'problem' in canonical || leaf.value.pathMode === 'raw-exact' ? request.rawPath : canonical.path
    return new MatchedRoute(leaf.value.name, leaf.value.plan, path, () => parametersOf(leaf, segments, path))
  }

  #find(host: string, segments: Segments, method: string): ReturnType<PathTree<RouteEntry<Plan>>['find']> {
    const exact = this.#exact.get(host)?.find(segments, method)
    if (exact !== undefined) return exact
    for (const { suffix, tree } of this.#suffixes) {
      const found = host.endsWith(suffix) ? tree.find(segments, method) : undefined
      if (found !== undefined) return found
    }
    return this.#any.find(segments, method)
  }

  #treeOf(host: string): PathTree<RouteEntry<Plan>> {
    if (host.startsWith('*.')) {
      const suffix = host.slice(1)
      const known = this.#suffixes.find((entry) => entry.suffix === suffix)
      const entry = known ?? { suffix, tree: new PathTree<RouteEntry<Plan>>() }
      if (known === undefined) this.#suffixes.push(entry)
      return entry.tree
    }
    let tree = this.#exact.get(host)
    if (tree === undefined) {
      tree = new PathTree()
      this.#exact.set(host, tree)
    }
    return tree
  }
}

/** A canonical path keeps its slashes, so raw and decoded segments stand at the same places. */
function segmentsOf(rawPath: string, canonical: CanonicalPath): Segments {
  const raw = rawPath.includes('%') ? rawPath.slice(1).split('/') : canonical.segments
  return { texts: canonical.segments, raw }
}

/** A path that is not canonical, split for raw-exact routes: a segment that is not plain text matches no name. */
function looseSegments(rawPath: string): Segments {
  const raw = rawPath.slice(1).split('/')
  const last = raw.length - 1
  const texts = raw.map((segment, index) =>
    segment === '' && index < last ? undefined : decodeLeading(segment),
  )
  return { texts, raw }
}

/** Bytes beyond ASCII are not read: here they are latin-1. `%2e%2e` is a dot segment too, and no name. */
function decodeLeading(segment: string): string | undefined {
  const text = /[\x80-\xff]/.test(segment) ? undefined : decodeSegment(segment)
  return text === '.' || text === '..' ? undefined : text
}

function parametersOf<Plan>(leaf: Leaf<RouteEntry<Plan>>, segments: Segments, path: string): Parameters {
  const parameters: Record<string, string> = Object.create(null)
  let rawLength = 1
  for (let index = 0; index < leaf.pieces.length; index++) {
    const piece = leaf.pieces[index]
    if (piece?.kind === 'segment') parameters[piece.name] = segments.texts[index] ?? ''
    else if (piece?.kind === 'rest')
      parameters[piece.name] = restOf(leaf, segments, index, path.slice(rawLength))
    rawLength += (segments.raw[index]?.length ?? 0) + 1
  }
  return parameters
}

function restOf<Plan>(leaf: Leaf<RouteEntry<Plan>>, segments: Segments, from: number, raw: string): string {
  return leaf.value.pathMode === 'raw-exact' ? raw : segments.texts.slice(from).join('/')
}
