/**
 * Bytes both ways between a client and an upstream that speak something else than HTTP, as fast as the slower of them
 * takes them. Each may end its side and go on reading; a side that breaks takes the other with it, and so do silence
 * and age.
 * @module
 */

import type { Socket } from 'node:net'
import type { OpenTunnel, TunnelEnd } from '../../request/exchange.ts'

/** In milliseconds. */
export interface TunnelBounds {
  readonly idleMs: number
  readonly lifetimeMs: number
}

/** The two sockets, which have no readers, and what was read of each already. */
export interface TunnelSides {
  readonly client: Socket
  readonly fromClient: Buffer
  readonly upstream: Socket
  readonly fromUpstream: Buffer
}

/** Open from its making until both sockets are closed. */
export class Tunnel implements OpenTunnel {
  readonly protocol: string
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #bounds: TunnelBounds
  readonly #readBefore: number
  readonly #writtenBefore: number
  /** Monotonic, in milliseconds. */
  readonly #openedAtMs = performance.now()
  #movedAtMs = this.#openedAtMs
  #endedBy: TunnelEnd | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(protocol: string, sides: TunnelSides, bounds: TunnelBounds) {
    const { client, fromClient, upstream, fromUpstream } = sides
    this.protocol = protocol
    this.#client = client
    this.#upstream = upstream
    this.#bounds = bounds
    this.#readBefore = client.bytesRead - fromClient.length
    this.#writtenBefore = client.bytesWritten
    this.#join(client, upstream, fromClient, 'client')
    this.#join(upstream, client, fromUpstream, 'upstream')
    this.#watch()
  }

  get bytesReceived(): number {
    return this.#client.bytesRead - this.#readBefore
  }

  get bytesSent(): number {
    return this.#client.bytesWritten - this.#client.writableLength - this.#writtenBefore
  }

  get endedBy(): TunnelEnd | undefined {
    return this.#endedBy
  }

  end(by: TunnelEnd): void {
    this.#endedBy ??= by
    this.#client.destroy()
    this.#upstream.destroy()
  }

  #join(source: Socket, sink: Socket, early: Buffer, name: TunnelEnd): void {
    const onEnd = () => {
      this.#endedBy ??= name
    }
    // Whoever ends or breaks is noted before the other is told.
    source.on('end', onEnd)
    source.on('error', onEnd)
    source.on('data', () => {
      this.#movedAtMs = performance.now()
    })
    source.on('close', () => {
      onEnd()
      this.#closed(source, sink)
    })
    if (early.length > 0) sink.write(early)
    source.pipe(sink)
  }

  /** A side that ended in good order leaves the other the time to take what it has sent. */
  #closed(closed: Socket, other: Socket): void {
    if (closed.readableEnded && closed.writableFinished) other.destroySoon()
    else other.destroy()
    if (other.closed) clearTimeout(this.#timer)
  }

  /** Closes the tunnel at its deadline, or looks again when the next one may have come. */
  #watch(): void {
    const nowMs = performance.now()
    const idleLeftMs = this.#movedAtMs + this.#bounds.idleMs - nowMs
    const lifeLeftMs = this.#openedAtMs + this.#bounds.lifetimeMs - nowMs
    if (idleLeftMs <= 0) this.end('idle')
    else if (lifeLeftMs <= 0) this.end('lifetime')
    else this.#timer = setTimeout(() => this.#watch(), Math.ceil(Math.min(idleLeftMs, lifeLeftMs)))
  }
}
