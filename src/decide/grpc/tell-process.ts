/**
 * What an Envoy is told of the two heads that it shows: what to change in each, or what to answer in their place. Values
 * are bytes, so that none of them is beyond what can be told.
 * @module
 */

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import type { Allowed, Refused } from '../answer.ts'
import { type ChangedLines, changedLines, linesOf, type Rewriting } from '../rewriting.ts'
import { type HeaderValueOption, HeaderValueOptionSchema } from './generated/envoy/config/core/v3/base_pb.ts'
import {
  type HeaderMutationSchema,
  type ProcessingResponse,
  ProcessingResponseSchema,
} from './generated/envoy/service/ext_proc/v3/external_processor_pb.ts'
import { statusCodeOf, type ToldAllowed } from './tell-check.ts'

/** An answer that holds until the response has been shown. */
export type HeldAnswer = Refused | HeldAllowed
export type HeldAllowed = ToldAllowed & Pick<Allowed, 'filterHeaders' | 'inspect' | 'refuse' | 'onWithdrawn'>

type Mutation = MessageInitShape<typeof HeaderMutationSchema>

/** What is to go up. */
export function tellRequest({ target, isTargetSame, lines, changed }: Rewriting): ProcessingResponse {
  const { setHeaders, removeHeaders } = mutationOf({ lines, changed })
  const ofTarget = isTargetSame ? [] : [option(':path', target, true)]
  const headerMutation = { setHeaders: [...setHeaders, ...ofTarget], removeHeaders }
  return create(ProcessingResponseSchema, {
    response: { case: 'requestHeaders', value: { response: { headerMutation } } },
  })
}

/** Framing and connection of a response are Envoy's to say; an upgrade is made or not by its status. */
const envoysOwn: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
])

/** What the client may see of the upstream's header lines (names and values in turn). */
export function tellResponse(upstreams: readonly string[], clients: readonly string[]): ProcessingResponse {
  const changes = changedLines(linesOf(upstreams, envoysOwn), linesOf(clients, envoysOwn))
  return create(ProcessingResponseSchema, {
    response: { case: 'responseHeaders', value: { response: { headerMutation: mutationOf(changes) } } },
  })
}

const ofBody: ReadonlySet<string> = new Set(['content-length'])

/** What the client gets instead. */
export function tellRefused({ status, headers, body }: Refused): ProcessingResponse {
  const lines = linesOf(headers, ofBody)
  return create(ProcessingResponseSchema, {
    response: {
      case: 'immediateResponse',
      value: {
        status: { code: statusCodeOf(status) },
        headers: mutationOf({ lines, changed: [...lines.keys()] }),
        body: Buffer.from(body),
        details: 'sallyport_refused',
      },
    },
  })
}

/** Envoy removes before it sets, so that a name stands for nothing but what is set here. */
function mutationOf({ lines, changed }: ChangedLines) {
  return {
    setHeaders: changed.flatMap((name) =>
      (lines.get(name) ?? []).map((value, index) => option(name, value, index === 0)),
    ),
    removeHeaders: changed.filter((name) => !lines.has(name)),
  } satisfies Mutation
}

/** This filter heeds the older `append` alone: without it the last line of a name would be the only one. */
function option(key: string, value: string, isFirst: boolean): HeaderValueOption {
  return create(HeaderValueOptionSchema, {
    header: { key, rawValue: Buffer.from(value, 'latin1') },
    append: !isFirst,
    keepEmptyValue: true,
  })
}
