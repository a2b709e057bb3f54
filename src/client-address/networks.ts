/**
 * Lists of networks, compiled once and asked on every request. A list contains what it names and nothing
 * else: an empty list contains no address, and an unknown address is in no list.
 * @module
 */

import { type Address, parseAddress, type Words } from './address.ts'

/** A compiled list of networks. */
export interface Networks {
  /** Whether one of the networks covers the address; `false` for `undefined`. */
  contains(address: Address | undefined): boolean
}

interface Block {
  readonly family: 4 | 6
  readonly mask: Words
  /** The network's address, host bits cleared. */
  readonly base: Words
}

/**
 * Compile CIDR blocks and single addresses. Host bits are ignored (`10.1.2.3/8` is `10.0.0.0/8`), a mapped
 * block is the IPv4 block (`::ffff:10.0.0.0/104`), and a block of one family covers nothing of the other.
 * Throws a `RangeError` that names the first bad entry and says what to write.
 */
export function compileNetworks(cidrs: readonly string[]): Networks {
  const blocks = cidrs.map(compileBlock)
  return {
    contains: (address) => address !== undefined && blocks.some((block) => covers(block, address)),
  }
}

function compileBlock(cidr: string): Block {
  const [text = '', prefixText, ...rest] = cidr.split('/')
  const address = parseAddress(text)
  if (address === undefined || rest.length > 0) {
    throw new RangeError(
      `not a network: «${cidr}»; write an address or a block in canonical form, such as 10.0.0.0/8 or fd00::/8`,
    )
  }
  const width = text.includes(':') ? 128 : 32
  const prefix = prefixText === undefined ? width : prefixLength(prefixText, width)
  if (prefix === undefined) {
    throw new RangeError(`not a network: «${cidr}»; write a prefix length from 0 to ${width} after the slash`)
  }
  const bits = prefix + 128 - width
  if (address.family === 4 && bits < 96) {
    throw new RangeError(
      `not a network: «${cidr}» is partly IPv4 and partly IPv6; write an IPv4 block such as 10.0.0.0/8 and an IPv6 block`,
    )
  }
  const mask = maskOf(bits)
  return { family: address.family, mask, base: masked(address.words, mask) }
}

function prefixLength(text: string, width: number): number | undefined {
  if (!/^(0|[1-9]\d{0,2})$/.test(text)) return undefined
  const length = Number(text)
  return length <= width ? length : undefined
}

function maskOf(bits: number): Words {
  return [maskWord(bits), maskWord(bits - 32), maskWord(bits - 64), maskWord(bits - 96)]
}

/** A word whose first `bits` bits are set. A shift by 32 would be one by 0, hence the first line. */
function maskWord(bits: number): number {
  if (bits <= 0) return 0
  return bits >= 32 ? -1 : -1 << (32 - bits)
}

function masked(words: Words, mask: Words): Words {
  return [words[0] & mask[0], words[1] & mask[1], words[2] & mask[2], words[3] & mask[3]]
}

function covers({ family, mask, base }: Block, { family: asked, words }: Address): boolean {
  return (
    asked === family &&
    (words[3] & mask[3]) === base[3] &&
    (words[0] & mask[0]) === base[0] &&
    (words[1] & mask[1]) === base[1] &&
    (words[2] & mask[2]) === base[2]
  )
}
