/**
 * The story of one request, a line for each stage. Every stage yields what the next one demands, or a refusal;
 * nothing is forwarded without a grant.
 * @module
 */

import { conclude, hideRefusal } from '../authorize/conclude.ts'
import type { Grant } from '../authorize/grant.ts'
import type { Address } from '../client-address/address.ts'
import { withRateLimit } from '../limits/rate-limit-fields.ts'
import type { GrantedRequest, Serve } from '../profiles/profile.ts'
import type { Route } from '../route/route-table.ts'
import type { Token } from '../tokens/token.ts'
import { type CanonicalRequest, canonicalRequest } from './canonical-request.ts'
import { decide, type Question } from './decide.ts'
import type { Door } from './door.ts'
import type { Exchange, ExchangeNotes } from './exchange.ts'
import { timed } from './exchange-trace.ts'
import { screenUpgrade } from './find-upgrade.ts'
import { valuesOfHeader } from './header-name.ts'
import type { OpenExchanges } from './open-exchanges.ts'
import type { Plan, RoutePlan } from './plan.ts'
import { isRefusal, refuse as makeRefusal, type Refusal } from './refusal.ts'

const servedOnlyHere = makeRefusal('undecidable', 'the gateway serves this request by itself')
const underscoreName = makeRefusal(
  'malformed_header',
  'a header name with «_» or another mark, which servers read as «-»',
)

/** Carries one exchange to its answer. */
export type HandleRequest = (exchange: Exchange, plan: Plan, door: Door) => Promise<void>

/**
 * Carry one exchange to its answer: the upstream's, or a refusal. A request whose token is in memory is
 * delivered before this function first yields.
 */
