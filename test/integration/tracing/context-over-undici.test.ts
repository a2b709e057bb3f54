/**
 * What upstreams are told of a trace they are told over the client for TLS upstreams too.
 * @module
 */

import { useUndici } from '../../support/upstream-client.ts'

useUndici()
await import('./context.test.ts')
