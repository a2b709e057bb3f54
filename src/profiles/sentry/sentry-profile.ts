/**
 * Sallyport before Sentry, unmodified: its own tokens and keys, held to their organization and project, in its grammar
 * and its words; and the gateway's, which Sentry never sees.
 * @module
 */

import { authorizeAnonymous } from '../../authorize/authorize.ts'
import type { SentrySettings } from '../../config/schema/profiles/sentry.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { HeaderNameMemo, valuesOfHeader } from '../../request/header-name.ts'
import { type Refusal, refuse } from '../../request/refusal.ts'
import type { RouteProfile } from '../profile.ts'
import type { ProfileContext } from '../profile-context.ts'
import { credentialOfEnvelope } from './envelope-credential.ts'
import { compileReadAuthorization } from './sentry-authorization.ts'
import { explainSentryRefusal, renderSentryRefusal } from './sentry-refusals.ts'
import { sentryRules } from './sentry-rules.ts'
import { sentryCredential } from './upstream-credential.ts'

/** Compile the profile of one route. */
export function compileSentryProfile(settings: SentrySettings, context: ProfileContext): RouteProfile {
  const { kinds, passesCredential, findServices } = context
  const admitsDsn = kinds.includes('dsn')
  const { sessionCookie } = settings
  return {
    screen: refuseRepeated,
    readAuthorization: compileReadAuthorization(admitsDsn),
    ...(admitsDsn ? { credentialOfBody: credentialOfEnvelope } : {}),
    explainRefusal: (refusal, credential) =>
      explainSentryRefusal(refusal, credential, findServices().clock.now()),
    ...(sessionCookie === undefined
      ? {}
      : { admitAnonymous: (request) => admitSession(request, sessionCookie) }),
    rules: sentryRules,
    ...(passesCredential ? {} : { upstreamCredential: (granted) => sentryCredential(granted, settings) }),
    renderRefusal: renderSentryRefusal,
    isWithheldFromTokens: (folded) => folded === 'cookie' || folded === 'set-cookie',
  }
}

/** What Sentry takes one of, on routes that read no credential too. */
const single = /^(authorization|x-sentry-auth|x-sentry-relay-(id|signature))$/
const singleNames = new HeaderNameMemo<string | undefined>(({ folded }) =>
  single.test(folded) ? folded : undefined,
)

function refuseRepeated({ rawHeaders }: CanonicalRequest): Refusal | undefined {
  let seen: string[] | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = singleNames.get(rawHeaders[index] ?? '')
    if (name === undefined) continue
    if (seen?.includes(name)) return refuse('ambiguous_credential', `${name} stands twice`)
    seen ??= []
    seen.push(name)
  }
  return undefined
}

/** Whose session it is, and whether it is one, Sentry knows. */
function admitSession({ rawHeaders }: CanonicalRequest, sessionCookie: string) {
  const cookies = valuesOfHeader(rawHeaders, 'cookie').flatMap((value) => value.split(';'))
  return cookies.some((cookie) => cookie.trim().startsWith(`${sessionCookie}=`))
    ? authorizeAnonymous()
    : refuse('credential_required', 'neither a token nor a session')
}
