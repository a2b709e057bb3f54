/**
 * What assertions have to agree on with the rest of the settings: who asserts, for how long, where, and in which header.
 * @module
 */

import {
  customaryCredentialHeaders,
  hopByHopHeaders,
  isProxyAsserted,
  restatedHeaders,
} from '../rewrite/header-names.ts'
import type { Report, SettingPath } from './problems.ts'
import type { RouteSettings } from './schema/routes.ts'
import type { Settings } from './schema/settings.ts'

const lifetimeMsMin = 5_000
const lifetimeMsMax = 600_000
/** What is proxy-asserted and begins so is the gateway's own to give. */
const ownPrefix = 'x-sallyport-'

export function checkAssertion({ assertion, routes = [] }: Partial<Settings>, refuse: Report): void {
  if (assertion !== undefined) {
    const { issuer, lifetime } = assertion
    if (lifetime < lifetimeMsMin || lifetime > lifetimeMsMax) {
      refuse(['assertion', 'lifetime'], 'expected 5s to 10m')
    }
    if (issuer.includes(':') && !URL.canParse(issuer)) {
      refuse(['assertion', 'issuer'], 'expected a URL, or a word without «:» (RFC 7519 section 2)')
    }
  }
  for (const [index, route] of routes.entries()) {
    const path = ['routes', index]
    checkRoute(route, path, assertion, refuse)
    if (assertion?.keysPath !== undefined && route.match.path === assertion.keysPath) {
      refuse([...path, 'match', 'path'], 'is assertion.keysPath, which the gateway answers itself')
    }
    if (assertion !== undefined && route.profile.registry?.issuer === assertion.issuer) {
      refuse(
        [...path, 'profile', 'registry', 'issuer'],
        'expected another than assertion.issuer: clients hold registry tokens, which must pass for no assertion',
      )
    }
  }
}

function checkRoute(
  route: RouteSettings,
  path: SettingPath,
  issuing: Settings['assertion'],
  refuse: Report,
): void {
  const { assertion, authorize } = route
  if (assertion === undefined) return
  if (issuing === undefined) {
    refuse([...path, 'assertion'], 'needs assertion.issuer, in whose name it is said')
  }
  if (authorize.public === true) {
    refuse([...path, 'assertion'], 'has no effect beside public: true; remove one of them')
  }
  const problem = problemOfHeader(assertion.header, route)
  if (problem !== undefined) refuse([...path, 'assertion', 'header'], problem)
}

/** Two that say something in one header would make two lines of it. */
function problemOfHeader(
  header: string,
  { identityHeaders, upstreamCredential }: RouteSettings,
): string | undefined {
  const isSaidByOthers =
    restatedHeaders.has(header) || hopByHopHeaders.has(header) || customaryCredentialHeaders.has(header)
  if (isSaidByOthers || (isProxyAsserted(header) && !header.startsWith(ownPrefix))) {
    return 'expected a header without a meaning of its own, such as x-sallyport-assertion'
  }
  if (Object.hasOwn(identityHeaders, header)) return 'is one of identityHeaders already'
  const isCredential = typeof upstreamCredential === 'object' && upstreamCredential.header === header
  return isCredential ? 'is the header of upstreamCredential already' : undefined
}
