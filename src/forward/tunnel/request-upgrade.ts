/**
 * Asks an upstream to switch protocols, for a request that was let through. The client learns of a switch only when
 * the upstream has made it; any other answer is carried like that to a plain request.
 * @module
 */

import type { Exchange, UpgradeRequest } from '../../request/exchange.ts'
import type { FilterHeaders, ResponseCarrier } from '../response-carrier.ts'
import { traceRequest } from '../traced-client.ts'
import type { UpstreamCall, UpstreamRequest } from '../upstream-client.ts'
import type { Upstream } from '../upstreams.ts'
import { Tunnel } from './tunnel.ts'
import { UpgradeCall } from './upgrade-call.ts'

/** Send it. Its connection counts as a tunnel from the dialling on. Throws an `Http1Error` as `UpgradeCall` does. */
export function requestUpgrade(
  { notes }: Exchange,
  upgrade: UpgradeRequest,
  request: UpstreamRequest,
  upstream: Upstream,
  carrier: ResponseCarrier,
  filterHeaders: FilterHeaders,
): UpstreamCall {
  const { protocol, early, response } = upgrade
  const { url, dial, visit } = upstream.findDial()
  const traced = request.trace && traceRequest(request, request.trace, url, carrier)
  const timeouts = { ...upstream.timeouts, ...request.timeouts }
  const order = { request: traced?.request ?? request, protocol, timeouts, visit }
  const call = new UpgradeCall(order, dial, traced?.receiver ?? carrier, (head, socket, fromUpstream) => {
    carrier.leave()
    const client = response.socket
    if (client === null || client.destroyed) {
      socket.destroy()
      return
    }
    response.sendDate = false
    const headers = [...filterHeaders(head.headers), 'Connection', 'Upgrade', 'Upgrade', protocol]
    response.writeHead(101, head.reason, headers)
    response.flushHeaders()
    const sides = { client, fromClient: early.take(), upstream: socket, fromUpstream }
    notes.tunnel = new Tunnel(protocol, sides, upgrade)
  })
  upstream.tunnels++
  call.socket.once('close', () => {
    upstream.tunnels--
    visit?.left()
  })
  return traced?.follow(call) ?? call
}
