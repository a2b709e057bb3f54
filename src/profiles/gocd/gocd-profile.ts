/**
 * Sallyport before GoCD: decides on access tokens, speaks of them in GoCD's words, and lets passwords and sessions pass
 * untouched. Before a GoCD that has no access tokens it makes them, too.
 * @module
 */

import { authorizeAnonymous, authorizePublic } from '../../authorize/authorize.ts'
import type { Grant } from '../../authorize/grant.ts'
import type { GocdSettings } from '../../config/schema/profiles/gocd.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { type Refusal, refuse } from '../../request/refusal.ts'
import type { RouteProfile } from '../profile.ts'
import type { ProfileContext } from '../profile-context.ts'
import { GocdQuestions } from './ask-gocd.ts'
import { otherAuthorization, presentsBearer, readBearer, sameAuthorization } from './authorization.ts'
import { Callers } from './callers.ts'
import { basicChallenge, explainGocdRefusal, renderGocdRefusal } from './gocd-denial.ts'
import { pathOf } from './gocd-path.ts'
import { SubjectLogins } from './subject-logins.ts'
import { TokenActions } from './token-actions.ts'
import { TokenApi } from './token-api.ts'
import { TokenDesk } from './token-desk.ts'

/** Compile the profile of one route. Nothing is asked before the first request. */
export function compileGocdProfile(settings: GocdSettings, context: ProfileContext): RouteProfile {
  switch (settings.tokens) {
    case 'upstream':
      return { ...inGocdsWords, ...ofGocd }
    case 'gateway':
      return { ...inGocdsWords, ...ofGateway(settings, context) }
    default:
      return settings.tokens satisfies never
  }
}

const sessionHeaders: ReadonlySet<string> = new Set(['cookie', 'cookie2', 'set-cookie', 'set-cookie2'])

const inGocdsWords: RouteProfile = {
  readAuthorization: readBearer,
  explainRefusal: explainGocdRefusal,
  admitAnonymous,
  standing: ({ token, request }) => refuseByToken(request) ?? token.access,
  renderRefusal: renderGocdRefusal,
  // In GoCD a session goes before the token that comes with it.
  isWithheldFromTokens: (folded) => sessionHeaders.has(folded),
}

/** A GoCD that has tokens checks them once more, and keeps count of their use. */
const ofGocd: RouteProfile = {
  upstreamCredential: ({ request, grant: { token, kind } }) =>
    token === undefined && kind !== 'shadow' ? otherAuthorization(request) : sameAuthorization(request),
}

/** To a GoCD that knows no tokens, requests go as their user. */
function ofGateway(settings: GocdSettings, { upstream, findServices }: ProfileContext): RouteProfile {
  const { userTtl: ttlMs, askTimeout: timeoutMs, adminPath, publicUrl } = settings
  const questions = new GocdQuestions({ upstream, deadlineMs: timeoutMs, adminPath })
  const callers = new Callers({ upstream, questions, ttlMs, findServices })
  const logins = new SubjectLogins({ upstream: upstream.name, questions, ttlMs, timeoutMs, findServices })
  const desk = new TokenDesk({ upstream: upstream.name, findServices })
  const actions = new TokenActions({ desk, logins, findServices })
  const publicOrigin = publicUrl && new URL(publicUrl).origin
  const api = new TokenApi({ callers, actions, publicOrigin })
  return {
    serve: (visit) => api.serve(visit),
    admitAnonymous: (request) =>
      pathOf(request).kind === 'tokens'
        ? refuse('credential_required', 'no login', { challenge: basicChallenge })
        : admitAnonymous(request),
    upstreamCredential: ({ request, grant: { token } }) =>
      token === undefined ? otherAuthorization(request) : logins.of(token),
    inspectAnswer: (granted, sent) =>
      granted.grant.token && logins.inspect(granted, granted.grant.token, sent),
    close: () => logins.close(),
  }
}

/** Passwords, sessions and nothing at all are for GoCD to judge; of a token that is not read here, it learns nothing. */
function admitAnonymous(request: CanonicalRequest): Grant {
  return presentsBearer(request) ? authorizeAnonymous() : authorizePublic()
}

/** Whoever has got hold of a token must not make others of it. */
function refuseByToken(request: CanonicalRequest): Refusal | undefined {
  return pathOf(request).kind === 'tokens'
    ? refuse('condition_not_met', 'tokens are not managed by token')
    : undefined
}
