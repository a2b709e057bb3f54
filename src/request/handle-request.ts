/**
 * The story of one request, a line for each stage. Every stage yields what the next one demands, or a refusal;
 * nothing is forwarded without a grant.
 * @module
 */

import { conclude, hideRefusal } from '../authorize/conclude.ts'
import { forward } from '../forward/forward.ts'
import { canonicalRequest } from './canonical-request.ts'
import { decide } from './decide.ts'
import type { Exchange } from './exchange.ts'
import { valuesOfHeader } from './header-name.ts'
import type { Plan } from './plan.ts'
import { isRefusal, refuse as makeRefusal, type Refusal } from './refusal.ts'

const underscoreName = makeRefusal('malformed_header', 'a header name with «_», which servers read as «-»')

/**
 * Carry one exchange to its answer: the upstream's, or a refusal. A request whose token is in memory is
 * forwarded before this function first yields.
 */
export async function handleRequest(exchange: Exchange, plan: Plan): Promise<void> {
  const { notes } = exchange
  const refuse = (refusal: Refusal) => {
    notes.refusal = refusal
    plan.sendRefusal(exchange, refusal)
  }
  const onShadowed = (refusal: Refusal) => {
    notes.shadowed ??= refusal
  }

  const client = plan.findClientAddress(
    exchange.peer,
    valuesOfHeader(exchange.rawHeaders, plan.forwardedHeader),
  )
  if (isRefusal(client)) return refuse(client)
  notes.clientAddress = client.text

  const request = canonicalRequest(exchange, plan.headLimits)
  if (isRefusal(request)) return refuse(request)
  notes.host = request.host
  notes.path = request.rawPath
  notes.query = request.query

  const route = plan.routes.match(request)
  if (isRefusal(route)) return refuse(route)
  notes.route = route.name
  notes.path = route.path
  if (request.hasUnderscoreName && !route.plan.allowsUnderscoreNames) return refuse(underscoreName)

  const { changesSeen } = plan.openExchanges
  const question = { request, route, client, connection: exchange.incoming.socket }
  const decision = decide(question, plan.resolveToken, notes)
  const verdict = decision instanceof Promise ? await decision : decision
  const grant = conclude(verdict, route.plan.conclusion, onShadowed)
  if (isRefusal(grant)) return refuse(grant)

  const outgoing = route.plan.rewriteRequest(
    { exchange, request, path: route.path, grant, client },
    onShadowed,
  )
  if (isRefusal(outgoing)) return refuse(hideRefusal(outgoing, route.plan.conclusion))
  if (grant.token !== undefined) {
    plan.noteUse(grant.token, client)
    if (route.plan.conclusion.mode === 'enforce') plan.openExchanges.hold(exchange, grant.token, changesSeen)
  }

  forward(
    exchange,
    outgoing,
    route.plan.upstream,
    (upstreamHeaders) => route.plan.filterResponse(upstreamHeaders, grant),
    refuse,
  )
}
