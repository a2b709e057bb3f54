/**
 * One request and its response, and what is noted of it for the log.
 *
 * Words used throughout: an *exchange* is one request with its response; the *canonical request* is the one
 * representation that is matched, decided on and forwarded; a *credential* is what the client presented; a
 * *token* is the record it resolves to; a *grant* is proof of authorization; a *refusal* is an expected «no».
 * @module
 */

import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { EarlyBytes } from '../forward/tunnel/early-bytes.ts'
import type { Placed } from '../lib/bag.ts'
import type { Standing } from '../limits/rate-limit-fields.ts'
import type { Token, TokenState } from '../tokens/token.ts'
import { BodyPeek, type BodySource, type PeekedBody } from './body-peek.ts'
import type { ExchangeTrace } from './exchange-trace.ts'
import type { AllowedUpgrade } from './find-upgrade.ts'
import type { Refusal } from './refusal.ts'

/**
 * Why a request that had been let through was broken off: what became of its token, `unknown` when its record is gone,
 * `undecidable` when the store could not tell.
 */
export type Withdrawal = Exclude<TokenState, 'active'> | 'unknown' | 'undecidable'

/** Who or what ended a tunnel first. */
export type TunnelEnd = 'client' | 'upstream' | 'idle' | 'lifetime' | 'drain'

/** A connection that has become something else than HTTP. */
export interface OpenTunnel {
  readonly protocol: string
  /** From the client, behind the head of its request. */
  readonly bytesReceived: number
  /** To the client, behind the head of the answer. */
  readonly bytesSent: number
  /** `undefined` while both sides are open. */
  readonly endedBy: TunnelEnd | undefined
  /** Close both sides at once. */
  end(by: TunnelEnd): void
}

/** A request to switch protocols that its route allows, and what the client has sent behind it. */
export interface UpgradeRequest extends AllowedUpgrade {
  readonly early: EarlyBytes
  /** As Node has it: the answer may be the last of HTTP on its connection. */
  readonly response: ServerResponse
}

/** The client's connection, as far as it concerns one request. Node's sockets are. */
export interface ClientConnection {
  readonly remoteAddress?: string | undefined
  /** Only where there is TLS. */
  readonly encrypted?: boolean
  readonly bytesRead: number
  destroy(): unknown
}

/**
 * What streams a request's body, with the little of its head that concerns the body. Node's `IncomingMessage` is one.
 * It ends when the body is complete, and closes without an end when it never will be.
 */
export interface ClientRequest extends Readable {
  readonly method?: string | undefined
  readonly httpVersion: string
  readonly rawHeaders: string[]
  readonly headers: Pick<IncomingHttpHeaders, 'content-length' | 'expect' | 'transfer-encoding'>
  /** Other requests may share it. */
  readonly socket: ClientConnection
  /** The body has come whole. */
  readonly complete: boolean
}

/**
 * Takes a response, as Node's `ServerResponse` does. `close` comes once, whatever becomes of it; a response that is
 * destroyed before its end looks broken to the client.
 */
export interface ClientResponse {
  readonly statusCode: number
  readonly headersSent: boolean
  readonly destroyed: boolean
  readonly writableEnded: boolean
  readonly writableFinished: boolean
  /** Whether the connection may be used again; where requests share it, it may whatever is set here. */
  shouldKeepAlive: boolean
  writeContinue(): void
  writeInformation?(status: number, headers: readonly string[]): void
  writeHead(status: number, reason: string, headers: string[]): unknown
  writeHead(status: number, headers: OutgoingHttpHeaders | string[]): unknown
  /** False when the client should be waited for: `drain` follows. */
  write(text: string, encoding: BufferEncoding): boolean
  /** Until `onWritten` is called without an error, the bytes must stay as they are. */
  write(bytes: Buffer, onWritten?: (error?: Error | null) => void): boolean
  end(bytes?: Buffer | string, encoding?: BufferEncoding): unknown
  destroy(): unknown
  on(event: 'close', listener: () => void): unknown
  once(event: 'close' | 'drain', listener: () => void): unknown
}

