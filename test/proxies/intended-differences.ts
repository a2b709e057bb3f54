/**
 * Where a proxy that asks the gateway does otherwise than the gateway by itself: it refuses what it cannot be told to
 * change, or it has changed the request before it asks about it. Then it asks about, and sends, that other request.
 * @module
 */

import type { PlainRequest } from '../support/raw-request.ts'
import type { Setup } from './start-proxy.ts'

export type Difference =
  /** Why nothing else can be made of it there. */
  | { readonly refuses: string }
  /** What the request is by the time it is asked about. */
  | { readonly makes: PlainRequest }

/** By the title of the case. */
export type Differences = Readonly<Record<string, Difference>>

const otherTarget = { refuses: 'the gateway sends a target in its one spelling, a proxy as it came' }
const twoLines = { refuses: 'an answer sets one line of a header' }
const switches = { refuses: 'the gateway would send it without its Upgrade, a proxy with it' }
const path = (cleaned: string) => ({ makes: { path: cleaned } })
const withoutHeaders = { makes: { path: '/v1/a/object' } }

export const differences: Readonly<Record<Setup, Differences>> = {
  nginx: {
    'target /v1/a/x%41': otherTarget,
    'target /v1/a/x%c3%a9': otherTarget,
    'a privileged header twice': twoLines,
    'an upgrade that is not allowed': switches,
    'a name with a dot': withoutHeaders,
    // nginx passes no `Connection` of clients on, nor takes what it names away.
    'a Connection that names a header': withoutHeaders,
  },
  traefik: {
    'target /v1/a/./x': path('/v1/a/x'),
    'target /v1/a//x': path('/v1/a/x'),
    'target /v1/a/x//y': path('/v1/a/x/y'),
    'target /v1/a/x/..': path('/v1/a'),
    'target /v1/a/x|y': path('/v1/a/x%7Cy'),
    'target /v1/a/x"y': path('/v1/a/x%22y'),
    'target /v1/a/x{y}': path('/v1/a/x%7By%7D'),
    'target //v1/a/x': path('/v1/a/x'),
    'target /v1//a/x': path('/v1/a/x'),
    'target /public/../v1/a/x': path('/v1/a/x'),
    'target /public/%2e%2e/v1/a/x': path('/v1/a/x'),
    'a privileged header twice': twoLines,
    'an upgrade that is not allowed': switches,
    // Traefik takes what it names away, before it asks.
    'a Connection that names a header': withoutHeaders,
  },
  caddy: {
    'target /v1/a/x%41': otherTarget,
    'target /v1/a/x%c3%a9': otherTarget,
    'target /v1/a/x|y': path('/v1/a/x%7Cy'),
    'target /v1/a/x"y': path('/v1/a/x%22y'),
    'target /v1/a/x{y}': path('/v1/a/x%7By%7D'),
    'target /v1/a/x#y': path('/v1/a/x%23y'),
    'a privileged header twice': twoLines,
    'an upgrade that is not allowed': switches,
    'names with underscores': withoutHeaders,
    'a name with a dot': withoutHeaders,
  },
  haproxy: {
    'target /v1/a/x%41': otherTarget,
    'target /v1/a/x%c3%a9': otherTarget,
    'a privileged header twice': twoLines,
    'an upgrade that is not allowed': switches,
    // The example passes no `Connection` of clients on but that of a WebSocket, nor takes what it names away.
    'a Connection that names a header': withoutHeaders,
  },
  envoy: {
    'target /v1/a/x%41': otherTarget,
    'target /v1/a/x%c3%a9': otherTarget,
    // Lines of one name are joined in the question, and so in what is set by the answer.
    'a privileged header twice': { makes: { path: '/v1/a/object', headers: [['X-Container-Read', 'a,b']] } },
    'an upgrade that is not allowed': switches,
    'a Connection that names a header': withoutHeaders,
  },
  'envoy-grpc': {
    'an upgrade that is not allowed': switches,
    'a Connection that names a header': withoutHeaders,
  },
  'envoy-ext-proc': {
    'an upgrade that is not allowed': switches,
    'a Connection that names a header': withoutHeaders,
  },
}
