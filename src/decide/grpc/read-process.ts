/**
 * The heads that an Envoy shows of one request and of its response, read as strictly as a question of `Check`.
 * @module
 */

import type { UpstreamHead } from '../../forward/upstream-client.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import type { AskedRequest } from '../asked-request.ts'
import type {
  HttpHeaders,
  ProcessingRequest,
} from './generated/envoy/service/ext_proc/v3/external_processor_pb.ts'
import { fieldsOf, only, readLines, requestOf } from './read-lines.ts'

/** Envoy's name for whoever sends attributes, and for the one that is needed. */
const filterName = 'envoy.filters.http.ext_proc'
const sourceAddress = 'source.address'

/** Of an IPv6 address in brackets, or of IPv4. A client that came by a socket of the machine has none. */
const addressGrammar = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):\d{1,5}$/i

const noAddress = refuse(
  'undecidable',
  'a request without the address of its client: set request_attributes: [source.address]',
)
const noHead = refuse('undecidable', 'a request without its headers')

/** The first message of a stream. */
export function readProcess({ request, attributes }: ProcessingRequest): AskedRequest | Refusal {
  if (request.case !== 'requestHeaders' || request.value.headers === undefined) return noHead
  const place = attributes[filterName]?.[sourceAddress]
  const [, ipv6, ipv4] = (typeof place === 'string' ? addressGrammar.exec(place) : undefined) ?? []
  const peer = ipv6 ?? ipv4
  if (peer === undefined) return noAddress
  const lines = readLines(request.value.headers)
  return isRefusal(lines) ? lines : requestOf(lines, peer)
}

const statusGrammar = /^[1-5]\d\d$/

/** The head of the response; `undefined` where it cannot be read whole. */
export function readAnswer({ headers }: HttpHeaders): UpstreamHead | undefined {
  const lines = headers && readLines(headers)
  if (lines === undefined || isRefusal(lines)) return undefined
  const status = only(lines, ':status')
  const fields = fieldsOf(lines, [':status'])
  if (status === undefined || !statusGrammar.test(status) || fields === undefined) return undefined
  const length = only(lines, 'content-length')
  const bodyBytes = length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined
  return { status: Number(status), reason: '', headers: fields, bodyBytes }
}
