/**
 * The whole configuration file. Every default is here, every default is the safe one, and every description
 * ends up in the JSON Schema that editors read.
 * @module
 */

import { z } from 'zod'
import { assertion } from './assertion.ts'
import { decision } from './decision.ts'
import { authentication, limits } from './limits.ts'
import { listen } from './listen.ts'
import { cidr, count, flag, name } from './primitives.ts'
import { route } from './routes.ts'
import { cache, keys, store, systemToken } from './tokens.ts'
import { tracing } from './tracing.ts'
import { upstream } from './upstream.ts'

const admin = z
  .strictObject({
    address: z
      .string()
      .default('127.0.0.1')
      .describe('Address of the admin listener; a public one needs `insecure: [public-admin]`.'),
    port: count(0, 65_535).prefault(8081).describe('Port of the admin listener; 0 takes a free one.'),
  })
  .prefault({})
  .describe('The control plane: /livez, /readyz, /metrics and the public keys.')

const clientAddress = z
  .strictObject({
    trustedProxies: z
      .array(cidr())
      .default([])
      .describe(
        'Proxies whose forwarded header is believed; an empty list believes nobody and uses the socket.',
      ),
    header: z
      .enum(['x-forwarded-for', 'forwarded'])
      .default('x-forwarded-for')
      .describe('Which header those proxies write. The other one is ignored.'),
  })
  .prefault({})
  .describe("How the client's address is found.")

const log = z
  .strictObject({
    level: z
      .enum(['debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('Least severe level that is written.'),
    requests: flag().prefault(true).describe('One line for each request.'),
  })
  .prefault({})
  .describe('The log on standard error, JSON lines.')

/** Settings that weaken the gateway, each to be named before it takes effect. */
export const insecureOptOuts = [
  'trust-any-proxy',
  'unverified-upstream-tls',
  'unverified-redis-tls',
  'public-admin',
  'system-token-anywhere',
] as const
export type InsecureOptOut = (typeof insecureOptOuts)[number]

export const settings = z
  .strictObject({
    listen,
    admin,
    decision: decision.optional(),
    clientAddress,
    keys,
    store,
    cache,
    systemToken,
    authentication,
    limits,
    assertion,
    upstreams: z.record(name(), upstream).describe('The services behind the gateway, by name.'),
    routes: z.array(route).min(1).describe('Every route; a request that matches none is answered 404.'),
    log,
    tracing,
    insecure: z
      .array(z.enum(insecureOptOuts))
      .default([])
      .describe('Insecure settings that are meant, by name.'),
  })
  .describe('Sallyport configuration')

export type Settings = z.output<typeof settings>
export type UpstreamSettings = Settings['upstreams'][string]
