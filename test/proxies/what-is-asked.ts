/**
 * How each proxy tells the gateway what its client sent, and what that client may say beside in order to be taken for
 * somebody who asks for something else.
 * @module
 */

import type { HeaderLine } from '../support/recording-upstream.ts'
import type { ProxyName } from './install-proxies.ts'
import type { Question } from './scripted-door.ts'

export const secret = 'a-secret-of-32-characters-at-least'
export const host = 'app.example:8443'

interface Asked {
  readonly url: string
  readonly method: string
  readonly peer: string
}

/** How each proxy tells what the client sent. */
export const asked: Readonly<Record<ProxyName, (question: Question) => Asked>> = {
  nginx: ({ header }) => ({
    url: header('x-original-url').join(),
    method: header('x-original-method').join(),
    peer: header('x-real-ip').join(),
  }),
  traefik: forwarded,
  caddy: forwarded,
  haproxy: forwarded,
  envoy: ({ method, target, header }) => ({
    url: `${header('x-forwarded-proto')}://${header('host')}${target.slice('/envoy'.length)}`,
    method,
    peer: header('x-forwarded-for').join(),
  }),
}

function forwarded({ header }: Question): Asked {
  const [scheme, name, uri] = ['proto', 'host', 'uri'].map((part) => header(`x-forwarded-${part}`).join())
  return {
    url: `${scheme}://${name}${uri}`,
    method: header('x-forwarded-method').join(),
    peer: header('x-forwarded-for').join(),
  }
}

/** What the client may say of another request; none of it is believed or passed on. */
export const spoofed: readonly HeaderLine[] = [
  ['X-Forwarded-Method', 'DELETE'],
  ['X-Forwarded-Uri', '/spoofed'],
  ['x-forwarded-uri', '/spoofed'],
  ['X-Original-URL', 'http://spoofed/'],
  ['X-Original-URI', '/spoofed'],
  ['X-Original-Method', 'DELETE'],
  ['X-Original-Upgrade', 'spoofed'],
  ['X-Rewrite-URL', '/spoofed'],
  ['X-Sallyport-Proxy', 'spoofed'],
  ['x-sallyport-proxy', secret],
  ['X-Sallyport-Owner', 'true'],
  ['Forwarded', 'for=9.9.9.9;host=spoofed'],
  ['X-Forwarded-Host', 'spoofed'],
]
