/**
 * Swift's refusals as they look on the wire, so that its clients cannot tell the gateway's from Swift's own:
 * status, reason, headers as Swift spells them, and body.
 * @module
 */

/** The status codes that are spoken for here, with their reasons and sentences. */
const pages = {
  400: [
    'Bad Request',
    'The server could not comply with the request since it is either malformed or otherwise incorrect.',
  ],
  401: [
    'Unauthorized',
    'This server could not verify that you are authorized to access the document you requested.',
  ],
  403: ['Forbidden', 'Access was denied to this resource.'],
  404: ['Not Found', 'The resource could not be found.'],
  405: ['Method Not Allowed', 'The method is not allowed for this resource.'],
  412: ['Precondition Failed', 'A precondition for this request was not met.'],
  503: ['Service Unavailable', 'The server is currently unavailable. Please try again at a later time.'],
} as const

export type SwiftRefusalStatus = keyof typeof pages

export interface SwiftRefusal {
  readonly status: SwiftRefusalStatus
  readonly reason: string
  /** With `Content-Length`, in bytes of UTF-8. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

const html = 'text/html; charset=UTF-8'
const plainText = 'text/plain; charset=UTF-8'

/** A header that does not hold; `text` as `checkAccountAccessControl` words it. */
export function badRequest(text: string): SwiftRefusal {
  return refusal(400, { text, type: plainText })
}

/** No valid token. The challenge names the account of the path, where there is one. */
export function unauthorized(account: string | undefined): SwiftRefusal {
  return refusal(401, { headers: [['Www-Authenticate', challenge(account)]] })
}

export function forbidden(): SwiftRefusal {
  return refusal(403, {})
}

export function notFound(): SwiftRefusal {
  return refusal(404, {})
}

export function methodNotAllowed(allowed: readonly string[]): SwiftRefusal {
  return refusal(405, { headers: [['Allow', allowed.join(', ')]] })
}

/** `Bad URL` and `Invalid UTF8 or contains NULL` are the texts for a path that Swift cannot serve. */
export function preconditionFailed(text: string | undefined): SwiftRefusal {
  return refusal(412, text === undefined ? {} : { text })
}

export function serviceUnavailable(): SwiftRefusal {
  return refusal(503, {})
}

/**
 * The same refusal of `HEAD`. Swift announces the length of a text as for any other method, but none of a page,
 * which it makes up only when it sends one.
 */
export function ofHead(refused: SwiftRefusal): SwiftRefusal {
  if (refused.body !== pageOf(refused.status)) return { ...refused, body: '' }
  const headers = refused.headers.filter(([name]) => name !== 'Content-Length')
  return { ...refused, headers: [...headers, ['Content-Length', '0']], body: '' }
}

/** Names that TempAuth takes for no account: they are steps on the way to a token. */
const noAccounts: ReadonlySet<string> = new Set(['v1.0', 'auth'])

/** The value of `Www-Authenticate`: Swift percent-encodes the name, so no account can break out of the quotes. */
function challenge(account: string | undefined): string {
  if (account === undefined || noAccounts.has(account)) return 'Swift realm="unknown"'
  const realm = encodeURIComponent(account.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `Swift realm="${realm}"`
}

interface Wording {
  /** In place of Swift's page. */
  readonly text?: string
  readonly type?: string
  readonly headers?: readonly (readonly [name: string, value: string])[]
}

function refusal(status: SwiftRefusalStatus, { text, type = html, headers = [] }: Wording): SwiftRefusal {
  const body = text ?? pageOf(status)
  const length = String(Buffer.byteLength(body))
  return {
    status,
    reason: pages[status][0],
    headers: [['Content-Type', type], ...headers, ['Content-Length', length]],
    body,
  }
}

function pageOf(status: SwiftRefusalStatus): string {
  const [reason, sentence] = pages[status]
  return `<html><h1>${reason}</h1><p>${sentence}</p></html>`
}
