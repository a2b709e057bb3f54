/**
 * Plays generated connections against a gateway, and holds what arrived on both sides to the documentation.
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from 'node:assert'
import fc from 'fast-check'
import type { Test } from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { type ExpectedMessage, expectedRequest, expectedResponse } from './documented-rewriting.ts'
import { closesConnection, type GeneratedConnection } from './exchange.ts'
import { connections } from './exchanges.ts'
import type { ReadMessage } from './message-reader.ts'
import { playConnection, type ReadResponse } from './scripted-client.ts'
import { type ScriptedUpstream, scriptedUpstream } from './scripted-upstream.ts'

/** Connections that are open at the same time. */
const atOnce = 6

/** Plays one connection; rejects where anything arrived that should not have, or did not arrive that should have. */
export type Hold = (connection: GeneratedConnection) => Promise<void>

/** The upstream's end: what is spoken there, and what that makes of messages as they are documented. */
export interface UpstreamEnd {
  start(t: Test): Promise<ScriptedUpstream>
  readonly protocol: 'http1' | 'http2'
  asReceived(request: ExpectedMessage): ExpectedMessage
  asSent(response: ExpectedMessage): ExpectedMessage
}

const http1End: UpstreamEnd = {
  start: scriptedUpstream,
  protocol: 'http1',
  asReceived: (request) => request,
  asSent: (response) => response,
}

export async function startHolding(
  t: Test,
  { start, protocol, asReceived, asSent }: UpstreamEnd = http1End,
): Promise<Hold> {
  const upstream = await start(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    upstreams: { legacy: { url: upstream.url, protocol } },
    routes: [{ match: { path: '/{path*}' }, allowUnderscoreHeaders: true }],
    listen: { limits: { headerBytes: '512KiB', headerCount: 500 } },
    log: { requests: false },
  })
  const owner = await gateway.issue({ access: 'owner' })
  const other = await gateway.issue({ access: 'read-write' })
  let count = 0

  return async (connection) => {
    const { exchanges, isOwner } = connection
    const first = count
    count += exchanges.length
    for (const [index, exchange] of exchanges.entries()) upstream.exchanges.set(first + index, exchange)
    const credential = isOwner ? owner.text : other.text
    const responses = await playConnection(connection, { port: gateway.port, credential, number: first })
    for (const [index, exchange] of exchanges.entries()) {
      const number = first + index
      const { request, response } = exchange
      const closes = closesConnection(request)
      checkResponse(
        responses[index] as ReadResponse,
        asSent(expectedResponse(request, response, { isOwner, closes })),
      )
      const received = upstream.received.get(number)
      ok(received, `${request.target} did not arrive`)
      const expected = asReceived(expectedRequest(request, number, isOwner))
      check(received, expected, response.isEarly)
      upstream.received.delete(number)
      upstream.exchanges.delete(number)
    }
    deepStrictEqual(upstream.surprises, [])
  }
}

/** Plays generated connections until so many exchanges have been held; yields how many there were. */
export async function holdGenerated(
  hold: Hold,
  exchangesMin: number,
  generated: fc.Arbitrary<GeneratedConnection> = connections,
): Promise<number> {
  let held = 0
  const groups = fc.array(generated, { minLength: 1, maxLength: atOnce, size: 'max' })
  while (held < exchangesMin) {
    await fc.assert(
      fc.asyncProperty(groups, async (group) => {
        await Promise.all(group.map(hold))
        held += group.reduce((sum, { exchanges }) => sum + exchanges.length, 0)
      }),
      { numRuns: 50 },
    )
  }
  return held
}

function checkResponse({ interim, final }: ReadResponse, expected: ExpectedMessage): void {
  deepStrictEqual(
    interim.map(({ start, lines }) => ({ start, lines })),
    expected.interim,
  )
  check(final, expected, false)
}

/** A request that was answered early may have been cut off. */
function check(message: ReadMessage, expected: ExpectedMessage, mayBeCutOff: boolean): void {
  const { start, lines, content, trailers, isWhole } = message
  strictEqual(start, expected.start, content.toString('latin1', 0, 300))
  const missing = [...expected.added]
  const carried = lines.filter((line) => {
    const index = missing.findIndex((pattern) => pattern.test(line))
    if (index !== -1) missing.splice(index, 1)
    return index === -1 && expected.optional?.test(line) !== true
  })
  deepStrictEqual(carried, expected.carried)
  deepStrictEqual(missing, [])
  deepStrictEqual(trailers, [])
  ok(isWhole || mayBeCutOff, `${start} was cut off`)
  ok(content.equals(isWhole ? expected.content : expected.content.subarray(0, content.length)), 'the content')
}
