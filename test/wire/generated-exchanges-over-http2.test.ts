/**
 * What arrives as it was sent over HTTP/1.1 does so when the upstream is spoken to over HTTP/2, but for what that does not
 * have: names in another case than lower, reason phrases, versions, headers of a connection, and chunks.
 * @module
 */

import { STATUS_CODES } from 'node:http'
import t from 'tap'
import type { ExpectedMessage } from './generated/documented-rewriting.ts'
import type { Content, GeneratedExchange, GeneratedResponse, Line } from './generated/exchange.ts'
import { connections } from './generated/exchanges.ts'
import { holdGenerated, startHolding, type UpstreamEnd } from './generated/hold-exchanges.ts'
import { scriptedHttp2Upstream } from './generated/scripted-http2-upstream.ts'

const http2End: UpstreamEnd = { start: scriptedHttp2Upstream, protocol: 'http2', asReceived, asSent }

t.test('three thousand exchanges arrive on both sides as they were sent', async (t) => {
  const hold = await startHolding(t, http2End)
  const carried = connections.map(({ exchanges, ...rest }) => ({
    ...rest,
    exchanges: exchanges.map(carriedByHttp2),
  }))
  const held = await holdGenerated(hold, 3_000, carried)
  t.ok(held >= 3_000, `${held} exchanges`)
})

/** The documented request as a stream's fields. */
function asReceived(request: ExpectedMessage): ExpectedMessage {
  const [method, target] = request.start.split(' ')
  const kept = request.added.filter(({ source }) => !/^\^(host|connection|transfer-encoding):/.test(source))
  return {
    ...request,
    start: '',
    carried: request.carried.map(inLowerCase),
    added: [
      ...kept,
      new RegExp(`^:method: ${literal(method)}$`),
      /^:scheme: http$/,
      /^:authority: gate\.example$/,
      new RegExp(`^:path: ${literal(target)}$`),
    ],
  }
}

function asSent(response: ExpectedMessage): ExpectedMessage {
  return { ...response, carried: response.carried.map(inLowerCase) }
}

function inLowerCase(line: string): string {
  return line.replace(/^[^:]*/, (name) => name.toLowerCase())
}

function literal(text = ''): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

function carriedByHttp2({ request, response, cutting }: GeneratedExchange): GeneratedExchange {
  return { request, response: responseOverHttp2(response), cutting }
}

function responseOverHttp2(response: GeneratedResponse): GeneratedResponse {
  const { status, lines, content, interim } = response
  return {
    ...response,
    minorVersion: 1,
    reason: STATUS_CODES[status] ?? '',
    lines: fieldsOf(lines),
    content: withoutChunks(content),
    // Node writes repeated fields of an interim answer side by side.
    interim: interim.map((each) => ({ ...each, lines: sideBySide(fieldsOf(each.lines)) })),
  }
}

const ofConnections = /^(connection|keep-alive|proxy-connection|te|transfer-encoding|upgrade|http2-settings)$/

function fieldsOf(lines: readonly Line[]): readonly Line[] {
  return lines
    .map(([name, value]): Line => [name.toLowerCase(), value.replace(/^[ \t]+|[ \t]+$/g, '')])
    .filter(([name]) => !ofConnections.test(name))
}

function sideBySide(lines: readonly Line[]): readonly Line[] {
  return Object.values(Object.groupBy(lines, ([name]) => name)).flatMap((same) => same ?? [])
}

function withoutChunks(content: Content): Content {
  if (content.kind !== 'until close') return content
  return { kind: 'chunked', chunks: [content.bytes], extension: '', trailers: [] }
}
