/**
 * The text of a token that Sallyport mints: `sp<kind>_`, 30 random base62 characters (178 bits) and 6 that
 * are the CRC-32 of all before. Prefix and checksum let a scanner find a leaked token and let the gateway
 * turn down a typing error without asking the store; neither adds to its secrecy.
 * @module
 */

import { randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { Secret } from '../lib/secret.ts'
import { type TokenKind, tokenKinds } from './token.ts'

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const randomLength = 30
/** 62^6 exceeds 2^32, so that every checksum has a text of this length. */
const checksumLength = 6

const letterOf = {
  personal: 'p',
  group: 'g',
  deploy: 'd',
  build: 'b',
  organization: 'o',
  dsn: 'n',
  system: 's',
  session: 'e',
  admin: 'a',
} as const satisfies Record<TokenKind, string>

/** Source of the regular expression for secret scanners. */
export const tokenTextPattern = '\\bsp[pgdbonsea]_[0-9A-Za-z]{36}\\b'

const grammar = /^sp[pgdbonsea]_[0-9A-Za-z]{36}$/

/** A new text from the operating system's randomness. */
export function newTokenText(kind: TokenKind): Secret {
  // `randomInt` draws again instead of taking a remainder: each character is equally likely.
  const random = Array.from({ length: randomLength }, () => base62.charAt(randomInt(base62.length))).join('')
  const body = `sp${letterOf[kind]}_${random}`
  return new Secret(body + checksumOf(body))
}

/** Whether a text follows the grammar and carries its own checksum: it may exist, and nothing else can. */
export function isWellFormed(text: string): boolean {
  return grammar.test(text) && checksumOf(text.slice(0, -checksumLength)) === text.slice(-checksumLength)
}

/** The kind that a well-formed text claims; the store's record decides. `undefined` for every other text. */
export function kindOf(text: string): TokenKind | undefined {
  if (!isWellFormed(text)) return undefined
  return tokenKinds.find((kind) => letterOf[kind] === text.charAt(2))
}

function checksumOf(body: string): string {
  let rest = crc32(body)
  let digits = ''
  for (let place = 0; place < checksumLength; place++) {
    digits = base62.charAt(rest % base62.length) + digits
    rest = Math.floor(rest / base62.length)
  }
  return digits
}
