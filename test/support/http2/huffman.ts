/**
 * Reads the Huffman code of HPACK (RFC 7541 Appendix B). The code is canonical: those of one length count upwards in
 * the order of their bytes, so that the lengths say everything.
 * @module
 */

/** Bits of the code of each byte from 0 to 255, a digit of base 36 each. */
const lengths = [
  ...'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca',
  ...'d67777777777777777777777878djde6f56565666577666567655677777fbeds',
  ...'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn',
  ...'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq',
].map((digit) => Number.parseInt(digit, 36))

/** The byte of each code, by `length:code`. */
const bytes = canonical()

/** The text, latin-1. What fills the last byte is not looked at. */
export function readHuffman(coded: Buffer): string {
  let text = ''
  let code = 0
  let length = 0
  for (const byte of coded) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1)
      length++
      const found = bytes.get(`${length}:${code}`)
      if (found === undefined) continue
      text += String.fromCharCode(found)
      code = 0
      length = 0
    }
  }
  return text
}

function canonical(): ReadonlyMap<string, number> {
  const byLength = lengths.map((length, byte) => ({ length, byte }))
  byLength.sort((one, other) => one.length - other.length || one.byte - other.byte)
  const found = new Map<string, number>()
  let code = 0
  let before = 0
  for (const { length, byte } of byLength) {
    code *= 2 ** (length - before)
    found.set(`${length}:${code}`, byte)
    code++
    before = length
  }
  return found
}
