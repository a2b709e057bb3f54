/**
 * Sends rows of attacks over HTTP/2, a connection for each, and sees that each is refused or carried as its row says.
 * @module
 */

import type { Test } from 'tap'
import { dataFrame, flags, headersFrame } from '../support/http2/frames.ts'
import { headerBlock } from '../support/http2/hpack.ts'
import type { HeaderLine } from '../support/recording-upstream.ts'
import { until } from '../support/until.ts'
import { failureOf } from './attacks/attack.ts'
import type { Http2Attack, Http2Input } from './attacks/http2-attack.ts'
import { codeOfHttp2, type Http2Wire, startHttp2Wire } from './http2-wire.ts'
import { leavesNoTrace } from './witness.ts'

/** One test for each attack. */
export function testHttp2Attacks(t: Test, attacks: readonly Http2Attack[]): void {
  for (const { id, title, inputs } of attacks) {
    t.test(`${id} ${title}`, async (t) => {
      const wire = await startHttp2Wire(t)
      const refused = inputs.filter((input) => 'refused' in input && input.isLate !== true)
      const others = inputs.filter((input) => !refused.includes(input))
      await leavesNoTrace(t, wire, async () => {
        for (const input of refused) await attack(t, wire, input)
        t.equal(wire.upstream.requests.length, 0, 'not a byte went up')
      })
      for (const input of others) await attack(t, wire, input)
      await wire.serves(t)
    })
  }
}

async function attack(t: Test, wire: Http2Wire, input: Http2Input): Promise<void> {
  const before = wire.upstream.requests.length
  const answer = await wire.ask(...framesOf(input, wire.token))
  await until(() => wire.upstream.requests.every(({ state }) => state !== 'receiving'))
  const observed = {
    answer: answer.status === 0 ? undefined : answer,
    received: wire.upstream.requests.slice(before),
  }
  const { pseudo, before: first, lines, data } = input
  const shown = JSON.stringify({ pseudo, first, lines, data }).slice(0, 160)
  if ('carried' in input) {
    t.equal(failureOf(input, observed), undefined, shown)
    return
  }
  t.equal(failureOf({ ...input, refused: 'malformed_request' }, observed), undefined, shown)
  const isBroken = answer.status === 0
  if (input.refused === 'broken') {
    // A refusal can overtake what breaks the stream off, where that is a body.
    if (input.isLate !== true) t.ok(isBroken, shown)
  } else if (!isBroken || input.orBroken !== true) t.equal(codeOfHttp2(answer), input.refused, shown)
}

function framesOf(input: Http2Input, token: string): readonly Buffer[] {
  const pseudo = {
    ':method': 'GET',
    ':scheme': 'https',
    ':authority': 'gate.example',
    ':path': '/a',
    ...input.pseudo,
  }
  const written = Object.entries(pseudo).flatMap(([name, value]): readonly HeaderLine[] =>
    value === null ? [] : [[name, value]],
  )
  const { before = [], lines = [], data = [], trailers } = input
  const head = headerBlock([...before, ...written, ['authorization', `Bearer ${token}`], ...lines])
  const isHeadAll = data.length === 0 && trailers === undefined
  return [
    headersFrame(1, head, flags.endHeaders | (isHeadAll ? flags.endStream : 0)),
    ...data.map((bytes, index) =>
      dataFrame(1, bytes, trailers === undefined && index === data.length - 1 ? flags.endStream : flags.none),
    ),
    ...(trailers === undefined ? [] : [headersFrame(1, headerBlock(trailers))]),
  ]
}
