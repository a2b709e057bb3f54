/**
 * Swift's refusals as they look on the wire (swift/common/swob.py), so that its clients cannot tell the gateway's from
 * Swift's own: headers as Swift spells them, and body.
 * @module
 */

export interface SwiftPage {
  /** With `Content-Length`, in bytes of UTF-8. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
  /** Whether the body is made up only when it is sent, so that the answer to `HEAD` announces none. */
  readonly isMadeUp: boolean
}

/** A header that does not hold; `text` as `checkAccountAccessControl` words it. */
export function badRequest(text: string): SwiftPage {
  return page(text, 'text/plain; charset=UTF-8', [], false)
}

/** No valid token. The challenge names the account of the path, where there is one. */
export function unauthorized(account: string | undefined): SwiftPage {
  const sentence =
    'This server could not verify that you are authorized to access the document you requested.'
  return swiftPage('Unauthorized', sentence, [['Www-Authenticate', challenge(account)]])
}

export function malformed(): SwiftPage {
  const sentence =
    'The server could not comply with the request since it is either malformed or otherwise incorrect.'
  return swiftPage('Bad Request', sentence)
}

export function forbidden(): SwiftPage {
  return swiftPage('Forbidden', 'Access was denied to this resource.')
}

export function notFound(): SwiftPage {
  return swiftPage('Not Found', 'The resource could not be found.')
}

/** Any other refusal, with the reason phrase of its status. */
export function swiftPage(reason: string, sentence: string, headers: SwiftPage['headers'] = []): SwiftPage {
  return page(`<html><h1>${reason}</h1><p>${sentence}</p></html>`, 'text/html; charset=UTF-8', headers, true)
}

/** The same in answer to `HEAD`. Swift announces the length of a text as for any other method, but none of a page. */
export function ofHead(answer: SwiftPage): SwiftPage {
  if (!answer.isMadeUp) return { ...answer, body: '' }
  const headers = answer.headers.filter(([name]) => name !== 'Content-Length')
  return { ...answer, headers: [...headers, ['Content-Length', '0']], body: '' }
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

function page(body: string, type: string, headers: SwiftPage['headers'], isMadeUp: boolean): SwiftPage {
  const length = String(Buffer.byteLength(body))
  return { headers: [['Content-Type', type], ...headers, ['Content-Length', length]], body, isMadeUp }
}
