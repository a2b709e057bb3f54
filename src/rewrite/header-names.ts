/**
 * Header names that mean something to proxies or to frameworks behind them, and so are never just passed on.
 * All in lower case, all with `-`; a client's `_` has been folded before they are compared.
 * @module
 */

/** Meant for one connection only (RFC 9110 section 7.6.1, and what was customary before it). */
export const hopByHopHeaders: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** Said anew for the upstream from what was decided on. */
export const restatedHeaders: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'expect',
  'x-request-id',
])

const asserted: ReadonlySet<string> = new Set([
  // Where a request came from: only the gateway says so.
  'forwarded',
  'x-forwarded',
  'x-real-ip',
  'x-client-ip',
  'client-ip',
  'x-cluster-client-ip',
  'x-originating-ip',
  'x-remote-ip',
  'x-remote-addr',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-envoy-external-address',
  'x-envoy-internal',
  'x-host',
  // What was asked for: frameworks honour these over the request line.
  'x-original-url',
  'x-original-uri',
  'x-original-method',
  'x-original-host',
  'x-original-forwarded-for',
  'x-rewrite-url',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  // CGI reads it as HTTP_PROXY.
  'proxy',
  // Who somebody is: legacy services take a proxy's word for it.
  'remote-user',
  'x-remote-user',
  'x-authenticated-user',
  'x-webauth-user',
])

/** Prefix of the identity headers that the gateway sets by default; no client may use it. */
const ownPrefix = 'x-sallyport-'
const assertedPrefixes = ['x-forwarded-', 'x-auth-request-', 'x-remote-user-', ownPrefix]

/** A header that a proxy asserts: removed from what a client sent, whatever its value. */
export function isProxyAsserted(folded: string): boolean {
  return asserted.has(folded) || assertedPrefixes.some((prefix) => folded.startsWith(prefix))
}

/** Places where tokens are customarily presented; none of them goes on unless the route says so. */
export const customaryCredentialHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'x-auth-token',
  'x-storage-token',
  'x-api-key',
  'x-sentry-auth',
])
