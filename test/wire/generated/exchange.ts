/**
 * One exchange down to the byte, as a test has made it up.
 * @module
 */

export type Line = readonly [name: string, value: string]

/** How a message's content is delimited. */
export type Content =
  | { readonly kind: 'none' }
  /** `length` is written as it is: it may begin with zeros. */
  | { readonly kind: 'length'; readonly bytes: Buffer; readonly length: string }
  | {
      readonly kind: 'chunked'
      readonly chunks: readonly Buffer[]
      /** Behind the size of each chunk. */
      readonly extension: string
      readonly trailers: readonly Line[]
    }
  /** Only of a response. */
  | { readonly kind: 'until close'; readonly bytes: Buffer }

export interface GeneratedRequest {
  readonly method: string
  readonly target: string
  readonly minorVersion: 0 | 1
  /** Values with the white space around them. */
  readonly lines: readonly Line[]
  readonly content: Content
}

export interface GeneratedResponse {
  readonly minorVersion: 0 | 1
  readonly status: number
  readonly reason: string
  readonly lines: readonly Line[]
  readonly content: Content
  readonly interim: readonly { readonly status: number; readonly lines: readonly Line[] }[]
  /** It comes while the request is still being sent. */
  readonly isEarly: boolean
}

/** Where a message is cut into writes. */
export type Cutting = 'whole' | 'bytes' | readonly number[]

export interface GeneratedExchange {
  readonly request: GeneratedRequest
  readonly response: GeneratedResponse
  readonly cutting: Cutting
}

/** What happens on one connection of a client, in turn. */
export interface GeneratedConnection {
  readonly exchanges: readonly GeneratedExchange[]
  /** All requests go before the first answer is waited for. */
  readonly isPipelined: boolean
  readonly isOwner: boolean
  readonly cutting: Cutting
}

/** Whether the client says that this request is its last. */
export function closesConnection({ minorVersion, lines }: GeneratedRequest): boolean {
  const options = lines.filter(([name]) => name === 'Connection').map(([, text]) => text)
  if (minorVersion === 0) return true
  return options.includes('close')
}
