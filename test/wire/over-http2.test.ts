/**
 * What holds on the wire holds over HTTP/2 to upstreams too, where it is not of HTTP/1.1 alone.
 * @module
 */

import { useHttp2 } from '../support/upstream-client.ts'

useHttp2()
await import('./forwarded-headers.test.ts')
await import('./targets.test.ts')
await import('./framing.test.ts')
await import('./expectations.test.ts')
