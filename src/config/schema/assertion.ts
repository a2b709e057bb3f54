/**
 * `assertion` and `routes[].assertion`: the gateway's signed word on whom it has let through, for upstreams that want proof.
 * @module
 */

import { z } from 'zod'
import { duration, headerName } from './primitives.ts'

const word = (example: string) =>
  z.string().regex(/^[\x21-\x7e]{1,255}$/, `expected printable ASCII without spaces, such as ${example}`)

export const assertion = z
  .strictObject({
    issuer: word('https://gateway.example').describe(
      'Who asserts (`iss`): a URL, or a word without «:». Another than that of any registry token.',
    ),
    algorithm: z
      .enum(['ES256', 'EdDSA'])
      .default('ES256')
      .describe(
        'What assertions are signed by: ECDSA on P-256, or Ed25519. Tokens for registries are ES256 always.',
      ),
    lifetime: duration()
      .prefault('60s')
      .describe('How long an assertion is good at the most, from 5s to 10m; it never outlives its token.'),
    keysPath: z
      .string()
      .regex(
        /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)+$/,
        'expected a plain path such as /.well-known/jwks.json',
      )
      .optional()
      .describe(
        'A path of the data plane where the public keys (JWKS) are to be had without a credential, ahead of every route. Omitted: only the admin listener has them, at /.well-known/jwks.json.',
      ),
  })
  .optional()
  .describe('The gateway as one who asserts. See docs/assertion.md.')

export const routeAssertion = z
  .strictObject({
    header: headerName()
      .default('x-sallyport-assertion')
      .describe('The header that carries it; always removed from what a client sent, on every route.'),
    audience: word('storage')
      .optional()
      .describe('Whom it is for (`aud`). Omitted: the name of the upstream.'),
  })
  .optional()
  .describe(
    'A short-lived JWT that tells the upstream whom and what was let through, and proves it. Needs `assertion.issuer`; omitted means none.',
  )