export async function handleRequest(
  exchange: Exchange,
  plan: Plan,
  { deliver, canServe }: Door,
): Promise<void> {
  const { notes } = exchange
  const refuse = (refusal: Refusal) => {
    notes.refusal = refusal
    plan.sendRefusal(exchange, refusal)
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

  const keys = plan.findKeys(exchange, request)
  if (keys !== undefined) return settleServed(keys, notes, canServe, refuse)
  const route = plan.routes.match(request)
  if (isRefusal(route)) return refuse(route)
  notes.route = route.name
  notes.path = route.path
  const { profile, conclusion, upstream, rewriteRequest, filterResponse } = route.plan
  const refuseHere = (refusal: Refusal) => {
    notes.refusal = refusal
    const message = profile.renderRefusal?.(refusal, exchange.id, request, exchange.scheme)
    plan.sendRefusal(exchange, refusal, message)
  }
  const onShadowed = (refusal: Refusal) => {
    notes.shadowed ??= refusal
  }
  const screened = screen(exchange, request, client, route)
  const unwanted = screened instanceof Promise ? await timed(notes.trace, 'limits', screened) : screened
  if (unwanted !== undefined) return refuseHere(unwanted)
  const serve = profile.serve?.({ exchange, request, client, resource: route })
  if (serve !== undefined) return settleServed(serve, notes, canServe, refuseHere)

  const { changesSeen } = plan.openExchanges
  const question = { request, route, client, connection: exchange.incoming.socket, body: exchange }
  const admission = admit(question, plan.resolveToken, notes, onShadowed)
  const grant = admission instanceof Promise ? await admission : admission
  if (isRefusal(grant)) return refuseHere(grant)

  const granted = { exchange, request, client, grant }
  const answer = findAnswer(granted, route.plan, plan)
  if (answer !== undefined) return settleServed(answer, notes, canServe, refuseHere)
  const exchanged = upstreamCredentialOf(granted, route.plan)
  const credential =
    exchanged instanceof Promise ? await timed(notes.trace, 'upstream credential', exchanged) : exchanged
  if (isRefusal(credential)) return refuseHere(hideRefusal(credential, conclusion))
  const asserted = route.plan.assertGrant(grant)
  const assertion = asserted instanceof Promise ? await asserted : asserted
  const rewrite = (upstreamCredential: readonly string[]) =>
    rewriteRequest({ ...granted, path: route.path, upstreamCredential, assertion }, onShadowed)
  const outgoing = rewrite(credential)
  if (isRefusal(outgoing)) return refuseHere(hideRefusal(outgoing, conclusion))
  if (grant.token !== undefined) begin(exchange, grant.token, question, plan, changesSeen)

  deliver(granted, outgoing, upstream, {
    filterHeaders: (upstreamHeaders) => {
      const headers = filterResponse(upstreamHeaders, grant)
      return withRateLimit(profile.rewriteAnswer?.(headers, request) ?? headers, notes.standings)
    },
    onRefused: refuseHere,
    onBroken: ({ reason }) => {
      notes.broken = reason
    },
    timeouts: route.plan.timeouts,
    inspect: profile.inspectAnswer?.(granted, credential),
    rewrite,
  })
}

/** What the gateway answers by itself, without a word to the upstream. */
async function settleServed(
  serve: Serve,
  notes: ExchangeNotes,
  canServe: boolean,
  refuse: (refusal: Refusal) => void,
): Promise<void> {
  if (!canServe) return refuse(servedOnlyHere)
  notes.isServed = true
  const refusal = await serve()
  if (refusal !== undefined) refuse(refusal)
}

/** Where the profile answers what was let through. That the token was used is noted here, too. */
function findAnswer(granted: GrantedRequest, { profile }: RoutePlan, plan: Plan): Serve | undefined {
  const { grant, client } = granted
  const answer = profile.answer?.(granted)
  if (answer !== undefined && grant.token !== undefined) plan.noteUse(grant.token, client)
  return answer
}

const noCredential: readonly string[] = []

/** Nobody gets the standing of the gateway's own credential without a token that was let through. */
function upstreamCredentialOf(granted: GrantedRequest, { profile, sharedCredential }: RoutePlan) {
  const exchanged = profile.upstreamCredential?.(granted)
  return exchanged ?? (granted.grant.token === undefined ? noCredential : sharedCredential)
}

/** The decision, and then what the limits of the route allow whoever it lets through. */
function admit(
  question: Question,
  resolveToken: Plan['resolveToken'],
  notes: ExchangeNotes,
  onShadowed: (refusal: Refusal) => void,
): Grant | Refusal | Promise<Grant | Refusal> {
  const { route, client } = question
  const { conclusion, limits } = route.plan
  const withinLimits = (verdict: Grant | Refusal) => {
    const grant = conclude(verdict, conclusion, onShadowed)
    if (limits.afterGrant === undefined || isRefusal(grant)) return grant
    const refusal = limits.afterGrant({ route, client, token: grant.token }, notes)
    return refusal instanceof Promise
      ? timed(notes.trace, 'limits', refusal).then((late) => late ?? grant)
      : (refusal ?? grant)
  }
  const verdict = decide(question, resolveToken, notes)
  return verdict instanceof Promise ? verdict.then(withinLimits) : withinLimits(verdict)
}

/** From here on the request goes on for as long as its token is good. */
function begin(
  exchange: Exchange,
  token: Token,
  { route, client }: Question,
  plan: Plan,
  changesSeen: OpenExchanges['changesSeen'],
): void {
  plan.noteUse(token, client)
  if (route.plan.conclusion.mode === 'enforce') plan.openExchanges.hold(exchange, token, changesSeen)
}

/** What is refused on this route whoever asks, and what its limits allow an address. */
function screen(
  { upgrade, rawHeaders, notes }: Exchange,
  request: CanonicalRequest,
  client: Address,
  route: Route<RoutePlan>,
): Refusal | undefined | Promise<Refusal | undefined> {
  const { allowsUnderscoreNames, profile, limits } = route.plan
  if (request.hasUnderscoreName && !allowsUnderscoreNames) return underscoreName
  const unwanted = (upgrade && screenUpgrade(upgrade.protocol, rawHeaders)) ?? profile.screen?.(request)
  return unwanted ?? limits.beforeLookup?.({ route, client, token: undefined }, notes)
}
