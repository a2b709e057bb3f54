/**
 * Text as a Python WSGI server holds it: bytes in a string, one character each (latin-1), with or without
 * percent-encoding. Here they become the texts that Swift makes of them.
 * @module
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: the ASCII range without NUL is meant
const plain = /^[\u0001-\u007f]*$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Percent-decoding as `urllib.parse.unquote` does it for WSGI: every `%` with two hexadecimal digits becomes
 * that byte, once; every other `%` stays, and so does `+`.
 */
export function unquote(bytes: string): string {
  if (!bytes.includes('%')) return bytes
  return bytes.replace(/%[0-9A-Fa-f]{2}/g, (triplet) =>
    String.fromCharCode(Number.parseInt(triplet.slice(1), 16)),
  )
}

/**
 * The text that these bytes are in UTF-8, or `undefined` where Swift answers «Invalid UTF8 or contains NULL».
 * Two texts are equal exactly if their bytes are: nothing is normalized.
 */
export function textOf(bytes: string): string | undefined {
  if (plain.test(bytes)) return bytes
  if (!isBytes(bytes) || bytes.includes('\0')) return undefined
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return undefined
  }
}

/** Whether every character stands for one byte. */
function isBytes(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0xff) return false
  return true
}

/** Well-formed UTF-8 sequences of two to four bytes (RFC 3629), else one stray byte. */
const sequenceOrByte =
  /[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])[\x80-\xbf]|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]{2}|[\x80-\xff]/g

/** Decode UTF-8 with `errors='surrogateescape'`: a byte that is none becomes U+DC00 + byte. */
export function surrogateEscaped(bytes: string): string {
  return bytes.replace(sequenceOrByte, (found) =>
    found.length === 1
      ? String.fromCharCode(0xdc00 + found.charCodeAt(0))
      : Buffer.from(found, 'latin1').toString('utf8'),
  )
}

/** The value of a header line as eventlet hands it on: without white space round it. */
export function stripped(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isSpace(value.charCodeAt(start))) start++
  while (start < end && isSpace(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a
}
