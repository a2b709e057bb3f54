/**
 * What keeps the data plane from being taken up by too many requests, or by too slow ones.
 * @module
 */

import { z } from 'zod'
import { byteSize, count, duration } from './primitives.ts'

export const overload = z
  .strictObject({
    eventLoopDelay: duration({ zero: true })
      .prefault('500ms')
      .describe(
        'Requests are answered 503 while the event loop is later than this, until it is no later than half of it; 0s switches this off.',
      ),
    requests: count(0, 1_000_000)
      .prefault(10_000)
      .describe('Requests in flight, tunnels included; more are answered 503. 0 switches this off.'),
  })
  .prefault({})
  .describe('When requests are refused before anything is looked up for them.')

export const bodyRate = z
  .strictObject({
    bytes: byteSize()
      .prefault('14KiB')
      .describe('Bytes that must come of it in each such period; 0B switches this off.'),
    period: duration().prefault('1m').describe('How long is waited for so many bytes.'),
  })
  .prefault({})
  .describe('The least rate of a body that the gateway is ready to read; a slower one is answered 408.')

export const connectionsPerClient = count(0, 1_000_000)
  .prefault(1_000)
  .describe(
    'Of these, open connections from one IPv4 address or one IPv6 /64; more are closed at once. Those of `clientAddress.trustedProxies` are not counted; 0 switches this off.',
  )
