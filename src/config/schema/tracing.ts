/**
 * `tracing`: which trace a request belongs to, and where its spans go.
 * @module
 */

import { z } from 'zod'
import { duration, headerName } from './primitives.ts'

const printable = () => z.string().regex(/^[\x20-\x7e]{1,4096}$/, 'expected printable ASCII')

const ratio = () =>
  z
    .union([z.number(), z.string().regex(/^(0|1|0?\.\d{1,9}|1\.0+)$/, 'expected a number')], {
      error: 'expected a number from 0 to 1',
    })
    .transform(Number)
    .pipe(z.number().min(0).max(1))

export const tracing = z
  .strictObject({
    endpoint: z
      .string()
      .regex(
        /^https?:\/\/[^/?#@\s]+(\/[\x21\x24-\x7e]*)?$/,
        'expected http://host:port/v1/traces or https://…, without user',
      )
      .optional()
      .describe(
        'Where spans are posted by OTLP over HTTP, in JSON: the whole URL, such as `http://collector:4318/v1/traces`. Omitted: traces go through the gateway, and it adds no span of its own.',
      ),
    headers: z
      .record(headerName(), printable())
      .default({})
      .describe('Headers for the collector, such as a key: `Bearer ${env:OTLP_KEY}`.'),
    timeout: duration()
      .prefault('5s')
      .describe('How long the collector may take for its answer; at most 1m.'),
    tls: z
      .strictObject({
        ca: z.string().optional().describe('Private certificate authority, PEM: `${file:ca.pem}`.'),
        serverName: z
          .string()
          .optional()
          .describe('Name to verify and to send as SNI instead of the host of the endpoint.'),
      })
      .prefault({})
      .describe('How an `https://` endpoint is verified.'),
    serviceName: printable().default('sallyport').describe('`service.name` of the spans.'),
    resource: z
      .record(printable(), printable())
      .default({})
      .describe('Other attributes of the resource, such as `deployment.environment.name`.'),
    trust: z
      .enum(['proxies', 'any', 'none'])
      .default('proxies')
      .describe(
        'Whose `traceparent` is believed: that of `clientAddress.trustedProxies`, that of anybody, or nobody’s. Whoever is not believed gets a new trace.',
      ),
    sampling: z
      .strictObject({
        ratio: ratio()
          .default(1)
          .describe(
            'How many of the traces that begin here are recorded, from 0 to 1. One that goes on here is recorded where its sender says so.',
          ),
      })
      .prefault({}),
  })
  .optional()
  .describe('Takes part in traces by W3C Trace Context. Omitted: nothing of it. See docs/tracing.md.')

export type TracingSettings = NonNullable<z.output<typeof tracing>>
