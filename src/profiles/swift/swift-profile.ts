/**
 * Sallyport before OpenStack Swift with TempAuth, unmodified: the gateway decides on its own tokens, Swift goes on
 * deciding what their subjects may do, and the headers of owners are kept from everybody else.
 * @module
 */

import { authorizePublic } from '../../authorize/authorize.ts'
import type { Grant } from '../../authorize/grant.ts'
import { isPreflight } from '../../authorize/preflight.ts'
import type { SwiftSettings } from '../../config/schema/profiles/swift.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { HeaderNameMemo } from '../../request/header-name.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import type { HeaderPairs } from '../../rewrite/identity-headers.ts'
import type { Access, Token } from '../../tokens/token.ts'
import type { GrantedRequest, InspectHead, RouteProfile } from '../profile.ts'
import type { ProfileContext } from '../profile-context.ts'
import { checkAccountAccessControl } from './account-access-control.ts'
import { AccountFacts } from './account-facts.ts'
import { problemOfAnswer } from './answer-check.ts'
import { SwiftQuestions } from './ask-swift.ts'
import { CopySources } from './copy-source.ts'
import { isGatekept } from './gatekeeper.ts'
import { isToldWho, SwiftCredential, serviceTokenHeader } from './swift-credential.ts'
import { renderSwiftRefusal } from './swift-denial.ts'
import { headerReader } from './swift-fields.ts'
import { SwiftLogin } from './swift-login.ts'
import { isReadAlike } from './swift-path.ts'
import { accountOf, isBulk, isSelfAuthorizing, pathOf } from './swift-request.ts'
import { swiftRules } from './swift-rules.ts'
import { lazySessions } from './swift-sessions.ts'

const readAcl = headerReader(['x-account-access-control'])

/** Compile the profile of one route. Nothing is asked before the first request. */
export function compileSwiftProfile(settings: SwiftSettings, context: ProfileContext): RouteProfile {
  const { upstream, isPrivileged, kinds, findServices } = context
  const { name } = upstream
  const questions = new SwiftQuestions(upstream, settings.askTimeout)
  const { askTimeout: timeoutMs } = settings
  const { sessions, close } = lazySessions({ upstream: name, questions, timeoutMs, findServices })
  const facts = new AccountFacts({ questions, sessions, ttlMs: settings.factTtl })
  const copies = new CopySources({ upstream: name, questions, sessions })
  const credential = new SwiftCredential({ upstream: name, sessions, copies, kinds, findServices })
  const login = new SwiftLogin({
    upstream,
    questions,
    sessions,
    sessionLifetimeMs: settings.sessionLifetime,
    publicOrigin: settings.publicUrl && new URL(settings.publicUrl).origin,
    findServices,
  })
  const privilegedNames = new HeaderNameMemo<boolean>(({ folded }) => isPrivileged(folded))
  const carriesPrivileged = ({ rawHeaders }: CanonicalRequest) =>
    rawHeaders.some((name, index) => index % 2 === 0 && privilegedNames.get(name))

  return {
    screen: (request) => refuseUnclearPath(request) ?? refuseInvalidAcl(request),
    serve(visit) {
      const path = pathOf(visit.request)
      return path.kind === 'auth' && visit.request.method === 'GET'
        ? () => login.serve(visit, path.path)
        : undefined
    },
    admitAnonymous: (request) => admitAnonymous(request, facts),
    rules: swiftRules(name),
    standing: ({ token, request }) =>
      token.access === 'owner' && carriesPrivileged(request)
        ? standingOfOwner(token, request, facts)
        : token.access,
    upstreamCredential: (granted) => credential.of(granted),
    inspectAnswer: (granted, sent) => inspection(granted, sent, { credential, facts, upstream: name }),
    renderRefusal: renderSwiftRefusal,
    isInternalHeader: (folded) => isGatekept(folded) || folded === serviceTokenHeader,
    close,
  }
}

/** Line ends in the name of an account would end a header of Swift's answers, too. */
function refuseUnclearPath(request: CanonicalRequest): Refusal | undefined {
  const path = pathOf(request)
  if (!isReadAlike(request.rawPath)) return refuse('malformed_target', 'a path that servers read differently')
  if (!('account' in path) || !/[\r\n]/.test(path.account)) return undefined
  return refuse('malformed_target', 'a line end in the name of an account')
}

/** Swift says what is wrong with an ACL to whoever sends it, before it looks at who that is. */
function refuseInvalidAcl(request: CanonicalRequest): Refusal | undefined {
  const values = readAcl(request.rawHeaders).get('x-account-access-control')
  if (values === undefined || accountOf(request) === undefined) return undefined
  const acl = checkAccountAccessControl(values)
  return acl.kind === 'invalid' ? refuse('malformed_header', acl.error, { detail: acl.body }) : undefined
}

/** Swift decides, unless its answer would be for the empty name among the grantees of the account. */
async function admitAnonymous(request: CanonicalRequest, facts: AccountFacts): Promise<Grant | Refusal> {
  const account = accountOf(request)
  if (account === undefined) {
    // Of a path that it would not read, Swift takes the account for each item of a list nevertheless.
    return isBulk(request)
      ? refuse('credential_required', 'a list of requests on a path that names no account for certain')
      : authorizePublic()
  }
  if (request.method === 'OPTIONS' || isSelfAuthorizing(request)) return authorizePublic()
  const isOpen = await facts.isOpenToNobody(account)
  if (isRefusal(isOpen)) return isOpen
  return isOpen.value
    ? refuse('credential_required', 'the account names the empty string as a grantee')
    : authorizePublic()
}

/** Only for an owner do the headers of owners go up: Swift itself would take the `X-Remove-` forms of them from others. */
async function standingOfOwner(
  { access, subject }: Token,
  request: CanonicalRequest,
  facts: AccountFacts,
): Promise<Access | Refusal> {
  const account = accountOf(request)
  if (account === undefined) return access
  const isOwner = await facts.isOwner(subject.id, account)
  if (isRefusal(isOwner)) return isOwner
  return isOwner.value ? access : 'read-write'
}

function isReading({ method }: CanonicalRequest): boolean {
  return method === 'GET' || method === 'HEAD'
}

function inspection(
  granted: GrantedRequest,
  sent: HeaderPairs,
  { credential, facts, upstream }: { credential: SwiftCredential; facts: AccountFacts; upstream: string },
): InspectHead | undefined {
  const { exchange, request, grant } = granted
  const path = pathOf(request)
  if (path.kind === 'account' && !['GET', 'HEAD', 'OPTIONS'].includes(request.method)) {
    facts.drop(path.account)
    exchange.response.once('close', () => facts.drop(path.account))
  }
  const { token } = grant
  // To a preflight Swift says 401 for another origin, whoever asks.
  if (token === undefined || isPreflight(request) || !isToldWho(token, request, upstream)) return undefined
  return (head) => {
    // Whoever has a token that Swift takes is told 403.
    if (head.status !== 401 || isSelfAuthorizing(request))
      return isReading(request) ? problemOfAnswer(head, request, token, upstream) : undefined
    const renewed = credential.renewed(granted, token, sent)
    if (!request.hasBody) return renewed
    // Half of the body is gone; the next request finds the new session.
    return refuse('cannot_decide', 'Swift did not take its own token any more', { retryAfterSeconds: 1 })
  }
}
