/**
 * Whether a request switches protocols. RFC 9110 section 7.8 lets a server ignore `Upgrade`, and so it is with every
 * request that is not plainly one: what its route does not allow, lists of protocols, other methods, bodies, HTTP/1.0.
 * It is served as the plain request that it also is. Reads the head alone; whether the request may pass is decided
 * later, where it is for every request.
 * @module
 */

import type { RouteTable } from '../route/route-table.ts'
import { canonicalRequest, type HeadLimits } from './canonical-request.ts'
import { valuesOfHeader } from './header-name.ts'
import { isRefusal, type Refusal, refuse } from './refusal.ts'

/** What a route says of upgrades. Protocols are in lower case. */
export interface UpgradePlan {
  readonly protocols: ReadonlySet<string>
  readonly idleMs: number
  readonly lifetimeMs: number
}

/** The one protocol that a request asks for, which its route allows, and the bounds of the tunnel. */
export interface AllowedUpgrade extends Pick<UpgradePlan, 'idleMs' | 'lifetimeMs'> {
  readonly protocol: string
}

/** A head as the parser has read it. */
export interface RawHead {
  readonly method: string
  readonly target: string
  readonly httpVersion: string
  readonly rawHeaders: readonly string[]
}

/** What is needed of the plan. */
interface RoutesToFind {
  readonly headLimits: HeadLimits
  readonly routes: RouteTable<{ readonly upgrade: UpgradePlan }>
}

/** The upgrade that a request asks for, if its route allows it. */
export function findUpgrade(head: RawHead, { routes, headLimits }: RoutesToFind): AllowedUpgrade | undefined {
  const protocol = askedProtocol(head)
  if (protocol === undefined) return undefined
  const request = canonicalRequest(head, headLimits)
  if (isRefusal(request) || request.hasBody) return undefined
  const route = routes.match(request)
  if (isRefusal(route)) return undefined
  const { protocols, idleMs, lifetimeMs } = route.plan.upgrade
  return protocols.has(protocol) ? { protocol, idleMs, lifetimeMs } : undefined
}

/** In lower case: names of protocols are compared without regard to it. */
function askedProtocol({ method, httpVersion, rawHeaders }: RawHead): string | undefined {
  if (method !== 'GET' || httpVersion !== '1.1') return undefined
  const [protocol, ...more] = valuesOfHeader(rawHeaders, 'upgrade')
  if (protocol === undefined || more.length > 0) return undefined
  if (!namesUpgrade(valuesOfHeader(rawHeaders, 'connection'))) return undefined
  // An expectation is about a body, and there is none.
  return valuesOfHeader(rawHeaders, 'expect').length === 0 ? protocol.toLowerCase() : undefined
}

/** Whether `Connection`, on however many lines, has the option. */
export function namesUpgrade(connection: readonly string[]): boolean {
  return connection
    .join()
    .toLowerCase()
    .split(',')
    .some((option) => option.trim() === 'upgrade')
}

/** Refuses a handshake that RFC 6455 section 4.2.1 has refused. Other protocols are their servers' business. */
export function screenUpgrade(protocol: string, rawHeaders: readonly string[]): Refusal | undefined {
  if (protocol !== 'websocket') return undefined
  const [key, ...moreKeys] = valuesOfHeader(rawHeaders, 'sec-websocket-key')
  if (key === undefined || moreKeys.length > 0 || !/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(key)) return keyAtFault
  return valuesOfHeader(rawHeaders, 'sec-websocket-version').join() === '13' ? undefined : versionAtFault
}

const keyAtFault = refuse('malformed_header', 'not one Sec-WebSocket-Key of sixteen bytes', {
  detail: 'Sec-WebSocket-Key must stand once and be sixteen bytes in base64.',
})
const versionAtFault = refuse('malformed_header', 'a Sec-WebSocket-Version other than 13', {
  detail: 'Sec-WebSocket-Version must stand once and be 13.',
})
