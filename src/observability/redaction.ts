/**
 * What the log may not show of a request, derived from the places that the routes read credentials from, and
 * the text of a token wherever a client put it. Where it cannot tell, it shows less.
 * @module
 */

import { tokenTextPattern } from '../tokens/token-text.ts'

/** Where credentials travel, over all routes. */
export interface CredentialPlaces {
  readonly headers: readonly string[]
  readonly queryParameters: readonly string[]
}

/** Cleans what is about to be logged. */
export interface Redaction {
  /** A path with every token text in it replaced. */
  redactPath(path: string): string
  /** The query, with or without its `?`, with the values of credential parameters replaced, however their names are spelt. */
  redactQuery(query: string): string
  /** A record of headers with the values of credential headers replaced; anything else is replaced whole. */
  redactHeaders(headers: unknown): unknown
}

const redacted = '«redacted»'
const tokenText = new RegExp(tokenTextPattern, 'g')

/** Headers that carry credentials whatever the routes say. */
const alwaysHidden = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie']

/** Compile the redaction for all credential places of the configuration. */
export function compileRedaction(places: CredentialPlaces): Redaction {
  const hiddenHeaders = new Set([...alwaysHidden, ...places.headers].map(headerKey))
  const hiddenParameters = new Set(places.queryParameters.map((name) => name.toLowerCase()))

  function isHiddenParameter(pair: string): boolean {
    const name = decodedName(pair)
    return name === undefined || hiddenParameters.has(name)
  }

  /** From the first credential on: a server that splits at `;` and one that does not both find nothing. */
  function redactPair(pair: string): string {
    const parts = pair.split(';')
    const first = parts.findIndex(isHiddenParameter)
    const hidden = parts[first]
    if (hidden === undefined) return pair
    const name = hidden.split('=', 1).join()
    return [...parts.slice(0, first), `${name}=${redacted}`].join(';')
  }

  return {
    redactQuery: (query) => {
      const mark = query.startsWith('?') ? '?' : ''
      const shown = query.slice(mark.length).split('&').map(redactPair).join('&')
      return mark + withoutTokens(shown)
    },
    redactPath: withoutTokens,
    redactHeaders: (headers) => {
      if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return redacted
      const shown = ([name, value]: [string, unknown]) =>
        [name, hiddenHeaders.has(headerKey(name)) ? redacted : value] as const
      return Object.fromEntries(Object.entries(headers).map(shown))
    },
  }
}

/** A token under a misspelt parameter, or in the path of a hook. */
function withoutTokens(text: string): string {
  return text.includes('sp') ? text.replaceAll(tokenText, redacted) : text
}

/** Servers that read headers as CGI variables take `_` for `-`. */
function headerKey(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

/** The name as a server decodes it, in lower case; `undefined` when it cannot be decoded. */
function decodedName(pair: string): string | undefined {
  const [name = ''] = pair.split('=', 1)
  try {
    return decodeURIComponent(name.replaceAll('+', ' ')).trim().toLowerCase()
  } catch {
    return undefined
  }
}
