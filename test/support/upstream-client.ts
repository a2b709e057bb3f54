/**
 * Which client a test's gateways reach their upstreams with: the one that the upstream's protocol asks for, or
 * undici's also over plain HTTP, so that the same tests hold both to the same guarantees.
 * @module
 */

import { UndiciClient } from '../../src/forward/undici/undici-client.ts'
import { type OpenClient, openClient } from '../../src/forward/upstreams.ts'

let chosen: OpenClient = openClient

/** What the gateways of this process open. */
export const openTestClient: OpenClient = (settings) => chosen(settings)

/** Before the tests of other files are imported: all of them run over undici. */
export function useUndici(): void {
  chosen = (settings) => new UndiciClient(settings)
}

/** Whether recording upstreams speak HTTP/2. */
export const isOverHttp2 = (): boolean => overHttp2
let overHttp2 = false

/** Before the tests of other files are imported: all of them run over HTTP/2. */
export function useHttp2(): void {
  overHttp2 = true
  chosen = (settings) => openClient({ ...settings, protocol: 'http2' })
}
