/**
 * Attempts to get more than a token has, as tables: one for tokens of a place in an account, one for those of a whole
 * account, one for those with less than an owner's access.
 * @module
 */

import type { Headers } from './ways.ts'

export interface Attempt {
  readonly method: string
  readonly target: string
  readonly headers?: Headers
  readonly body?: string
  /** The gateway or Swift leaves something out, and answers the rest: all that counts is what comes of it. */
  readonly isPartly?: true
}

type Row = readonly [method: string, target: string, headers?: Headers, body?: string, partly?: 'partly']

function attempts(rows: readonly Row[]): readonly Attempt[] {
  return rows.map(([method, target, headers = {}, body = '', partly]) => ({
    method,
    target,
    headers,
    body,
    ...(partly === undefined ? {} : { isPartly: true }),
  }))
}

const a = '/v1/AUTH_narrow'
const here = `${a}/photos/2026/taken`
const manifest = '[{"path":"private/secret"}]'
const tar = emptyTar('private/planted-by-archive')

/** Out of `photos`, which is what the tokens are bound to, or out of `photos/2026`. */
export const outOfContainer: readonly Attempt[] = attempts([
  // Straight.
  ['GET', `${a}/private/secret`],
  ['HEAD', `${a}/private/secret`],
  ['GET', `${a}/private/secret`, { 'X-Newest': 'true' }],
  ['GET', `${a}/private/secret`, { Range: 'bytes=0-3' }],
  ['GET', `${a}/private/secret`, { 'If-None-Match': '*' }],
  ['GET', `${a}/private?prefix=secret`],
  ['GET', `${a}/private/?format=json`],
  ['GET', a],
  ['HEAD', a],
  ['GET', `${a}?prefix=photos`],
  ['GET', `${a}/?marker=a&delimiter=/`],
  ['GET', `${a}/?path=private`],
  ['GET', `${a}?bulk-delete`],
  ['GET', `${a}?path=photos/../private`],
  ['PUT', `${a}/private/planted`],
  ['PUT', `${a}/another-container`],
  ['POST', `${a}/private`, { 'X-Container-Meta-Colour': 'red' }],
  ['DELETE', `${a}/private/secret`],
  ['DELETE', `${a}/archive`],
  ['POST', a, { 'X-Account-Meta-Colour': 'red' }],
  ['PUT', a],
  ['DELETE', a],
  ['OPTIONS', `${a}/private`],
  ['GET', '/v1/AUTH_vault/box/secret'],
  ['GET', '/v1/AUTH_vault/photos'],
  // Paths that somebody might read in another way.
  ['GET', '/v1.0/AUTH_narrow/private/secret'],
  ['GET', '/v1/AUTH_narrow%2Fprivate/secret'],
  ['GET', '/v1/AUTH_narrow/%70rivate/secret'],
  ['GET', '/v1%2FAUTH_narrow%2Fprivate%2Fsecret'],
  ['GET', `${a}/photos/../private/secret`],
  ['GET', `${a}/photos/%2e%2e/private/secret`],
  ['GET', `${a}/photos%2f..%2fprivate/secret`],
  ['GET', `${a}/./private/secret`],
  ['GET', `${a}//private/secret`],
  ['GET', `//v1/AUTH_narrow/photos/2026/a`],
  ['GET', `${a};x/photos/2026/a`],
  ['GET', `${a}/photos;/secret`],
  ['GET', `${a}/Photos/2026/a`],
  ['GET', '/v1/auth_narrow/photos/2026/a'],
  ['GET', `${a}/ph%EF%BD%8Ftos/2026/a`],
  ['GET', `${a}/photos%00/2026/a`],
  ['GET', `${a}/photos%ff/2026/a`],
  ['GET', `${a}/photos%C0%AF..%C0%AFprivate/secret`],
  ['GET', `${a}/private%3Fphotos`],
  ['GET', `http://storage.example${a}/private/secret`, { Host: 'storage.example' }],
  ['GET', `http://other.example${a}/photos/2026/a`, { Host: 'storage.example' }],
  ['GET', `${a}/private/secret`, { Host: 'storage.example/v1/AUTH_narrow/photos' }],
  ['GET', `${a}/private/secret`, { 'X-Http-Method-Override': 'OPTIONS' }],
  ['GET', `${a}/private/secret`, { 'X-Original-Url': `${a}/photos/2026/a` }],
  ['GET', `${a}/private/secret`, { Expect: '100-continue' }],
  // Copies.
  ['PUT', here, { 'X-Copy-From': 'private/secret' }],
  ['PUT', here, { 'X-Copy-From': '/private/secret' }],
  ['PUT', here, { 'x-cOPY-fROM': 'private%2Fsecret' }],
  ['PUT', here, { 'X-Copy-From': '%2Fprivate%2Fsecret' }],
  ['PUT', here, { 'X-Copy-From': '%70rivate/secret' }],
  ['PUT', here, { 'X-Copy-From': '//private/secret' }],
  ['PUT', here, { 'X-Copy-From': 'photos/../private/secret' }],
  ['PUT', here, { 'X-Copy-From': ['photos/2026/a', 'private/secret'] }],
  ['PUT', here, { 'X-Copy-From': ['', 'private/secret'] }],
  ['PUT', here, { X_Copy_From: 'private/secret' }],
  ['PUT', here, { 'X-Copy-From': 'box/secret', 'X-Copy-From-Account': 'AUTH_vault' }],
  ['PUT', here, { 'X-Copy-From': 'box/secret', 'X-Copy-From-Account': 'AUTH%5Fvault' }],
  ['PUT', here, { 'X-Copy-From': 'photos/2026/a', 'X-Copy-From-Account': ['AUTH_narrow', 'AUTH_vault'] }],
  ['COPY', `${a}/private/secret`, { Destination: 'photos/2026/taken' }],
  ['COPY', `${a}/photos/2026/a`, { Destination: 'private/planted' }],
  ['COPY', `${a}/photos/2026/a`, { Destination: '/private/planted' }],
  ['COPY', `${a}/photos/2026/a`, { Destination: 'private%2Fplanted' }],
  ['COPY', `${a}/photos/2026/a`, { Destination: ['photos/2026/taken', 'private/planted'] }],
  ['COPY', `${a}/photos/2026/a`, { Destination: 'box/planted', 'Destination-Account': 'AUTH_vault' }],
  ['COPY', `${a}/photos/2026/a`, { Destination: 'box/planted', 'Destination-Account': '' }],
  ['COPY', `${a}/box/secret`, { Destination: 'photos/2026/taken', 'X-Copy-From-Account': 'AUTH_vault' }],
  ['COPY', `${a}/photos/2026/a`, { Destination: 'photos/2026/taken', 'X-Copy-From-Account': 'AUTH_vault' }],
  // Copies of what leads elsewhere.
  ['COPY', `${a}/photos/link`, { Destination: 'photos/2026/taken' }],
  ['COPY', `${a}/photos/2026/hidden`, { Destination: 'photos/2026/taken' }],
  ['COPY', `${a}/photos/chain`, { Destination: 'photos/2026/taken' }],
  ['COPY', `${a}/photos/abroad`, { Destination: 'photos/2026/taken' }],
  ['COPY', `${a}/photos/gone`, { Destination: 'photos/2026/taken' }],
  ['COPY', `${a}/photos/2026/dlo`, { Destination: 'photos/2026/taken' }],
  ['COPY', `${a}/photos/2026/slo`, { Destination: 'photos/2026/taken' }],
  ['COPY', `${a}/photos/2026/slo?x;multipart-manifest=get`, { Destination: 'photos/2026/taken' }],
  ['COPY', `${a}/photos/2026/slo?multipart-manifest=get`, { Destination: 'photos/2026/taken' }],
  ['COPY', `${a}/photos/2026/hidden?symlink=get`, { Destination: 'photos/2026/taken' }],
  ['COPY', `${a}/photos/2026/hidden`, { Destination: 'photos/2026/taken', 'If-Match': '*' }],
  ['COPY', `${a}/photos/2026/hidden`, { Destination: 'photos/2026/taken', Range: 'bytes=0-9' }],
  ['PUT', here, { 'X-Copy-From': 'photos/2026/hidden' }],
  ['PUT', here, { 'X-Copy-From': 'photos/2026/slo', 'X-Fresh-Metadata': 'true' }],
  // Symlinks.
  ['PUT', here, { 'X-Symlink-Target': 'private/secret' }],
  ['PUT', here, { 'x-symlink-TARGET': 'private%2Fsecret' }],
  ['PUT', here, { 'X-Symlink-Target': '/private/secret' }],
  ['PUT', here, { 'X-Symlink-Target': 'photos/2026/a', 'X-Symlink-Target-Account': 'AUTH_vault' }],
  ['PUT', here, { 'X-Symlink-Target': 'private/secret', 'X-Symlink-Target-Etag': 'x' }],
  ['PUT', here, { 'X-Symlink-Target': ['photos/2026/a', 'private/secret'] }],
  ['GET', `${a}/photos/link`],
  ['HEAD', `${a}/photos/2026/hidden`],
  ['GET', `${a}/photos/2026/hidden`],
  ['GET', `${a}/photos/2026/hidden?x;symlink=get`],
  ['GET', `${a}/photos/2026/hidden`, { Range: 'bytes=900-' }],
  ['GET', `${a}/photos/2026/hidden`, { 'If-None-Match': '*' }],
  ['GET', `${a}/photos/2026/hidden`, { 'If-Match': 'x' }],
  ['GET', `${a}/photos/chain`],
  ['GET', `${a}/photos/abroad`],
  ['GET', `${a}/photos/gone`],
  ['GET', `${a}/photos/link-to-slo`],
  ['GET', `${a}/photos/link-to-dlo`],
  ['GET', `${a}/photos/link-out-to-slo?multipart-manifest=get`],
  // Manifests.
  ['PUT', here, { 'X-Object-Manifest': 'private/large/' }],
  ['PUT', here, { 'X-Object-Manifest': 'private/' }],
  ['POST', `${a}/photos/2026/a`, { 'X-Object-Manifest': 'private/large/' }],
  ['POST', `${a}/photos/2026/a`, { 'x-object-manifest': 'private%2Flarge%2F' }],
  ['GET', `${a}/photos/2026/dlo`],
  ['HEAD', `${a}/photos/2026/dlo`],
  ['GET', `${a}/photos/2026/dlo`, { Range: 'bytes=0-3' }],
  ['GET', `${a}/photos/2026/dlo?multipart-manifest=GET`],
  ['GET', `${a}/photos/2026/dlo?multipart-manifest=get&multipart-manifest=x`],
  ['GET', `${a}/photos/2026/dlo?x;multipart-manifest=get`],
  ['GET', `${a}/photos/2026/dlo`, { 'If-None-Match': '*' }],
  ['GET', `${a}/photos/2026/dlo`, { 'If-Match': '"x"' }],
  ['GET', `${a}/photos/2026/dlo`, { Range: 'bytes=900-' }],
  ['GET', `${a}/photos/2026/slo`],
  ['HEAD', `${a}/photos/2026/slo`],
  ['GET', `${a}/photos/2026/slo`, { Range: 'bytes=0-3' }],
  ['GET', `${a}/photos/2026/slo`, { 'If-None-Match': '*' }],
  ['GET', `${a}/photos/2026/slo`, { 'If-Match': '"x"' }],
  ['GET', `${a}/photos/2026/slo`, { Range: 'bytes=900-' }],
  ['GET', `${a}/photos/2026/slo?x;multipart-manifest=get`],
  ['GET', `${a}/photos/2026/slo?part-number=1`],
  ['PUT', `${here}?multipart-manifest=put`, {}, manifest],
  ['PUT', `${here}?multipart%2Dmanifest=%70ut`, {}, manifest],
  ['PUT', `${here}?multipart-manifest=get&multipart-manifest=put`, {}, manifest],
  ['PUT', `${here}?x;multipart-manifest=put`, {}, manifest],
  ['DELETE', `${a}/photos/2026/slo?multipart-manifest=delete`],
  ['DELETE', `${a}/photos/2026/slo?multipart%2dmanifest=delete`],
  ['PUT', here, { 'X-Static-Large-Object': 'True' }, manifest],
  // Bodies that name places.
  ['POST', `${a}?bulk-delete`, { 'Content-Type': 'text/plain' }, 'private/secret\n'],
  ['POST', `${a}/photos?bulk-delete`, { 'Content-Type': 'text/plain' }, 'private/secret\n'],
  ['DELETE', `${a}/photos/2026/a?bulk-delete=1`, { 'Content-Type': 'text/plain' }, 'private/secret\n'],
  ['POST', `${a}/photos/2026/a?bulk%2Ddelete`, { 'Content-Type': 'text/plain' }, 'private/secret\n'],
  ['POST', `${a}/photos//?bulk-delete`, { 'Content-Type': 'text/plain' }, 'private/secret\n'],
  ['POST', `${a}/%ff?bulk-delete`, { 'Content-Type': 'text/plain' }, 'private/secret\n', 'partly'],
  ['POST', `/auth/v1.0?bulk-delete`, { 'Content-Type': 'text/plain' }, 'private/secret\n', 'partly'],
  ['PUT', `${a}?extract-archive=tar`, {}, tar],
  ['PUT', `${a}/photos?extract-archive=tar`, {}, tar],
  ['PUT', `${a}/photos/2026/x?extract-archive=.TAR`, {}, tar],
  ['PUT', `${a}///?extract-archive=tar`, {}, tar, 'partly'],
  ['POST', `${a}/photos/2026/`, { 'Content-Type': 'multipart/form-data; boundary=b' }, '--b--\r\n'],
  // Versions, container sync, static web.
  ['POST', `${a}/photos`, { 'X-Versions-Location': 'archive' }],
  ['POST', `${a}/photos`, { 'X-History-Location': 'private' }],
  ['PUT', `${a}/photos`, { 'x-versions-LOCATION': '%70rivate' }],
  ['POST', `${a}/photos`, { 'X-Versions-Location': ['photos', 'private'] }],
  ['GET', `${a}/private/secret?version-id=null`],
  ['POST', `${a}/photos`, { 'X-Container-Sync-To': 'http://other.example/v1/AUTH_x/c' }],
  ['GET', `${a}/photos/2026/a`, { 'X-Container-Sync-Auth': 'realm nonce sig' }],
  ['GET', `${a}/photos/2026/nothing`, { 'X-Web-Mode': 'true' }],
  // Keys and other credentials.
  ['GET', `${a}/private/secret?temp_url_sig=x&temp_url_expires=9999999999`],
  ['GET', `${a}/photos/2026/a?temp_url_sig=x&temp_url_expires=9999999999`],
  ['GET', `${a}/private/secret`, { 'X-Backend-Allow-Private-Methods': 'true' }],
  ['GET', `${a}/private/secret`, { 'X-Timestamp': '1', 'X-Backend-Timestamp': '1' }],
])

