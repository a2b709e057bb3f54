/**
 * A request and a token that every rule admits, of which a test changes what it is about.
 * @module
 */

import { type Address, parseAddress } from '../../../src/client-address/address.ts'
import { type RouteSettings, route } from '../../../src/config/schema/routes.ts'
import type { CanonicalRequest } from '../../../src/request/canonical-request.ts'
import type { Token } from '../../../src/tokens/token.ts'

export const now = Date.UTC(2026, 0, 1)

export const token: Token = {
  id: '0198c2f0-5b1e-7cc4-9a51-3f6f8d0f1c11',
  kind: 'personal',
  subject: { id: 's1', name: 'alice', kind: 'user', status: 'active', createdAt: 0 },
  scopes: ['read'],
  bindings: {},
  access: 'read-write',
  networks: undefined,
  paths: undefined,
  description: '',
  createdAt: 0,
  createdBy: 'test',
  expiresAt: undefined,
  lastUsedAt: undefined,
  lastUsedAddress: undefined,
  revokedAt: undefined,
  revokedBy: undefined,
  revokedCause: undefined,
  parentId: undefined,
  rotatedFrom: undefined,
  rotatedTo: undefined,
}

export function requestOf(method = 'GET', path = '/v1/a'): CanonicalRequest {
  return {
    method,
    host: 'a.example',
    authority: 'a.example',
    rawPath: path,
    query: '',
    rawHeaders: [],
    hasUnderscoreName: false,
    hasBody: false,
    contentLength: undefined,
  }
}

export function addressOf(text: string): Address {
  const address = parseAddress(text)
  if (address === undefined) throw new Error(`not an address: ${text}`)
  return address
}

/** The `authorize` section of a route, with the defaults of the schema. */
export function authorizeSettings(
  given: NonNullable<Parameters<typeof route.parse>[0]> & object = {},
): RouteSettings['authorize'] {
  return route.parse({ name: 'r', match: { path: '/' }, upstream: 'u', authorize: given }).authorize
}
