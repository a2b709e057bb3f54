/**
 * Sallyport before Read the Docs: keys of builders, each for one project. What a key may not do, the gateway refuses; what
 * everybody may read stays so.
 * @module
 */

import { compileExtractCredential } from '../../authenticate/extract-credential.ts'
import type { ReadthedocsSettings } from '../../config/schema/profiles/readthedocs.ts'
import type { RouteProfile } from '../profile.ts'
import type { ProfileContext } from '../profile-context.ts'
import { renderRefusal } from './api-answers.ts'
import { readKeyAfter } from './key-grammar.ts'
import { mintKey } from './key-minting.ts'
import { OwnRequests } from './own-requests.ts'

/** A session of the service, which says nothing beside a key. */
const cookies: ReadonlySet<string> = new Set(['cookie', 'set-cookie'])

/** Compile the profile of one route. */
export function compileReadthedocsProfile(
  { minting }: ReadthedocsSettings,
  context: ProfileContext,
): RouteProfile {
  const { credentials, findServices } = context
  const readAuthorization = readKeyAfter(credentials)
  const own = new OwnRequests(compileExtractCredential(credentials, readAuthorization), context)
  return {
    readAuthorization,
    serve: (visit) => own.serve(visit),
    ...(minting && { answer: (granted) => () => mintKey(granted, minting, findServices) }),
    renderRefusal,
    isWithheldFromTokens: (folded) => cookies.has(folded),
  }
}