/** Out of AUTH_narrow, by a token of the whole account and everything that an owner may. */
export const outOfAccount: readonly Attempt[] = attempts([
  ['GET', '/v1/AUTH_vault'],
  ['GET', '/v1/AUTH_vault/box'],
  ['GET', '/v1/AUTH_vault/box/secret'],
  ['HEAD', '/v1/AUTH_vault/box/secret'],
  ['GET', '/v1/AUTH_vault%2Fbox/secret'],
  ['GET', '/v1.0/AUTH_vault/box/secret'],
  ['PUT', '/v1/AUTH_vault/box/planted'],
  ['DELETE', '/v1/AUTH_vault/box/secret'],
  ['POST', '/v1/AUTH_vault', { 'X-Account-Access-Control': '{}' }],
  ['POST', '/v1/AUTH_vault/box', { 'X-Container-Read': '.r:*' }],
  ['POST', '/v1/AUTH_vault?bulk-delete', { 'Content-Type': 'text/plain' }, 'box/secret\n'],
  ['PUT', '/v1/AUTH_vault?extract-archive=tar', {}, tar],
  ['POST', `${a}?bulk-delete`, { 'Content-Type': 'text/plain' }, '../AUTH_vault/box/secret\n', 'partly'],
  ['PUT', here, { 'X-Copy-From': 'box/secret', 'X-Copy-From-Account': 'AUTH_vault' }],
  ['COPY', `${a}/photos/2026/a`, { Destination: 'box/planted', 'Destination-Account': 'AUTH_vault' }],
  ['COPY', `${a}/box/secret`, { Destination: 'photos/taken', 'X-Copy-From-Account': 'AUTH_vault' }],
  ['COPY', `${a}/photos/abroad`, { Destination: 'photos/taken' }],
  ['PUT', here, { 'X-Copy-From': 'photos/abroad' }],
  ['GET', `${a}/photos/abroad`],
  ['HEAD', `${a}/photos/abroad`],
  ['GET', `${a}/photos/abroad`, { 'If-None-Match': '*' }],
  ['GET', `${a}/photos/abroad`, { Range: 'bytes=900-' }],
  ['PUT', here, { 'X-Symlink-Target': 'box/secret', 'X-Symlink-Target-Account': 'AUTH_vault' }],
  ['GET', '/v1/AUTH_narrow2/photos'],
  ['GET', '/v1/AUTH_narrow%20/photos'],
])

