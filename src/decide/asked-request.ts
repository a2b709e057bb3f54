/**
 * A request that another proxy holds, as that proxy got it. It goes through the story of every exchange, but there is no
 * body to read and nothing to carry: whatever would need one is refused.
 * @module
 */

import { Readable } from 'node:stream'
import type { PeekedBody } from '../request/body-peek.ts'
import {
  type ClientConnection,
  type ClientRequest,
  type ClientResponse,
  Exchange,
} from '../request/exchange.ts'
import { withoutHeaders } from '../request/header-name.ts'
import { type Refusal, refuse } from '../request/refusal.ts'

export interface AskedRequest {
  readonly method: string
  /** As it stood on the request line, latin-1. */
  readonly target: string
  /** Names and values in turn, `host` among them, latin-1. Without what the proxy added in order to ask. */
  readonly rawHeaders: readonly string[]
  /** Address of the proxy's own peer. */
  readonly peer: string
  /** Scheme the client spoke to the proxy. */
  readonly scheme: 'http' | 'https'
}

/** Framing of the message that the client sent. What is asked about comes without its body. */
const framingHeaders: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'expect'])

const bodyUnseen = refuse('undecidable', 'the route decides by the body, which the asking proxy keeps')

/** The exchange that stands for it. */
export class AskedExchange extends Exchange {
  constructor(id: string, asked: AskedRequest, response: ClientResponse) {
    super(id, asked.target, new AskedHead(asked), response)
  }

  override async peekBody(): Promise<PeekedBody | Refusal> {
    return bodyUnseen
  }
}

/** A head without the stream behind it. */
class AskedHead extends Readable implements ClientRequest {
  readonly method: string
  readonly httpVersion = '1.1'
  readonly rawHeaders: string[]
  readonly headers = {}
  readonly socket: ClientConnection
  /** Nothing of it is still to come here. */
  readonly complete = true

  constructor({ method, rawHeaders, peer, scheme }: AskedRequest) {
    super()
    this.method = method
    this.rawHeaders = withUnknownBody(rawHeaders)
    const connection = { remoteAddress: peer, bytesRead: 0, destroy: () => {} }
    this.socket = scheme === 'https' ? { ...connection, encrypted: true } : connection
  }

  override _read(): void {
    this.push(null)
  }
}

/** Whether there is a body, no proxy tells for certain: so there may always be one, and its length is not known. */
function withUnknownBody(rawHeaders: readonly string[]): string[] {
  return [...withoutHeaders(rawHeaders, framingHeaders), 'transfer-encoding', 'chunked']
}
