/**
 * How one kind of proxy asks over HTTP: where in its question the request stands, what its answer can change, and
 * which statuses it understands.
 * @module
 */

import type { Refusal } from '../../request/refusal.ts'
import type { AskedRequest } from '../asked-request.ts'
import { envoyDoor } from './envoy-door.ts'
import { forwardedDoor } from './forwarded-door.ts'
import { nginxDoor } from './nginx-door.ts'

/** The head of a question, as it came. */
export interface HttpQuestion {
  /** Of the question itself. */
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
}

export interface HttpDoor {
  readonly name: string
  /** The request that the proxy holds, or why the question tells none. */
  read(question: HttpQuestion): AskedRequest | Refusal
  /** Whether an answer can have any header removed, and not only those that the proxy copies. */
  readonly removesAny: boolean
  /** The status that the proxy is answered with in the place of a refusal's. */
  statusOf(status: number): number
}

/** By the first segment of the path that is asked at. */
export const httpDoors: ReadonlyMap<string, HttpDoor> = new Map([
  ['nginx', nginxDoor],
  ['traefik', forwardedDoor('traefik')],
  ['caddy', forwardedDoor('caddy')],
  ['haproxy', forwardedDoor('haproxy')],
  ['envoy', envoyDoor],
])
