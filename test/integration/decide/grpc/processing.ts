/**
 * Streams as an Envoy with the filter `ext_proc` opens them, towards a real gateway.
 * @module
 */

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type StatusObject,
} from '@grpc/grpc-js'
import {
  ExternalProcessor,
  type HeaderMutation,
  type ProcessingRequest,
  ProcessingRequestSchema,
  type ProcessingResponse,
} from '../../../../src/decide/grpc/generated/envoy/service/ext_proc/v3/external_processor_pb.ts'
import { definitionOf } from '../../../../src/decide/grpc/method-definition.ts'
import { type GatewayInput, startTestGateway, type TestGateway } from '../../../support/gateway.ts'
import type { Scope } from '../../../support/private-server.ts'
import { secret } from '../asking.ts'

export type Line = readonly [name: string, value: string]
export type Message = MessageInitShape<typeof ProcessingRequestSchema>

/** One request's stream. */
export interface Processed {
  readonly call: ClientDuplexStream<ProcessingRequest | Buffer, ProcessingResponse>
  /** Sends a message; the next answer, or `undefined` when the stream ended instead. */
  show(message: Message): Promise<ProcessingResponse | undefined>
  /** How the stream ended. */
  readonly ended: Promise<StatusObject>
}

export interface Processing {
  readonly gateway: TestGateway
  open(proof?: readonly string[]): Processed
}

const { path, requestSerialize, responseDeserialize } = definitionOf(ExternalProcessor.method.process)

export async function startProcessing(t: Scope, routes: GatewayInput['routes']): Promise<Processing> {
  const gateway = await startTestGateway(t, {
    upstream: 'http://127.0.0.1:9',
    decision: { proxies: [{ name: 'edge', secrets: [secret] }], grpc: { port: 0 } },
    routes,
  })
  return { gateway, open: openStreams(t, gateway.grpcPort) }
}

/** Messages are sent as they are written, or bytes in place of one. */
export function openStreams(
  t: Scope,
  port: number,
  channel: ChannelCredentials = credentials.createInsecure(),
  options: object = {},
): Processing['open'] {
  const client = new Client(`127.0.0.1:${port}`, channel, options)
  t.teardown(() => client.close())
  return (proof = [secret]) => {
    const metadata = new Metadata()
    for (const text of proof) metadata.add('x-sallyport-proxy', text)
    const call = client.makeBidiStreamRequest(path, serialize, responseDeserialize, metadata)
    call.on('error', () => {})
    const ended = new Promise<StatusObject>((resolve) => call.once('status', resolve))
    const show: Processed['show'] = (message) =>
      new Promise((resolve) => {
        call.once('data', resolve)
        void ended.then(() => resolve(undefined))
        call.write(create(ProcessingRequestSchema, message))
      })
    return { call, show, ended }
  }
}

function serialize(message: ProcessingRequest | Buffer): Buffer {
  return Buffer.isBuffer(message) ? message : requestSerialize(message as ProcessingRequest)
}

function headers(lines: readonly Line[]) {
  return {
    headers: { headers: lines.map(([key, value]) => ({ key, rawValue: Buffer.from(value, 'latin1') })) },
  }
}

export function requestHead(
  lines: readonly Line[] = [],
  { target = '/x', source = '192.0.2.7:4711' }: { readonly target?: string; readonly source?: string } = {},
): Message {
  const pseudo = [
    [':method', 'GET'],
    [':path', target],
    [':authority', 'app.example'],
    [':scheme', 'https'],
  ] as const
  return {
    request: { case: 'requestHeaders', value: headers([...pseudo, ...lines]) },
    attributes: { 'envoy.filters.http.ext_proc': { 'source.address': source } },
  }
}

export function responseHead(lines: readonly Line[] = [], status = '200'): Message {
  return { request: { case: 'responseHeaders', value: headers([[':status', status], ...lines]) } }
}

/** The lines with what an Envoy makes of them when it is told so. */
export function mutated(lines: readonly Line[], told: ProcessingResponse | undefined): readonly Line[] {
  let result = [...lines]
  const { setHeaders, removeHeaders } = mutationOf(told)
  for (const name of removeHeaders) result = result.filter(([key]) => key.toLowerCase() !== name)
  for (const { header, append } of setHeaders) {
    if (header === undefined) throw new Error('a header without one')
    if (append !== true) result = result.filter(([key]) => key.toLowerCase() !== header.key)
    result.push([header.key, Buffer.from(header.rawValue).toString('latin1')])
  }
  return result
}

function mutationOf(
  told: ProcessingResponse | undefined,
): Pick<HeaderMutation, 'setHeaders' | 'removeHeaders'> {
  const { response } = told ?? {}
  switch (response?.case) {
    case 'requestHeaders':
    case 'responseHeaders':
      return response.value.response?.headerMutation ?? { setHeaders: [], removeHeaders: [] }
    default:
      throw new Error(`told ${response?.case}`)
  }
}
