/**
 * A gateway as somebody installs it before a real registry, and its clients.
 * @module
 */

import { join } from 'node:path'
import { startRegistry } from '../../support/docker-registry.ts'
import { type GatewayProcess, type Installation, newInstallation } from '../../support/installation.ts'
import type { IssuedToken } from '../../support/issuer.ts'
import { type Image, type ImagePlan, writeImage } from '../../support/oci-image.ts'
import type { Scope, Server } from '../../support/private-server.ts'
import type { RawAnswer } from '../../support/raw-request.ts'
import { succeeded } from '../../support/run-client.ts'
import { newSkopeo, type Skopeo } from '../../support/skopeo.ts'
import { basic, service, tokenIn } from './scene.ts'

interface Place {
  readonly registry: Server
  readonly gateway: GatewayProcess
  readonly installation: Installation
}

export interface RealRegistry extends Place {
  /** `docker://127.0.0.1:PORT/NAME`, at the gateway. */
  at(name: string): string
  /** A token that may pull and push in these groups, unless told otherwise. */
  issue(groups: readonly string[], asked?: Parameters<Installation['issue']>[0]): Promise<IssuedToken>
  /** The JWT that the token endpoint gives for a token; throws when it gives none. */
  jwt(token: IssuedToken, ...scopes: readonly string[]): Promise<string>
  request(jwt: string, method: string, path: string, body?: string): Promise<RawAnswer>
}

/** Starts both; they are stopped when the test is over. */
export async function realRegistry(t: Scope): Promise<RealRegistry> {
  const registry = await startRegistry(t)
  const installation = newInstallation(t, { upstream: registry.url, routes: [registryRoute] })
  return clientsOf({ registry, installation, gateway: await installation.serve() })
}

/** Ways to get at a gateway that is running. */
export function clientsOf(place: Place): RealRegistry {
  const { gateway, installation } = place
  return {
    ...place,
    at: (name) => `docker://127.0.0.1:${gateway.port}/${name}`,
    issue: (groups, asked = {}) =>
      installation.issue({
        kind: 'personal',
        scopes: ['read_registry', 'write_registry'],
        access: 'owner',
        bindings: { group: groups },
        ...asked,
      }),
    async jwt({ text }, ...scopes) {
      const asked = scopes.map((scope): [string, string] => ['scope', scope])
      const path = `/jwt/auth?${new URLSearchParams([['service', service], ...asked])}`
      return tokenIn(await gateway.request({ path, headers: [basic('anybody', text)] }))
    },
    request: (jwt, method, path, body) =>
      gateway.request({
        method,
        path,
        headers: [['Authorization', `Bearer ${jwt}`]],
        ...(body !== undefined && { body }),
      }),
  }
}

export const registryRoute = {
  name: 'registry',
  match: { path: '/{path*}' },
  upstream: 'legacy',
  profile: { registry: {} },
} as const

/** A client that is logged in with a token. */
export async function loggedIn({ gateway }: RealRegistry, { text }: IssuedToken): Promise<Skopeo> {
  const skopeo = newSkopeo()
  succeeded(await skopeo.login(gateway.port, 'anybody', text))
  return skopeo
}

let images = 0

/** An image in the folder of a client. */
export function newImage({ folder }: Skopeo, plan: ImagePlan): Image {
  images += 1
  return writeImage(join(folder, `image-${images}`), plan)
}
