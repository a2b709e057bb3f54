/**
 * Requests of every kind, the same ones in every run: accounts, identities, verbs, headers and names of any
 * legal bytes. `{account}` in them stands for the account that they are made on.
 * @module
 */

import fc from 'fast-check'
import type { SwiftUser } from '../support/swift-config.ts'
import type { Headers } from './ways.ts'

export interface GeneratedRequest {
  /** `owner` is that of the account; `impostor` shows a token that nobody issued. */
  readonly who: Exclude<SwiftUser, `${string}:owner`> | 'owner' | 'anonymous' | 'impostor'
  readonly method: string
  readonly target: string
  readonly headers: Headers
  readonly body: string
}

/** The same requests whenever the seed is the same. */
export function generatedRequests(count: number, seed: number): readonly GeneratedRequest[] {
  return fc.sample(requests, { numRuns: count, seed })
}

const who = fc.oneof(
  { weight: 4, arbitrary: fc.constant('owner' as const) },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'a:adm',
      'b:both',
      'r:rw',
      'o:ro',
      's:stranger',
      'reader:reader',
      'admin:admin',
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom('anonymous', 'impostor') },
) satisfies fc.Arbitrary<GeneratedRequest['who']>

const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', 'PUT') },
  { weight: 4, arbitrary: fc.constantFrom('HEAD', 'POST', 'DELETE', 'COPY') },
  { weight: 1, arbitrary: fc.constantFrom('OPTIONS', 'PATCH') },
)

const piece = fc.constantFrom(
  ...['a', 'b', 'thing', '.', '..', ';', ';x=y', ':', '@', '+', '~', "'", '(', ')', '!', '*', '=', ','],
  ...['%2F', '%2f', '/', '//', '%25', '%252F', '%20', '%0A', '%0D%0A', '%09', '%7F', '%3F', '%23', '%5C'],
  ...['%C3%A9', '%E1%88%B4', '%F0%9F%98%80', '%41', '%2E', '%2e%2e', '%', '%zz', '%00', '%FF', '%C0%AF'],
)

/** A part of a path: mostly one that is there. */
const name = (known: readonly [string, ...string[]]) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...known) },
    {
      weight: 2,
      arbitrary: fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join('')),
    },
  )

const container = name(['box', 'open', 'archive'])
const object = name(['thing', 'a/b', 'link', 'large'])

const path = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 5, arbitrary: container.map((it) => `/${it}`) },
  { weight: 9, arbitrary: fc.tuple(container, object).map((parts) => `/${parts.join('/')}`) },
)

const prefix = fc.oneof(
  { weight: 20, arbitrary: fc.constant('/v1/{account}') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...['/v1.0/{account}', '/v1%2F{account}', '/v2/{account}', '/V1/{account}', '//v1/{account}'],
      ...[
        '/v1//{account}',
        '/v1/{account}/..',
        '/v1/../v1/{account}',
        '/v1/AUTH_absent',
        '/v1/OTHER_x',
        '/info',
      ],
    ),
  },
)

const query = fc.oneof(
  { weight: 5, arbitrary: fc.constant('') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        '?format=json',
        '?format=xml',
        '?prefix=a&delimiter=%2F',
        '?limit=1',
        '?marker=b&format=json',
        '?x#y',
      ],
      ...['?multipart-manifest=get', '?multipart-manifest=put', '?multipart-manifest=delete', '?symlink=get'],
      ...['?bulk-delete', '?multipart%2Dmanifest=get', '?temp_url_sig=0&temp_url_expires=9999999999'],
    ),
  },
)

const acl = '{"admin":["a:adm","b:both"],"read-write":["r:rw"],"read-only":["o:ro","b:both"]}'
const tooLong = 'n'.repeat(129)

const header = fc.constantFrom<readonly [name: string, value: string]>(
  ['X-Account-Access-Control', acl],
  ['X-Account-Access-Control', '{"read-only":[1]}'],
  ['X-Account-Access-Control', 'yuck'],
  ['X-Account-Meta-Colour', 'blue'],
  ['X-Remove-Account-Meta-Colour', 'x'],
  [`X-Account-Meta-${tooLong}`, 'x'],
  [`X-Container-Meta-${tooLong}`, 'x'],
  ['X-Account-Sysmeta-Core-Access-Control', '{}'],
  ['X-Container-Meta-Colour', 'red'],
  ['X-Container-Read', '.r:*,.rlistings,o:ro'],
  ['X-Container-Read', '.r:'],
  ['X-Container-Write', 's:stranger'],
  ['X-Container-Write', '.r:*'],
  ['X-Container-Sync-Key', 'key'],
  ['X-Container-Meta-Temp-Url-Key', 'key'],
  ['X-Versions-Location', 'archive'],
  ['X-Versions-Location', 'a/b'],
  ['X-Object-Meta-Colour', 'green'],
  ['X-Copy-From', 'box/thing'],
  ['X-Copy-From', '%2Fbox%2Fthing'],
  ['X-Copy-From', 'box'],
  ['X-Copy-From-Account', '{account}'],
  ['Destination', 'open/copy'],
  ['Destination', '/box/a%2Fb'],
  ['Destination-Account', '{account}'],
  ['X-Symlink-Target', 'box/thing'],
  ['X-Symlink-Target', '/box/thing'],
  ['X-Symlink-Target-Account', '{account}'],
  ['X-Object-Manifest', 'box/a'],
  ['X-Object-Manifest', 'box%2Fa'],
  ['Range', 'bytes=1-2'],
  ['If-None-Match', '*'],
  ['If-Match', '"none"'],
  ['Accept', 'application/json'],
  ['Accept', 'image/png'],
  ['Referer', 'http://site.example/page'],
  ['X-Newest', 'true'],
  ['Content-Type', 'text/x-odd; charset=utf-8'],
)

const requests: fc.Arbitrary<GeneratedRequest> = fc
  .record({
    who,
    method,
    target: fc.tuple(prefix, path, query).map((parts) => parts.join('')),
    headers: fc.array(header, { maxLength: 3 }).map((lines) => Object.fromEntries(lines)),
    text: fc.constantFrom('', '', 'text of some length', '[{"path":"box/thing"}]', 'box/thing\nbox/absent\n'),
  })
  .map(({ text, ...request }) => ({
    ...request,
    body: ['PUT', 'POST', 'COPY', 'DELETE'].includes(request.method) ? text : '',
  }))
