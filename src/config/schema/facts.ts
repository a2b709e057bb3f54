/**
 * `routes[].facts`: what a decision needs to know of a resource that the path does not say, and where it is found.
 * @module
 */

import { z } from 'zod'
import { byteSize, duration, headerName } from './primitives.ts'

const pointer = () =>
  z
    .string()
    .regex(/^(\/([^~/]|~[01])*)+$/, 'expected a JSON pointer such as /project/slug (RFC 6901)')
    .describe('Where in the JSON document it stands (RFC 6901).')

const ofBody = z
  .strictObject({
    body: pointer(),
    prefix: z
      .string()
      .min(1)
      .optional()
      .describe('What the value has to begin with, such as `build/`; the fact is what follows.'),
    bytesMax: byteSize()
      .prefault('64KiB')
      .describe('A longer body is refused. All of it is held in memory until it goes on.'),
  })
  .describe("In the client's body, which has to be JSON and goes on byte for byte.")

const ofQuery = z
  .strictObject({
    query: z
      .string()
      .regex(/^[A-Za-z0-9_-]+$/, 'expected a plain parameter name')
      .describe('The parameter. It says something where it stands once, and no server could find another.'),
  })
  .describe('In the query of the request.')

/** A credential of the gateway's own: a header and what it says. */
export const ownCredential = z
  .strictObject({
    header: headerName().describe('The header that carries it.'),
    value: z
      .string()
      .regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, 'expected printable ASCII, without spaces around it')
      .describe('Its whole value, such as `Token ${file:/run/secrets/upstream}`.'),
  })
  .describe('A credential of the gateway itself.')

const ofLookUp = z
  .strictObject({
    request: z
      .string()
      .regex(/^\/[\x21-\x7e]*$/, 'expected a path that starts with «/»')
      .describe(
        'Path that is asked with GET, with `{name}` of path parameters and of facts before this one.',
      ),
    pointer: pointer().optional(),
    header: headerName().optional().describe('Or the header of the answer that says it.'),
    ttl: duration().prefault('60s').describe('How long an answer is taken for true; at most 60s.'),
    timeout: duration()
      .prefault('2s')
      .describe('Deadline of the question; then the request is refused with 503.'),
    bytesMax: byteSize()
      .prefault('1MiB')
      .describe('A longer answer is none, and the request is refused with 503.'),
    credential: z
      .union([z.enum(['none', 'client']), ownCredential])
      .default('none')
      .describe("What the question goes with: nothing, the client's own credential, or one of the gateway."),
  })
  .refine(({ pointer, header }) => (pointer === undefined) !== (header === undefined), {
    error: 'expected exactly one of pointer and header',
  })
  .describe('In the answer of the upstream of the route to a question of the gateway.')

export const facts = z
  .record(
    z.string().regex(/^[a-z][a-z0-9_]*$/, 'expected a name such as project or build_id'),
    z.union([ofBody, ofQuery, ofLookUp]),
  )
  .default({})
  .describe(
    'What is looked up before bindings and the condition are judged, in this order. `{name}` stands for it in bindings, `facts.name` in a condition. What is not found matches nothing.',
  )

export type FactSettings = z.output<typeof facts>[string]
export type LookUpSettings = z.output<typeof ofLookUp>
export type BodyFactSettings = z.output<typeof ofBody>