/** A proxy by its name in the settings, and the protocol that it asks in. */
export interface AskedBy {
  readonly proxy: string
  readonly door: string
}

/** What the stages learned, for the log line, the metrics and the audit. Holds no secret. */
export interface ExchangeNotes {
  route: string | undefined
  host: string | undefined
  path: string | undefined
  query: string | undefined
  clientAddress: string | undefined
  credentialScheme: string | undefined
  tokenId: string | undefined
  tokenKind: string | undefined
  subject: string | undefined
  /** The other proxy that asks, and how; where a client connected there is none. */
  askedBy: AskedBy | undefined
  /** The gateway answered it by itself. */
  isServed: boolean
  /** The refusal that was sent. */
  refusal: Refusal | undefined
  /** The refusal that shadow mode let pass: the first, where there were two. */
  shadowed: Refusal | undefined
  /** The limit that was exceeded: the first, where there were two. */
  limit: string | undefined
  /** How the request stands with each limit that it was counted by. */
  standings: readonly Standing[] | undefined
  /** Why the exchange was broken off while it was under way. */
  withdrawal: Withdrawal | undefined
  /** Why the answer was broken off when it had been begun. */
  broken: string | undefined
  /** What the connection became, where the upstream switched protocols. */
  tunnel: OpenTunnel | undefined
  /** Its place in a trace, where there is tracing. */
  trace: ExchangeTrace | undefined
}

/** One request and its response. The Node objects are only for streaming: decisions read the raw fields. */
export class Exchange implements Placed, BodySource {
  readonly id: string
  readonly method: string
  /** Request target as it came, latin-1. */
  readonly target: string
  /** Names and values in turn, as they came, latin-1. */
  readonly rawHeaders: readonly string[]
  /** Address of the socket's other end. */
  readonly peer: string | undefined
  /** Scheme the client spoke. */
  readonly scheme: 'http' | 'https'
  readonly incoming: ClientRequest
  readonly response: ClientResponse
  /** Monotonic, in milliseconds. */
  readonly startedAtMs: number
  readonly notes: ExchangeNotes = {
    route: undefined,
    host: undefined,
    path: undefined,
    query: undefined,
    clientAddress: undefined,
    credentialScheme: undefined,
    tokenId: undefined,
    tokenKind: undefined,
    subject: undefined,
    askedBy: undefined,
    isServed: false,
    refusal: undefined,
    shadowed: undefined,
    limit: undefined,
    standings: undefined,
    withdrawal: undefined,
    broken: undefined,
    tunnel: undefined,
    trace: undefined,
  }
  /** The token that it is let go on for; only `OpenExchanges` writes it. */
  heldFor: Token | undefined = undefined
  /** Among those that `OpenExchanges` holds. */
  place = -1
  #peek: BodyPeek | undefined
  /** `undefined` for a plain request, which one is too whose `Upgrade` is ignored. */
  readonly upgrade: UpgradeRequest | undefined

  constructor(
    id: string,
    target: string,
    incoming: ClientRequest,
    response: ClientResponse,
    upgrade?: UpgradeRequest,
  ) {
    this.id = id
    this.method = incoming.method ?? ''
    this.target = target
    this.rawHeaders = incoming.rawHeaders
    this.peer = incoming.socket.remoteAddress
    this.scheme = 'encrypted' in incoming.socket ? 'https' : 'http'
    this.incoming = incoming
    this.response = response
    this.upgrade = upgrade
    this.startedAtMs = performance.now()
  }

  peekBody(bytesMax: number): Promise<PeekedBody | Refusal> {
    this.#peek ??= new BodyPeek(this.incoming, this.response)
    return this.#peek.peekBody(bytesMax)
  }

  /** The client waits to be asked for its body, and nobody has asked yet. To a client of HTTP/1.0 this means nothing. */
  get awaitsContinue(): boolean {
    const { httpVersion, headers } = this.incoming
    return this.#peek === undefined && httpVersion !== '1.0' && headers.expect !== undefined
  }

  /** The body to carry on. To be called once. */
  takeBody(): Readable {
    return this.#peek === undefined ? this.incoming : this.#peek.replay()
  }
}
