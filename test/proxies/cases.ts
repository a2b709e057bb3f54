/**
 * Requests that are sent through the gateway and through each proxy that asks it: who presents what, where, in which
 * form. `good` and its like stand for tokens that the test issues.
 * @module
 */

import type { PlainRequest } from '../support/raw-request.ts'
import type { HeaderLine } from '../support/recording-upstream.ts'
import { handshake } from './switching.ts'

/** Reader of account `a`; its owner; of account `b`; then those that are no good; and one with the scope `read`. */
export const holders = ['good', 'owner', 'other', 'expired', 'revoked', 'unknown', 'none', 'scoped'] as const
export type Holder = (typeof holders)[number]

export interface Case {
  readonly title: string
  readonly holder: Holder
  readonly request: PlainRequest
}

function* places(): Generator<Case> {
  const targets = [
    ['GET', '/public/page'],
    ['GET', '/v1/a/object'],
    ['PUT', '/v1/a/object'],
    ['HEAD', '/v1/a/object'],
    ['DELETE', '/v1/b/object'],
    ['GET', '/scoped/thing'],
    ['POST', '/scoped/thing'],
    ['OPTIONS', '/v1/a/object'],
    ['GET', '/nowhere'],
  ] as const
  for (const [method, path] of targets) {
    for (const holder of holders) yield { title: `${method} ${path}`, holder, request: { method, path } }
  }
}

function* oddTargets(): Generator<Case> {
  const rests = [
    '',
    '?',
    '?a=b',
    '?a=/../b',
    'x?a?b',
    '../b/x',
    './x',
    '/x',
    'x//y',
    '%2e%2e/b/x',
    'x/..',
    'x%2fy',
    'x%2Fy',
    'x%5cy',
    'x\\y',
    'x;y',
    '..;/b/x',
    'x%41',
    'x%20y',
    'x%25y',
    'x%252fy',
    'x%00',
    'x%0a',
    'x%zz',
    'x%',
    'x|y',
    'x"y',
    'x{y}',
    'x%c3%a9',
    'x\xe9',
    'x#y',
    'x+y',
    'x:y@z,w=v&u',
    '...',
    'x?y=\xe9',
  ]
  for (const rest of rests) {
    for (const holder of ['good', 'none'] as const) {
      yield { title: `target /v1/a/${rest}`, holder, request: { path: `/v1/a/${rest}` } }
    }
  }
  for (const path of [
    '*',
    '//v1/a/x',
    '/v1//a/x',
    '/public/../v1/a/x',
    '/public/%2e%2e/v1/a/x',
    '/public/..%2fv1/a/x',
    'v1/a/x',
  ]) {
    for (const holder of ['good', 'none'] as const)
      yield { title: `target ${path}`, holder, request: { path } }
  }
}

const lines: Readonly<Record<string, readonly HeaderLine[]>> = {
  'an identity of its own': [['X-User', 'mallory']],
  'an identity twice': [
    ['X-User', 'mallory'],
    ['x-USER', 'eve'],
  ],
  'a privileged header': [['X-Container-Read', '.r:*']],
  'a privileged header twice': [
    ['X-Container-Read', 'a'],
    ['x-container-read', 'b'],
  ],
  'a privileged header, removed by its prefix': [['X-Remove-Container-Read', 'x']],
  'names with underscores': [
    ['X_User', 'mallory'],
    ['X_Container_Read', '.r:*'],
  ],
  'a name with a dot': [['X.User', 'mallory']],
  'metadata of proxies': [
    ['X-Forwarded-Uri', '/public/x'],
    ['X-Forwarded-Method', 'GET'],
    ['X-Original-URL', 'http://x/public/x'],
  ],
  'metadata of proxies, twice': [
    ['X-Forwarded-Uri', '/a'],
    ['x-forwarded-uri', '/b'],
    ['X-Forwarded-Host', 'x'],
  ],
  'an address': [
    ['X-Forwarded-For', '9.9.9.9'],
    ['X-Real-IP', '9.9.9.9'],
    ['Forwarded', 'for=9.9.9.9'],
  ],
  'a secret of proxies': [
    ['X-Sallyport-Proxy', 'guess'],
    ['X-Sallyport-Owner', 'true'],
  ],
  'a header twice': [
    ['X-Foo', '1'],
    ['X-Foo', '2'],
  ],
  'a header of bytes': [['X-Foo', 'caf\xe9']],
  'an empty header': [['X-Foo', '']],
  'a Connection that names a header': [['Connection', 'close, X-User']],
  'another Host': [['Host', 'other.example']],
  'two hosts': [
    ['Host', 'a.example'],
    ['Host', 'b.example'],
  ],
  'a second credential': [['Authorization', 'Bearer x']],
  'a credential of another scheme': [['Proxy-Authorization', 'Basic eDp5']],
  cookies: [
    ['Cookie', 'a=1'],
    ['Cookie', 'b=2'],
  ],
  'an expectation': [['Expect', '100-continue']],
  'an upgrade that is not allowed': handshake,
  'an upgrade to HTTP/2': [
    ['Connection', 'Upgrade, HTTP2-Settings'],
    ['Upgrade', 'h2c'],
    ['HTTP2-Settings', 'AAMAAABkAAQAAP__'],
  ],
}

function* headers(): Generator<Case> {
  for (const [title, added] of Object.entries(lines)) {
    for (const holder of ['good', 'owner', 'none'] as const) {
      yield { title, holder, request: { path: '/v1/a/object', headers: added } }
    }
  }
  for (const holder of ['good', 'none', 'revoked'] as const) {
    yield { title: 'a WebSocket', holder, request: { path: '/ws/a', headers: handshake } }
    yield { title: 'a body', holder, request: { method: 'PUT', path: '/v1/a/object', body: 'body' } }
    yield {
      title: 'a body in chunks',
      holder,
      request: {
        method: 'POST',
        path: '/v1/a/object',
        headers: [['Transfer-Encoding', 'chunked']],
        body: '4\r\nbody\r\n0\r\n\r\n',
      },
    }
  }
}

export const cases: readonly Case[] = [...places(), ...oddTargets(), ...headers()]
