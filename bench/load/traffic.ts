/**
 * What clients send in a scenario, whoever plays them.
 * @module
 */

export type Header = readonly [name: string, value: string]

export interface Traffic {
  /** `check` is Envoy's question by gRPC, whose answers are counted and not read. */
  readonly kind: 'http' | 'websocket' | 'check'
  readonly method: 'GET' | 'PUT'
  readonly path: string
  /** Of every request, without its credential. */
  readonly headers: readonly Header[]
  /** Each the bearer token of a request, in turn. */
  readonly tokens: readonly string[]
  /** Of every request. */
  readonly bodyBytes: number
  /** Each sends its next request when the last one is answered. */
  readonly connections: number
  /** How many of the answers are refusals: any other share fails the run, because a refusal is cheaper than a service. */
  readonly refusedShare: number
}

/** What one run of a load came to. */
export interface Load {
  readonly requests: number
  /** Of these, how many were answered with 400 or more. */
  readonly refused: number
  readonly seconds: number
  readonly p50Us: number
  readonly p99Us: number
  readonly p999Us: number
}

export const plainTraffic: Traffic = {
  kind: 'http',
  method: 'GET',
  path: '/',
  headers: [],
  tokens: [],
  bodyBytes: 0,
  connections: 64,
  refusedShare: 0,
}

/** The headers of a request that is the `turn`-th of all. */
export function headersOf({ headers, tokens }: Traffic, turn = 0): readonly Header[] {
  const token = tokens[turn % tokens.length]
  return token === undefined ? headers : [...headers, ['Authorization', `Bearer ${token}`]]
}
