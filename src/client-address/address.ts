/**
 * An internet address that was written canonically, and nothing else: what the many lenient readers of this
 * world take for an address (`010.0.0.1`, `127.1`, `1.2.3.4:80`, `fe80::1%eth0`) is not one here. An
 * IPv4-mapped IPv6 address is the IPv4 address, so that one host never has two names.
 * @module
 */

import { isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

declare const parsed: unique symbol

/** 128 bits as four signed 32-bit words in network order; IPv4 as its mapped form `::ffff:a.b.c.d`. */
export type Words = readonly [number, number, number, number]

/** Made by `parseAddress` only. Two addresses are the same when their `text` is. */
export interface Address {
  readonly [parsed]: true
  readonly family: 4 | 6
  /** Canonical text: dotted decimal, or RFC 5952. */
  readonly text: string
  readonly words: Words
}

/** The address that a text spells canonically; `undefined` for every other text. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return addressOfIPv4(text)
  // Node takes a zone for a part of the address, but it means something on one machine only.
  if (!isIPv6(text) || text.includes('%')) return undefined
  return addressOfIPv6(text)
}

function addressOfIPv4(text: string): Address {
  const words: Words = [0, 0, 0xffff, wordOf(text)]
  return address({ family: 4, text, words })
}

function addressOfIPv6(text: string): Address {
  const ip = ipaddr.IPv6.parse(withoutDots(text))
  const bytes = Buffer.from(ip.toByteArray())
  const words: Words = [
    bytes.readInt32BE(0),
    bytes.readInt32BE(4),
    bytes.readInt32BE(8),
    bytes.readInt32BE(12),
  ]
  const isMapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff
  if (isMapped) return address({ family: 4, text: bytes.subarray(12).join('.'), words })
  return address({ family: 6, text: ip.toRFC5952String(), words })
}

/** `::ffff:10.0.0.1` as `::ffff:a00:1`. ipaddr.js would read `::10.0.0.1`, which is not mapped, as if it were. */
function withoutDots(text: string): string {
  if (!text.includes('.')) return text
  const start = text.lastIndexOf(':') + 1
  const word = wordOf(text.slice(start))
  return `${text.slice(0, start)}${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`
}

function wordOf(dotted: string): number {
  return dotted.split('.').reduce((word, octet) => (word << 8) | Number(octet), 0)
}

function address(fields: Omit<Address, typeof parsed>): Address {
  return Object.freeze(fields) as Address
}
