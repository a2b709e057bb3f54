/**
 * A gateway that other proxies ask, and questions as each kind of proxy writes them.
 * @module
 */

import { type GatewayInput, startTestGateway, type TestGateway } from '../../support/gateway.ts'
import type { Scope } from '../../support/private-server.ts'
import { type RawAnswer, request } from '../../support/raw-request.ts'
import {
  type HeaderLine,
  type RecordingUpstream,
  recordingUpstream,
} from '../../support/recording-upstream.ts'

export const doorNames = ['nginx', 'traefik', 'caddy', 'haproxy', 'envoy'] as const
export type DoorName = (typeof doorNames)[number]

export const secret = 'a-secret-that-only-this-proxy-knows-0123'

/** What a proxy holds. */
export interface Held {
  readonly method?: string
  readonly path?: string
  readonly host?: string
  readonly scheme?: string
  readonly peer?: string
  readonly headers?: readonly HeaderLine[]
}

/** The head of a question as this kind of proxy writes it, without what it proves itself by. */
export function phrase(door: DoorName, held: Held): { method: string; path: string; headers: HeaderLine[] } {
  const { method = 'GET', path = '/x', host = 'app.example', scheme = 'https', peer = '192.0.2.7' } = held
  const client = held.headers ?? []
  switch (door) {
    case 'nginx':
      return {
        method: 'GET',
        path: '/nginx',
        headers: [
          ['X-Original-URL', `${scheme}://${host}${path}`],
          ['X-Original-Method', method],
          ['X-Real-IP', peer],
          ...client,
        ],
      }
    case 'traefik':
    case 'caddy':
    case 'haproxy':
      return {
        method: 'GET',
        path: `/${door}`,
        headers: [
          ['X-Forwarded-Method', method],
          ['X-Forwarded-Proto', scheme],
          ['X-Forwarded-Host', host],
          ['X-Forwarded-Uri', path],
          ['X-Forwarded-For', peer],
          ...client,
        ],
      }
    case 'envoy':
      return {
        method,
        path: `/envoy${path}`,
        headers: [
          ['Host', host],
          ['X-Forwarded-Proto', scheme],
          ['X-Forwarded-For', peer],
          ['Content-Length', '0'],
          ...client,
        ],
      }
    default:
      return door satisfies never
  }
}

export interface Asking {
  readonly gateway: TestGateway
  readonly upstream: RecordingUpstream
  /** Asks as a proxy that has proved itself, unless `proof` says otherwise. */
  ask(door: DoorName, held?: Held, proof?: readonly HeaderLine[]): Promise<RawAnswer>
}

export const proof: readonly HeaderLine[] = [['X-Sallyport-Proxy', secret]]

const copies = [
  'authorization',
  'x-auth-token',
  'x-sallyport-subject',
  'x-sallyport-token-id',
  'x-account-access-control',
  'x-container-read',
  'x-real-ip',
  'x-legacy-key',
] as const

export async function startAsking(
  t: Scope,
  input: Partial<GatewayInput> & { readonly routes: GatewayInput['routes'] },
): Promise<Asking> {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    decision: { proxies: [{ name: 'edge', secrets: [secret], copies: [...copies] }] },
    ...input,
    upstream: upstream.url,
  })
  const ask: Asking['ask'] = (door, held = {}, proofs = proof) => {
    const { method, path, headers } = phrase(door, held)
    return request(gateway.decisionPort, { method, path, headers: [...headers, ...proofs] })
  }
  return { gateway, upstream, ask }
}

export function headerOf({ headers }: Pick<RawAnswer, 'headers'>, name: string): string | undefined {
  return headers.find(([other]) => other.toLowerCase() === name)?.[1]
}
