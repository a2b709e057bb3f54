/**
 * The whole configuration file. Every default is here, every default is the safe one, and every description
 * ends up in the JSON Schema that editors read.
 * @module
 */

import { z } from 'zod'
import { authentication, limits } from './limits.ts'
import { byteSize, cidr, count, duration, flag, name } from './primitives.ts'
import { route } from './routes.ts'
import { cache, keys, store, systemToken } from './tokens.ts'
import { upstream } from './upstream.ts'

const listen = z
  .strictObject({
    address: z.string().default('127.0.0.1').describe('Address of the data plane.'),
    port: count(0, 65_535).prefault(8080).describe('Port of the data plane; 0 takes a free one.'),
    limits: z
      .strictObject({
        headerCount: count(1, 900).prefault(100).describe('Header lines of a request; more is 431.'),
        headerBytes: byteSize()
          .prefault('32KiB')
          .describe('Bytes of the request line and all headers; more is 431.'),
        targetBytes: byteSize().prefault('8KiB').describe('Bytes of the request target; more is 400.'),
        connections: count(1, 1_000_000)
          .prefault(20_000)
          .describe('Open client connections; more are closed at once.'),
      })
      .prefault({}),
    timeouts: z
      .strictObject({
        headers: duration().prefault('15s').describe('From the first byte to the last header; then 408.'),
        request: duration().prefault('1h').describe('From the first byte to the end of the body; then 408.'),
        keepAlive: duration().prefault('75s').describe('An idle connection between two requests.'),
        idle: duration().prefault('5m').describe('A connection on which no byte moves in either direction.'),
        drain: duration({ zero: true })
          .prefault('30s')
          .describe('How long requests in flight may take once the gateway has stopped listening.'),
        drainDelay: duration({ zero: true })
          .prefault('0s')
          .describe(
            'How long the gateway goes on listening once it is told to stop: /readyz says so at once, and whoever sends requests here needs that long to notice.',
          ),
      })
      .prefault({}),
  })
  .prefault({})
  .describe('The data plane: where clients connect.')

const admin = z
  .strictObject({
    address: z
      .string()
      .default('127.0.0.1')
      .describe('Address of the admin listener; a public one needs `insecure: [public-admin]`.'),
    port: count(0, 65_535).prefault(8081).describe('Port of the admin listener; 0 takes a free one.'),
  })
  .prefault({})
  .describe('The control plane: /livez, /readyz and /metrics.')

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
    clientAddress,
    keys,
    store,
    cache,
    systemToken,
    authentication,
    limits,
    upstreams: z.record(name(), upstream).describe('The services behind the gateway, by name.'),
    routes: z.array(route).min(1).describe('Every route; a request that matches none is answered 404.'),
    log,
    insecure: z
      .array(z.enum(insecureOptOuts))
      .default([])
      .describe('Insecure settings that are meant, by name.'),
  })
  .describe('Sallyport configuration')

export type Settings = z.output<typeof settings>
export type UpstreamSettings = Settings['upstreams'][string]
