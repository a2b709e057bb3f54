/**
 * `routes[].profile.registry`: a container registry, with the token endpoint of GitLab's Dependency Proxy.
 * @module
 */

import { z } from 'zod'
import { duration, flag } from '../primitives.ts'

const path = () =>
  z
    .string()
    .regex(/^(?!\/v2(\/|$))(\/[A-Za-z0-9._~-]+)+$/, 'expected a plain path such as /jwt/auth, outside of /v2')

/** What stands in a challenge between quotes. */
const word = () => z.string().regex(/^[A-Za-z0-9._:/-]{1,255}$/, 'expected letters, digits and «._:/-»')

export const registry = z
  .strictObject({
    publicUrl: z
      .string()
      .regex(/^https?:\/\/[^/?#@\s"]+\/?$/, 'expected https://host or https://host:port')
      .optional()
      .describe(
        'Where clients reach the gateway: the challenge sends them there for a token. Omitted: the host and the scheme of the request, which are wrong behind a proxy that ends TLS.',
      ),
    service: word()
      .default('dependency_proxy')
      .describe('What the challenge calls the service, and the audience of registry tokens.'),
    issuer: word().default('sallyport').describe('Issuer of registry tokens.'),
    tokenPaths: z
      .array(path())
      .min(1)
      .default(['/jwt/auth', '/token'])
      .describe('Where a registry token is to be had; the challenge names the first.'),
    keysPath: path()
      .default('/jwt/keys')
      .describe('Where the public keys are (JWKS), for a registry that verifies registry tokens itself.'),
    tokenLifetime: duration()
      .prefault('5m')
      .describe('How long a registry token is good, with a minute of leeway; at most 1h.'),
    scopes: z
      .enum(['all-of', 'any-of'])
      .default('all-of')
      .describe(
        'all-of: whatever is done needs both read_registry and write_registry. any-of: pulling needs read_registry, pushing and deleting need write_registry. The scope api stands for both, but not in a deploy token.',
      ),
    enabled: flag().prefault(true).describe('false: nobody gets a registry token.'),
    helpUrl: z
      .string()
      .regex(/^https?:\/\/[\x21\x23-\x5b\x5d-\x7e]+$/, 'expected a URL')
      .optional()
      .describe('What a refused login refers to. Omitted: /help of where clients reach the gateway.'),
  })
  .describe(
    'A container registry. The gateway answers /v2/ and gives out registry tokens; every other request is decided on by the repository that it is about, and speaks of refusals as registries do.',
  )

export type RegistrySettings = z.output<typeof registry>
