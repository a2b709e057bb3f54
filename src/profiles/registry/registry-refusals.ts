/**
 * The gateway's refusals as registries and their token endpoints speak: a challenge that says where a registry token is
 * to be had and for what, error bodies of the OCI Distribution Specification, and no word on whether something exists.
 * @module
 */

import type { RegistrySettings } from '../../config/schema/profiles/registry.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import type { Refusal } from '../../request/refusal.ts'
import type { RefusalMessage, RenderRefusal } from '../../request/refusal-message.ts'
import { scopesOf } from './registry-access.ts'
import { type RegistryOperation, readRegistryOperation } from './registry-operation.ts'
import { scopeText } from './registry-scope.ts'

/** `detail` of a refusal of a registry token that is good, but not for this. */
export const narrowToken = 'insufficient_scope'

interface Answer {
  readonly status: number
  readonly body: string
  readonly challenge?: string
}

export function compileRenderRefusal(settings: RegistrySettings): RenderRefusal {
  const publicOrigin = settings.publicUrl && new URL(settings.publicUrl).origin
  return (refusal, requestId, request, scheme) => {
    const origin = publicOrigin ?? `${scheme}://${request.authority}`
    const { rawPath } = request
    const answer = settings.tokenPaths.includes(rawPath)
      ? ofTokenEndpoint(refusal, settings, origin)
      : ofRegistry(refusal, request, settings, origin)
    return messageOf(answer, refusal, requestId, rawPath)
  }
}

function ofTokenEndpoint(
  { code, status, title, detail }: Refusal,
  { service, helpUrl }: RegistrySettings,
  origin: string,
): Answer {
  // Whoever does not log in is somebody who may nothing, and not somebody who failed to.
  if (code === 'credential_required' || status === 403) return serviceError(403, 'access forbidden')
  if (status === 404) return detail === undefined ? { status, body: '' } : serviceError(404, detail)
  if (status !== 401) return { status, body: errorBody(codeOf(status), title) }
  const message = `HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or you're required to use a token instead of a password. If a token was provided, it was either incorrect, expired, or improperly scoped. See ${helpUrl ?? `${origin}/help`}`
  return { status, body: errorBody('UNAUTHORIZED', message), challenge: `Basic realm="${service}"` }
}

function ofRegistry(
  { status, title, detail }: Refusal,
  request: CanonicalRequest,
  settings: RegistrySettings,
  origin: string,
): Answer {
  const operation = readRegistryOperation(request)
  if (status === 401) {
    const challenge = challengeOf(operation, settings, origin, detail === narrowToken)
    const body = operation.kind === 'base' ? '' : errorBody('UNAUTHORIZED', 'authentication required')
    return { status, body, challenge }
  }
  if (status !== 403 && status !== 404) return { status, body: errorBody(codeOf(status), title) }
  const name = 'repository' in operation ? { name: operation.repository } : undefined
  return { status: 404, body: errorBody('NAME_UNKNOWN', 'repository name not known to registry', name) }
}

/** The scope is what the request needs, so that clients ask for just that. */
function challengeOf(
  operation: RegistryOperation,
  { service, tokenPaths }: RegistrySettings,
  origin: string,
  isNarrow: boolean,
): string {
  const challenge = `Bearer realm="${origin}${tokenPaths[0]}",service="${service}"`
  if (!('repository' in operation)) return challenge
  const scopes = scopesOf(operation).map(({ repository, actions }) => scopeText(repository, actions))
  return `${challenge},scope="${scopes.join(' ')}"${isNarrow ? `,error="${narrowToken}"` : ''}`
}

/** As GitLab's services say no. */
function serviceError(status: number, message: string): Answer {
  return { status, body: JSON.stringify({ message, status: 'error', http_status: status }) }
}

function errorBody(code: string, message: string, detail?: object): string {
  return JSON.stringify({ errors: [{ code, message, detail }] })
}

function codeOf(status: number): string {
  if (status === 429) return 'TOOMANYREQUESTS'
  return status < 500 ? 'UNSUPPORTED' : 'UNAVAILABLE'
}

function messageOf(
  { status, body, challenge }: Answer,
  { retryAfterSeconds }: Refusal,
  requestId: string,
  rawPath: string,
): RefusalMessage {
  const headers = ['Content-Length', String(Buffer.byteLength(body)), 'Cache-Control', 'no-store']
  if (body !== '') headers.push('Content-Type', 'application/json; charset=utf-8')
  if (rawPath.startsWith('/v2/')) headers.push('Docker-Distribution-Api-Version', 'registry/2.0')
  if (challenge !== undefined) headers.push('WWW-Authenticate', challenge)
  if (retryAfterSeconds !== undefined) headers.push('Retry-After', String(retryAfterSeconds))
  headers.push('X-Request-Id', requestId)
  return { status, body, headers }
}
