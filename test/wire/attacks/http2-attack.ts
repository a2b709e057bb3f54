/**
 * What an attack over HTTP/2 is: the head and the frames of one request, and what has to become of it.
 * @module
 */

import type { RefusalCode } from '../../../src/request/refusal.ts'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import type { Carried } from './attack.ts'

/**
 * What has to become of it: refused with a code; `broken`, which is an end of its stream or its connection without an
 * answer; or carried.
 */
export type Http2Verdict =
  | {
      readonly refused: RefusalCode | 'broken'
      /** Its head is in order, so that it is decided on before the rest turns out not to be. */
      readonly isLate?: true
      /** Whichever comes first. */
      readonly orBroken?: true
    }
  | { readonly carried: Carried }

export type Http2Input = {
  /** Pseudo-headers that differ from those of `GET https://gate.example/a`; `null` leaves one out. */
  readonly pseudo?: Readonly<Record<string, string | null>>
  /** Behind the credential. Latin-1. */
  readonly lines?: readonly HeaderLine[]
  /** Lines of the head that stand before the pseudo-headers. */
  readonly before?: readonly HeaderLine[]
  /** One frame of DATA each, and the end of the stream with the last; none ends it with the head. */
  readonly data?: readonly string[]
  /** Behind the data, which does not end the stream then. */
  readonly trailers?: readonly HeaderLine[]
} & Http2Verdict

export interface Http2Attack {
  /** As docs/wire.md lists it. */
  readonly id: string
  /** The guarantee, as a sentence. */
  readonly title: string
  readonly inputs: readonly Http2Input[]
}

/** Each with a line more, and broken off for it. */
export function brokenLines(...lines: readonly HeaderLine[]): readonly Http2Input[] {
  return lines.map((line) => ({ lines: [line], refused: 'broken' }))
}
