/**
 * What holds on the wire holds over the client for TLS upstreams too.
 * @module
 */

import { useUndici } from '../support/upstream-client.ts'

useUndici()
await import('./responses.test.ts')
await import('./interim-answers.test.ts')
await import('./hop-by-hop.test.ts')
await import('./framing.test.ts')
await import('./expectations.test.ts')
await import('./forwarded-headers.test.ts')
