/**
 * The question that a browser asks before a page of another origin may send a request (CORS). It carries no credential by
 * design, so that a route which needs one refuses it, and the page never gets to send its own.
 * @module
 */

import type { Address } from '../client-address/address.ts'
import { compileNetworks } from '../client-address/networks.ts'
import type { RouteSettings } from '../config/schema/routes.ts'
import type { CanonicalRequest } from '../request/canonical-request.ts'
import { HeaderNameMemo, valuesOfHeader } from '../request/header-name.ts'
import { authorizePublic } from './authorize.ts'
import type { Grant } from './grant.ts'

/** The grant of a preflight without a credential; `undefined` for every other request, which is decided on as ever. */
export type AdmitPreflight = (request: CanonicalRequest, client: Address) => Grant | undefined

/** `undefined` where preflights are requests like all others. */
export function compileAdmitPreflight({
  preflight,
  authorize: { networks },
}: Pick<RouteSettings, 'preflight' | 'authorize'>): AdmitPreflight | undefined {
  switch (preflight) {
    case 'authorize':
      return undefined
    case 'forward': {
      const admitted = networks && compileNetworks(networks)
      return (request, client) => {
        if (!isPreflight(request) || carriesMore(request)) return undefined
        return admitted === undefined || admitted.contains(client) ? authorizePublic() : undefined
      }
    }
    default:
      return preflight satisfies never
  }
}

const origin = /^(null|[a-z][a-z0-9+.-]*:\/\/[^\s,/?#@]+)$/i
const method = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Whether it is one by what the Fetch standard says of them: OPTIONS, one origin, one method to come, no body. */
export function isPreflight(request: CanonicalRequest): boolean {
  if (request.method !== 'OPTIONS' || request.hasBody) return false
  return isOne(request, 'origin', origin) && isOne(request, 'access-control-request-method', method)
}

function isOne({ rawHeaders }: CanonicalRequest, name: string, form: RegExp): boolean {
  const values = valuesOfHeader(rawHeaders, name)
  return values.length === 1 && form.test(values[0] ?? '')
}

/** No browser sends these with it: a credential wherever it may be read, another method, another target. */
const barred =
  /^(authorization|proxy-authorization|cookie|x-(auth-token|storage-token|api-key|sentry-auth)|x-(http-)?method(-override)?|x-original-(method|ur[il])|x-rewrite-url|origin|access-control-request-method)$/

const barredNames = new HeaderNameMemo<boolean>(({ lower, folded }) => {
  // The two that make a preflight are barred in disguise only.
  const isPlain = lower === folded && (lower === 'origin' || lower === 'access-control-request-method')
  return !isPlain && barred.test(folded)
})

function carriesMore({ rawHeaders }: CanonicalRequest): boolean {
  return rawHeaders.some((name, index) => index % 2 === 0 && barredNames.get(name))
}
