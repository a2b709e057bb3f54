/**
 * What the failure of a request says of its target. A client that breaks its own request off must not take a target out,
 * and the gateway's own end blames nobody.
 * @module
 */

/** The target could not be reached; see also the codes of certificates. */
const unreachable: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EACCES',
  'ETIMEDOUT',
  'HTTP1_CONNECT_TIMEOUT',
  'HTTP2_CONNECT_TIMEOUT',
  'HTTP2_PROTOCOL',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** The connection ended under a request. */
const ended: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'HTTP1_ENDED',
  'HTTP2_ENDED',
  'UND_ERR_SOCKET',
])

/** It was there, and did not do its part. */
const silent: ReadonlySet<string> = new Set([
  'HTTP1_HEAD_TIMEOUT',
  'HTTP1_RESPONSE',
  'HTTP2_HEAD_TIMEOUT',
  'HTTP2_RESPONSE',
  'UND_ERR_HEADERS_TIMEOUT',
])

const certificate = /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/

/** Whether it is held against the target. */
export function isFaultOfTarget(
  error: Error & { readonly code?: string },
): error is Error & { code: string } {
  const { code } = error
  if (code === undefined) return false
  return unreachable.has(code) || ended.has(code) || silent.has(code) || certificate.test(code)
}

/** Of a request that was not sent: whether another target may be the better one. Who waited to no end has waited enough. */
export function isWorthAnotherTarget(error: Error & { readonly code?: string }): boolean {
  return isFaultOfTarget(error) && !silent.has(error.code)
}

/** Whether the target has said that it did nothing with the request. It says goodbye so whenever it is restarted: no fault. */
export function wasRefused(error: Error & { readonly code?: string }): boolean {
  return error.code === 'HTTP2_REFUSED'
}

/** Of a request that was sent: whether its connection ended, and not its time. */
export function connectionEnded(error: Error & { readonly code?: string }): boolean {
  return error.code !== undefined && ended.has(error.code)
}
