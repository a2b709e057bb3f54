/**
 * What crowds of connections do that want nothing but to be there.
 * @module
 */

import { randomBytes } from 'node:crypto'

export interface Scenario {
  readonly title: string
  readonly count: number
  /** What each connection sends at once. */
  readonly bytes: (token: string) => string
  /** What it goes on sending; silence unless given. */
  readonly more?: { readonly bytes: string; readonly everyMs: number }
  /** All are closed by the gateway within this time from their opening. Where not given, some stay, and are left then. */
  readonly letGoMs?: number
  /** How long those are watched that stay. */
  readonly watchedMs?: number
}

/** A connection is looked at once a second, and Node gives an idle one a second more than it promised. */
const lateMs = 3_000
const trickled = { bytes: 'a', everyMs: 5_000 }
const bodyHead = (authorization: string) =>
  `PUT /legacy/sink HTTP/1.1\r\nHost: a\r\n${authorization}Content-Length: 1048576\r\n\r\n`
const get = (path: string, token: string, ...lines: readonly string[]) =>
  `${[`GET ${path} HTTP/1.1`, 'Host: a', `Authorization: Bearer ${token}`, ...lines].join('\r\n')}\r\n\r\n`

export const scenarios = {
  idle: {
    title: 'idle between two requests',
    count: 10_000,
    bytes: (token) => get('/legacy/bytes/300', token),
    letGoMs: 75_000 + lateMs,
  },
  heads: {
    title: 'heads that never end',
    count: 10_000,
    bytes: () => 'GET / HTTP/1.1\r\nHost: a\r\n',
    more: { bytes: 'X: y\r\n', everyMs: 2_000 },
    letGoMs: 15_000 + lateMs,
  },
  strangers: {
    title: 'slow bodies without a token',
    count: 10_000,
    bytes: () => bodyHead(''),
    more: trickled,
    letGoMs: 5_000 + lateMs,
  },
  bodies: {
    title: 'slow bodies with a token',
    count: 10_000,
    bytes: (token) => bodyHead(`Authorization: Bearer ${token}\r\n`),
    more: trickled,
    // Longer than a request waits for a connection to its upstream.
    watchedMs: 75_000,
  },
  events: {
    title: 'event streams',
    count: 1_000,
    bytes: (token) => get('/streams/events', token),
  },
  websockets: {
    title: 'WebSockets',
    count: 1_000,
    bytes: (token) =>
      get(
        '/streams/live',
        token,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      ),
  },
} as const satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof scenarios

export function isScenarioName(name: string): name is ScenarioName {
  return Object.hasOwn(scenarios, name)
}
