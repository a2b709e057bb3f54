/**
 * `node check-clients.ts URL SECONDS TRAFFIC`: an Envoy that asks by gRPC about one request after another, so many at a time on
 * one connection. Prints what that came to as JSON; ends with 1 when a call fails or anything but the first is refused.
 * @module
 */

import { readFileSync } from 'node:fs'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import {
  CheckRequestSchema,
  CheckResponseSchema,
} from '../../src/decide/grpc/generated/envoy/service/auth/v3/external_auth_pb.ts'
import { Latencies } from './latencies.ts'
import { type Header, headersOf, type Traffic } from './traffic.ts'

const [url = '', seconds, file = ''] = process.argv.slice(2)
const traffic: Traffic = JSON.parse(readFileSync(file, 'utf8'))
const client = new Client(new URL(url).host, credentials.createInsecure())
const metadata = new Metadata()
const latencies = new Latencies()
const bytes = Buffer.from(toBinary(CheckRequestSchema, question()))
const startedAt = performance.now()
const until = startedAt + Number(seconds) * 1000
let running = traffic.connections
for (let number = 0; number < traffic.connections; number++) ask()

function ask(): void {
  const sentAt = performance.now()
  client.makeUnaryRequest(
    '/envoy.service.auth.v3.Authorization/Check',
    () => bytes,
    (answer: Buffer) => answer,
    {},
    metadata,
    (error, answer) => {
      if (error !== null || !isAllowed(answer)) {
        process.stderr.write(`${error ?? 'refused'}\n`)
        process.exit(1)
      }
      latencies.answered(sentAt)
      if (performance.now() < until) ask()
      else if (--running === 0) end()
    },
  )
}

let isFirst = true

/** The first answer stands for the others: to read each would cost more than to ask. */
function isAllowed(answer: Buffer | undefined): boolean {
  if (!isFirst) return true
  isFirst = false
  return answer !== undefined && fromBinary(CheckResponseSchema, answer).httpResponse.case === 'okResponse'
}

function end(): void {
  process.stdout.write(`${JSON.stringify(latencies.total((performance.now() - startedAt) / 1000))}\n`)
  process.exit(0)
}

/** What proves the proxy goes into the metadata, the rest is the client's. */
function question() {
  const lines: Header[] = [
    [':method', traffic.method],
    [':path', traffic.path],
    [':authority', 'service.example'],
    [':scheme', 'http'],
  ]
  for (const [name, value] of headersOf(traffic)) {
    if (name === 'X-Sallyport-Proxy') metadata.set(name, value)
    else lines.push([name.toLowerCase(), value])
  }
  const headers = lines.map(([key, value]) => ({ key, rawValue: Buffer.from(value, 'latin1') }))
  const init: MessageInitShape<typeof CheckRequestSchema> = {
    attributes: {
      source: { address: { address: { case: 'socketAddress', value: { address: '127.0.0.1' } } } },
      request: { http: { protocol: 'HTTP/1.1', headerMap: { headers } } },
    },
  }
  return create(CheckRequestSchema, init)
}
