/**
 * `decision`: the listeners where other proxies ask what to do with the requests that they hold, and who may ask.
 * @module
 */

import { z } from 'zod'
import { tls } from './listen.ts'
import { count, duration, name } from './primitives.ts'

const proxy = z
  .strictObject({
    name: name().describe('Name in the log.'),
    secrets: z
      .array(z.string().regex(/^[\x21-\x7e]{32,256}$/, 'expected 32 to 256 printable characters'))
      .default([])
      .describe(
        'What it proves itself by in the header X-Sallyport-Proxy: `${file:proxy.secret}`. More than one while they are being replaced.',
      ),
    certificates: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'Names (DNS or URI of the subjectAltName, exactly as they stand there) of client certificates that it proves itself by. Needs `tls.clientCertificates`.',
      ),
    copies: z
      .array(
        z
          .string()
          .regex(
            /^[A-Za-z0-9!#$%&'+.^_`|~-]+\*?$/,
            'expected a header name, or the beginning of one and «*»',
          ),
      )
      .default([])
      .transform((names) => names.map((text) => text.toLowerCase()))
      .describe(
        'Headers that it takes over from an answer to what it sends up, and removes where the answer lacks them. A request that needs any other header changed is refused. Not for gRPC, where an answer says all of it.',
      ),
  })
  .describe('A proxy that may ask.')

export const decision = z
  .strictObject({
    address: z.string().default('127.0.0.1').describe('Address where proxies ask.'),
    port: count(0, 65_535).prefault(8082).describe('Port of the questions over HTTP; 0 takes a free one.'),
    grpc: z
      .strictObject({
        address: z.string().default('127.0.0.1').describe('Address of the questions by gRPC.'),
        port: count(0, 65_535).prefault(8083).describe('Port of the questions by gRPC; 0 takes a free one.'),
      })
      .optional()
      .describe(
        "Envoy's `envoy.service.auth.v3.Authorization` and `envoy.service.ext_proc.v3.ExternalProcessor` (which filters responses, too), and `grpc.health.v1.Health`. Proxies prove themselves by a secret in the metadata or by a client certificate. Omitted: no gRPC.",
      ),
    tls: tls
      .optional()
      .describe(
        'TLS towards proxies that ask, over HTTP/1.1 and by gRPC. Omitted: plain, for the machine itself or a mesh that encrypts.',
      ),
    timeout: duration().prefault('5s').describe('How long a decision may take; then it is 503.'),
    proxies: z.array(proxy).min(1).describe('Who may ask. Nobody else is believed.'),
  })
  .describe(
    'Decides for other proxies, which keep the data plane (nginx auth_request, Traefik ForwardAuth, Caddy forward_auth, HAProxy by Lua, Envoy ext_authz). Omitted: nobody can ask. See docs/decision.md.',
  )

export type DecisionSettings = z.output<typeof decision>
