/**
 * The answer in Envoy's words: what to change of the request, or what to tell its client.
 * @module
 */

import { create, type JsonObject } from '@bufbuild/protobuf'
import { status as codes } from '@grpc/grpc-js'
import { type Refusal, refuse } from '../../request/refusal.ts'
import type { Allowed, Answer, Refused, Rewriting } from './desk.ts'
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

/** A status that Envoy does not know, it would take for none. */
const knownStatuses: ReadonlySet<number> = new Set(Object.values(StatusCode).filter((code) => code !== 0))

const printable = /^[\t\x20-\x7e]*$/

const otherTarget = refuse('cannot_decide', 'the target would go up as it came, and the route changes it')
const beyondAscii = refuse('cannot_decide', 'a value beyond ASCII, which an answer cannot hold')

/** Envoy takes values as UTF-8 text and sends the target that it has. */
export function problemOf({ isTargetSame, lines, changed }: Rewriting): Refusal | undefined {
  if (!isTargetSame) return otherTarget
  const isTellable = changed.every((name) => lines.get(name)?.every((value) => printable.test(value)) ?? true)
  return isTellable ? undefined : beyondAscii
}

export function tellCheck(answer: Answer): CheckResponse {
  switch (answer.kind) {
    case 'allowed':
      return allow(answer)
    case 'refused':
      return deny(answer)
    default:
      return answer satisfies never
  }
}

function allow({ rewriting: { lines, changed }, granted: { grant }, route }: Allowed): CheckResponse {
  const headersToRemove = changed.filter((name) => !lines.has(name))
  const headers = changed.flatMap((name) =>
    (lines.get(name) ?? []).map((value, index) => option(name, value, index === 0)),
  )
  return create(CheckResponseSchema, {
    status: create(StatusSchema, { code: codes.OK }),
    httpResponse: { case: 'okResponse', value: { headers, headersToRemove } },
    dynamicMetadata: metadataOf(grant, route),
  })
}

/** What other filters and the access log of the proxy may go by. */
function metadataOf({ token, access, isOwner }: Allowed['granted']['grant'], route: string): JsonObject {
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
  const code = knownStatuses.has(status) ? (status as StatusCode) : StatusCode.ServiceUnavailable
  return create(CheckResponseSchema, {
    status: create(StatusSchema, {
      code: status === 401 ? codes.UNAUTHENTICATED : codes.PERMISSION_DENIED,
    }),
    httpResponse: { case: 'deniedResponse', value: { status: { code }, headers: options, body } },
  })
}

function option(key: string, value: string, isFirst: boolean): HeaderValueOption {
  return create(HeaderValueOptionSchema, {
    header: { key, value },
    appendAction: isFirst ? AppendAction.OVERWRITE_IF_EXISTS_OR_ADD : AppendAction.APPEND_IF_EXISTS_OR_ADD,
  })
}
