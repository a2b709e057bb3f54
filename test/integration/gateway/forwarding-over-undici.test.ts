/**
 * What holds of failures, streams and uploads holds over the client for TLS upstreams too.
 * @module
 */

import { useUndici } from '../../support/upstream-client.ts'

useUndici()
await import('./forwarding-failures.test.ts')
await import('./forwarding-streams.test.ts')
await import('./forwarding-uploads.test.ts')
