/**
 * The answer in Envoy's words: what to change of the request, or what to tell its client.
 * @module
 */

import { create, type JsonObject } from '@bufbuild/protobuf'
import { status as codes } from '@grpc/grpc-js'
import type { GrantedRequest } from '../../profiles/profile.ts'
import { type Refusal, refuse } from '../../request/refusal.ts'
import type { Allowed, Refused } from '../answer.ts'
import type { Rewriting } from '../rewriting.ts'
import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  type HeaderValueOption,
  HeaderValueOptionSchema,
} from './generated/envoy/config/core/v3/base_pb.ts'
import {
  type CheckResponse,
  CheckResponseSchema,
} from './generated/envoy/service/auth/v3/external_auth_pb.ts'
import { StatusCode } from './generated/envoy/type/v3/http_status_pb.ts'
import { StatusSchema } from './generated/google/rpc/status_pb.ts'

/** What Envoy is told of an answer. */
export type ToldAnswer =
  | Refused
  | (Pick<Allowed, 'kind' | 'rewriting' | 'route' | 'close'> & {
      readonly granted: Pick<GrantedRequest, 'grant'>
    })
export type ToldAllowed = Extract<ToldAnswer, { kind: 'allowed' }>

/** A status that Envoy does not know, it would take for none. */
const knownStatuses: ReadonlySet<number> = new Set(Object.values(StatusCode).filter((code) => code !== 0))

const printable = /^[\t\x20-\x7e]*$/

const beyondAscii = refuse('undecidable', 'a value beyond ASCII, which an answer cannot hold')
const repeated = refuse('undecidable', 'a header of several lines, of which Envoy would keep the last')

/** Envoy takes values as UTF-8 text, and one line for each name. */
export function problemOf({ target, lines, changed }: Rewriting): Refusal | undefined {
  if (!printable.test(target)) return beyondAscii
  for (const name of changed) {
    const values = lines.get(name) ?? []
    if (values.length > 1) return repeated
    if (!values.every((value) => printable.test(value))) return beyondAscii
  }
  return undefined
}

export function tellCheck(answer: ToldAnswer): CheckResponse {
  switch (answer.kind) {
    case 'allowed':
      return allow(answer)
    case 'refused':
      return deny(answer)
    default:
      return answer satisfies never
  }
}

function allow({ rewriting, granted: { grant }, route }: ToldAllowed): CheckResponse {
  const { target, isTargetSame, lines, changed } = rewriting
  const headersToRemove = changed.filter((name) => !lines.has(name))
  const headers = changed.flatMap((name) => (lines.get(name) ?? []).map((value) => option(name, value, true)))
  // Behind this filter Envoy sends, and matches its routes by, the target that it is told.
  if (!isTargetSame) headers.push(option(':path', target, true))
  return create(CheckResponseSchema, {
    status: create(StatusSchema, { code: codes.OK }),
    httpResponse: { case: 'okResponse', value: { headers, headersToRemove } },
    dynamicMetadata: metadataOf(grant, route),
  })
}

/** What other filters and the access log of the proxy may go by. */
function metadataOf({ token, access, isOwner }: GrantedRequest['grant'], route: string): JsonObject {
  const whose = token && {
    subject: token.subject.name,
    token: token.id,
    kind: token.kind,
    scopes: [...token.scopes],
  }
  return { ...whose, access, owner: isOwner, route }
}

function deny({ status, headers, body }: Refused): CheckResponse {
  const options: HeaderValueOption[] = []
  const named = new Set<string>()
  for (let index = 0; index < headers.length; index += 2) {
    const name = (headers[index] ?? '').toLowerCase()
    if (name === 'content-length') continue
    options.push(option(name, headers[index + 1] ?? '', !named.has(name)))
    named.add(name)
  }
  return create(CheckResponseSchema, {
    status: create(StatusSchema, {
      code: status === 401 ? codes.UNAUTHENTICATED : codes.PERMISSION_DENIED,
    }),
    httpResponse: {
      case: 'deniedResponse',
      value: { status: { code: statusCodeOf(status) }, headers: options, body },
    },
  })
}

export function statusCodeOf(status: number): StatusCode {
  return knownStatuses.has(status) ? (status as StatusCode) : StatusCode.ServiceUnavailable
}

function option(key: string, value: string, isFirst: boolean): HeaderValueOption {
  return create(HeaderValueOptionSchema, {
    header: { key, value },
    appendAction: isFirst ? AppendAction.OVERWRITE_IF_EXISTS_OR_ADD : AppendAction.APPEND_IF_EXISTS_OR_ADD,
  })
}
