/**
 * What holds under attack holds over the client for TLS upstreams too.
 * @module
 */

import { useUndici } from '../support/upstream-client.ts'

useUndici()
await import('./framing-attacks.test.ts')
await import('./header-attacks.test.ts')
await import('./response-attacks.test.ts')
await import('./generated-requests.test.ts')
await import('./generated-responses.test.ts')
