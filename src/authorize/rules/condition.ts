/**
 * A route's `condition`: a CEL expression that must yield exactly `true`. It is parsed, type-checked and
 * bounded when the gateway starts; at a request, whatever it cannot answer is a «no».
 * @module
 */

import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import type { Token } from '../../tokens/token.ts'

/** What a condition is judged on. */
export interface ConditionContext {
  readonly token: Token
  /** The parameters of the route's path pattern. */
  readonly resource: Readonly<Record<string, string>>
  /** What was looked up; a fact that is not known is left out. */
  readonly facts: Readonly<Record<string, string>>
  readonly request: {
    readonly method: string
    readonly host: string
    /** The canonical path, without the query: servers read a query in too many ways to decide on it. */
    readonly path: string
    /** Canonical text of the client's address. */
    readonly address: string
    /** When the request is judged, in milliseconds since the epoch. */
    readonly now: number
  }
}

/** A compiled condition. */
export interface Condition {
  /**
   * Whether the expression yields `true`. A missing field, an unknown path parameter or any other error is
   * `false`, unless CEL's `||` finds `true` on its other side.
   */
  evaluate(context: ConditionContext): boolean
}

const expressionBytesMax = 4096
const timestamp = 'google.protobuf.Timestamp'
const refusedMethods: ReadonlyMap<string, string> = new Map([
  ['matches', 'write startsWith, endsWith, contains or split instead'],
  ['bind', 'write the value out where it is used'],
])
const loops: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])

/** The words of a condition. Everything else is refused at start, so that a misspelt field closes no route by surprise. */
const environment = new Environment({ limits: { maxAstNodes: 500, maxDepth: 40 } })
  .registerVariable({
    name: 'token',
    schema: {
      id: 'string',
      kind: 'string',
      scopes: 'list<string>',
      bindings: 'map<string, list<string>>',
      access: 'string',
      description: 'string',
      createdAt: timestamp,
      expiresAt: timestamp,
    },
  })
  .registerVariable({
    name: 'subject',
    schema: { id: 'string', name: 'string', kind: 'string', status: 'string' },
  })
  .registerVariable('resource', 'map<string, string>')
  .registerVariable('facts', 'map<string, string>')
  .registerVariable({
    name: 'request',
    schema: { method: 'string', host: 'string', path: 'string', address: 'string', time: timestamp },
  })

/**
 * Compile an expression over `token`, `subject`, `resource`, `facts` and `request`. Times are timestamps:
 * `request.time - token.createdAt < duration("12h")`; `has(token.expiresAt)` tells a token that expires.
 * Throws a `RangeError` with a sentence that says what is wrong and where.
 */
export function compileCondition(expression: string): Condition {
  if (Buffer.byteLength(expression) > expressionBytesMax) {
    throw new RangeError(
      `the condition is longer than ${expressionBytesMax} bytes; split the route or shorten it`,
    )
  }
  const run = parse(expression)
  const { valid, type, error } = run.check()
  if (!valid) throw new RangeError(`the condition is not valid CEL: ${error?.message}`, { cause: error })
  if (type !== 'bool') throw new RangeError(`the condition yields ${type}; write one that yields bool`)
  refuseCostly(run.ast, false)

  return {
    evaluate: (context) => {
      try {
        return run(variables(context)) === true
      } catch {
        return false
      }
    },
  }
}

function parse(expression: string) {
  try {
    return environment.parse(expression)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new RangeError(`the condition is not valid CEL: ${message}`, { cause: error })
  }
}

/**
 * Refuse what a client's path could make slow: JavaScript's backtracking expressions behind `matches`, the
 * cubic parser behind `duration`, growth by repeated `bind`, and loops within loops. What is left is at
 * worst quadratic, and only where a loop over the path searches the path.
 */
function refuseCostly(node: ASTNode, isInLoop: boolean): void {
  if (node.op === 'call') {
    const [name, args] = node.args
    if (name === 'duration' && args.some((argument) => argument.op !== 'value')) {
      throw new RangeError('the condition computes the text of a duration; write it out: duration("12h")')
    }
  }
  if (node.op !== 'rcall') {
    for (const child of nodesIn(node.args)) refuseCostly(child, isInLoop)
    return
  }
  const [name, receiver, args] = node.args
  const instead = refusedMethods.get(name)
  if (instead !== undefined) throw new RangeError(`the condition calls ${name}(); ${instead}`)
  const isLoop = loops.has(name)
  if (isLoop && isInLoop) {
    throw new RangeError(`the condition calls ${name}() within a loop; write «value in list» instead`)
  }
  refuseCostly(receiver, isInLoop)
  for (const argument of args) refuseCostly(argument, isInLoop || isLoop)
}

function nodesIn(value: unknown): readonly ASTNode[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn)
  return typeof value === 'object' && value !== null && 'op' in value ? [value as ASTNode] : []
}

function variables({ token, resource, facts, request }: ConditionContext): Record<string, unknown> {
  return {
    token: {
      ...token,
      createdAt: new Date(token.createdAt),
      expiresAt: token.expiresAt === undefined ? undefined : new Date(token.expiresAt),
    },
    subject: token.subject,
    resource,
    facts,
    request: { ...request, time: new Date(request.now) },
  }
}