/** More than reading, by tokens of the whole account whose access is `read-only`. */
export const beyondReading: readonly Attempt[] = attempts([
  ['PUT', `${a}/photos/2026/a`],
  ['PUT', `${a}/new-container`],
  ['POST', `${a}/photos`],
  ['POST', `${a}/photos/2026/a`, { 'X-Object-Meta-Colour': 'red' }],
  ['DELETE', `${a}/photos/2026/a`],
  ['COPY', `${a}/photos/2026/a`, { Destination: 'photos/taken' }],
  ['PUT', `${a}?extract-archive=tar`, {}, tar],
  ['POST', `${a}?bulk-delete`, { 'Content-Type': 'text/plain' }, 'photos/plain\n'],
  ['DELETE', `${a}?bulk-delete`, { 'Content-Type': 'text/plain' }, 'photos/plain\n'],
  ['GET', `${a}/photos?bulk-delete`, {}, 'photos/plain\n', 'partly'],
  ['GET', `${a}/photos`, { 'X-Http-Method-Override': 'DELETE' }, '', 'partly'],
  ['GET', `${a}/photos`, { 'X-Container-Meta-Colour': 'red' }, '', 'partly'],
])

/** What is an owner's, by tokens of the whole account whose access is less. */
export const beyondWriting: readonly Attempt[] = attempts([
  ['POST', a, { 'X-Account-Access-Control': '{}' }],
  ['POST', a, { 'X-Account-Meta-Temp-Url-Key': 'mine' }],
  ['POST', a, { 'X-Remove-Account-Access-Control': 'x' }],
  ['POST', a],
  ['PUT', a],
  ['DELETE', a],
  ...privilegedOfContainer().map((name): Row => ['POST', `${a}/photos`, { [name]: '.r:*' }, '', 'partly']),
  ...privilegedOfContainer().map(
    (name): Row => ['PUT', `${a}/private`, { [name]: ['', '.r:*'] }, '', 'partly'],
  ),
  ['HEAD', a, {}, '', 'partly'],
  ['HEAD', `${a}/private`, {}, '', 'partly'],
  ['GET', `${a}/photos?limit=1`, {}, '', 'partly'],
])

function privilegedOfContainer(): readonly string[] {
  const names = ['Read', 'Write', 'Sync-To', 'Sync-Key', 'Meta-Temp-Url-Key', 'Meta-Temp-Url-Key-2']
  return names.flatMap((name) => [
    `X-Container-${name}`,
    `X-Remove-Container-${name}`,
    `x-REMOVE-container-${name.toLowerCase()}`,
    `X_Container_${name}`,
  ])
}

/** An archive with one empty file in it. */
function emptyTar(name: string): string {
  const field = (text: string, length: number) => text.padEnd(length, '\0')
  const header = (checksum: string) =>
    [
      field(name, 100),
      field('0000644', 8),
      field('0000000', 8),
      field('0000000', 8),
      field('00000000000', 12),
      field('00000000000', 12),
      checksum,
      '0',
      field('', 100),
      field('ustar\u000000', 8),
    ]
      .join('')
      .padEnd(512, '\0')
  const sum = Buffer.from(header(' '.repeat(8)), 'latin1').reduce((total, byte) => total + byte, 0)
  return header(`${sum.toString(8).padStart(6, '0')}\0 `) + '\0'.repeat(1024)
}
