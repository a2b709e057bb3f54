/**
 * Reads bytes as one connection would, in pieces of any size.
 * @module
 */

import { Http1Error } from '../../../src/forward/http1/http1-error.ts'
import type { Framing } from '../../../src/forward/http1/response-framing.ts'
import type { ResponseHead } from '../../../src/forward/http1/response-head.ts'
import { ResponseReader } from '../../../src/forward/http1/response-reader.ts'

export interface ReadResponse {
  /** Statuses of the interim answers. */
  readonly interim: readonly number[]
  readonly head: ResponseHead | undefined
  readonly framing: Framing | undefined
  /** Latin-1. */
  readonly body: string
  readonly isOver: boolean
  /** Bytes behind the response, latin-1. */
  readonly rest: string
}

export interface ReadOptions {
  readonly method?: string
  /** Where the bytes are cut; behind the end counts as the end. */
  readonly cuts?: readonly number[]
  /** The connection ends behind the bytes. */
  readonly isEnded?: boolean
}

/** Reads one response. Throws what the reader throws. */
export function readResponse(
  text: string,
  { method = 'GET', cuts = [], isEnded = false }: ReadOptions = {},
): ReadResponse {
  let head: ResponseHead | undefined
  let framing: Framing | undefined
  let body = ''
  const interim: number[] = []
  const reader = new ResponseReader({
    onInterim: ({ status }) => void interim.push(status),
    onHead: (...read) => {
      ;[head, framing] = read
    },
    onPiece: (piece) => {
      body += piece.toString('latin1')
    },
  })
  reader.begin(method)
  const bytes = Buffer.from(text, 'latin1')
  let at = 0
  for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    if (cut <= at || cut > bytes.length || reader.isOver) continue
    const end = reader.read(bytes.subarray(at, cut))
    at = reader.isOver ? at + end : cut
  }
  if (isEnded) reader.end()
  return { interim, head, framing, body, isOver: reader.isOver, rest: bytes.toString('latin1', at) }
}

/** Whether the reader refuses bytes as no response, or as one with two readings. */
export function isRefused(text: string, options?: ReadOptions): boolean {
  try {
    readResponse(text, options)
    return false
  } catch (error) {
    if (error instanceof Http1Error && error.code === 'HTTP1_RESPONSE') return true
    throw error
  }
}
