/**
 * An upstream that wants proof: it verifies what it is sent, with the keys that the gateway publishes.
 * @module
 */

import { createRemoteJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose'
import type { RecordedRequest } from '../../support/recording-upstream.ts'

export const issuer = 'https://gateway.example'
export const keysPath = '/.well-known/jwks.json'
export const header = 'x-sallyport-assertion'

export interface VerifierOptions {
  readonly audience?: string
  readonly issuer?: string
  readonly algorithm?: 'ES256' | 'EdDSA'
  /** Milliseconds since the epoch. */
  readonly now?: number
}

/** The assertion of a request; throws when there is none, or more than one. */
export function assertionIn(request: RecordedRequest | undefined, name = header): string {
  const [text, ...others] = request?.header(name) ?? []
  if (text === undefined || others.length > 0) throw new Error('expected one assertion')
  return text
}

/** Asks for the keys anew each time. Rejects as `jwtVerify` does. */
export async function verifyAt(
  port: number,
  text: string,
  { audience = 'legacy', issuer: by = issuer, algorithm = 'ES256', now = Date.now() }: VerifierOptions = {},
): Promise<JWTPayload> {
  const keys = createRemoteJWKSet(new URL(`http://127.0.0.1:${port}${keysPath}`))
  const { payload } = await jwtVerify(text, keys, {
    algorithms: [algorithm],
    typ: 'sallyport+jwt',
    issuer: by,
    audience,
    currentDate: new Date(now),
    requiredClaims: ['sub', 'exp', 'nbf', 'iat', 'jti'],
  })
  return payload
}

export function keyIdOf(text: string): string {
  return decodeProtectedHeader(text).kid ?? ''
}
