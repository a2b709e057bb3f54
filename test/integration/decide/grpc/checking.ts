/**
 * Questions of an Envoy with the filter `ext_authz`, towards a real gateway.
 * @module
 */

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { type ChannelCredentials, Client, credentials, Metadata } from '@grpc/grpc-js'
import {
  Authorization,
  CheckRequestSchema,
  type CheckResponse,
} from '../../../../src/decide/grpc/generated/envoy/service/auth/v3/external_auth_pb.ts'
import { definitionOf } from '../../../../src/decide/grpc/method-definition.ts'
import type { Scope } from '../../../support/private-server.ts'
import type { HeaderLine } from '../../../support/recording-upstream.ts'
import { type Held, secret } from '../asking.ts'

/** Asks with these secrets; rejects with what the call ended with instead. */
export type Check = (held?: Held, secrets?: readonly string[]) => Promise<CheckResponse>

const { path, requestSerialize, responseDeserialize } = definitionOf(Authorization.method.check)

/** On one connection, which is closed when the test is over. */
export function openChecks(
  t: Scope,
  port: number,
  channel: ChannelCredentials = credentials.createInsecure(),
  options: object = {},
): Check {
  const client = new Client(`127.0.0.1:${port}`, channel, { 'grpc.use_local_subchannel_pool': 1, ...options })
  t.teardown(() => client.close())
  return (held = {}, secrets = [secret]) => {
    const metadata = new Metadata()
    for (const text of secrets) metadata.add('x-sallyport-proxy', text)
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        question(held),
        metadata,
        (error, response) => (response === undefined ? reject(error) : resolve(response)),
      )
    })
  }
}

function question({ method = 'GET', path = '/x', host = 'app.example', peer = '127.0.0.1', ...held }: Held) {
  const lines: HeaderLine[] = [
    [':method', method],
    [':path', path],
    [':authority', host],
    [':scheme', held.scheme ?? 'http'],
    ...(held.headers ?? []).map(([name, value]) => [name.toLowerCase(), value] as const),
  ]
  const headers = lines.map(([key, value]) => ({ key, rawValue: Buffer.from(value, 'latin1') }))
  const init: MessageInitShape<typeof CheckRequestSchema> = {
    attributes: {
      source: { address: { address: { case: 'socketAddress', value: { address: peer } } } },
      request: { http: { protocol: 'HTTP/1.1', headerMap: { headers } } },
    },
  }
  return create(CheckRequestSchema, init)
}
