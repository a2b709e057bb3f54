/**
 * What is counted of clients' connections, below the level of a request.
 * @module
 */

import type { TunnelEnd } from '../request/exchange.ts'
import { cellFamily, type Family, gaugeOf } from './exposition.ts'
import { onceForEach } from './once-for-each.ts'

/** What ended a tunnel; `withdrawal` of its token. */
export type TunnelCause = TunnelEnd | 'withdrawal'

/** Which bound a connection was beyond: that of its client, or that of all. */
export type ConnectionLimit = 'client' | 'all'

/** Functions without `this`: each may be handed on by itself. */
export interface ConnectionMetrics {
  connectionOpened(): void
  connectionClosed(): void
  /** One connection was closed before a byte of it was read. */
  connectionRefused(limit: ConnectionLimit): void
  /** A TLS handshake with a client came to nothing. */
  handshakeFailed(): void
  /** A tunnel has ended. */
  tunnelClosed(cause: TunnelCause): void
  /** Where it is read at a scrape how late the event loop is, in seconds; nothing is shown while that is not measured. */
  watchEventLoop(delaySeconds: () => number | undefined): void
}

/** Create them, and their families in the order in which they are shown. */
export function createConnectionMetrics(): {
  readonly metrics: ConnectionMetrics
  readonly families: readonly Family[]
} {
  const open = cellFamily('gauge', 'sallyport_connections_open', 'Open connections of clients.')
  const refused = cellFamily(
    'counter',
    'sallyport_connections_refused_total',
    'Connections of clients closed at once, by the bound that they were beyond.',
  )
  const handshakesFailed = cellFamily(
    'counter',
    'sallyport_tls_handshakes_failed_total',
    'TLS handshakes of clients that came to nothing.',
  )
  const tunnelsClosed = cellFamily(
    'counter',
    'sallyport_tunnels_closed_total',
    'Upgraded connections by what ended them.',
  )
  let readDelay: () => number | undefined = () => undefined
  const eventLoop = gaugeOf(
    'sallyport_event_loop_delay_seconds',
    'How late the event loop is, smoothed: what requests are refused by as overload.',
    () => readDelay(),
  )

  const opened = open.cell()
  const refusedBeyond = { client: refused.cell({ limit: 'client' }), all: refused.cell({ limit: 'all' }) }
  const failedHandshakes = handshakesFailed.cell()
  const tunnelsOf = onceForEach((cause: TunnelCause) => tunnelsClosed.cell({ cause }))
  return {
    families: [open, refused, handshakesFailed, tunnelsClosed, eventLoop],
    metrics: {
      connectionOpened: () => {
        opened.value += 1
      },
      connectionClosed: () => {
        opened.value -= 1
      },
      connectionRefused: (limit) => {
        refusedBeyond[limit].value += 1
      },
      handshakeFailed: () => {
        failedHandshakes.value += 1
      },
      tunnelClosed: (cause) => {
        tunnelsOf(cause).value += 1
      },
      watchEventLoop: (delaySeconds) => {
        readDelay = delaySeconds
      },
    },
  }
}
