/**
 * Two accounts with a place for narrowed tokens in one of them, and secrets planted all around it: in contents, names,
 * keys and ACLs. Who owns the first may do everything in the second, so that only the gateway keeps a token in its place.
 * @module
 */

import { type Caller, callerOf, directly, type Headers } from './ways.ts'

/** In every content, name, key and ACL that no narrowed token may learn. */
export const planted = 'PLANTED'

export interface Place {
  /** Of AUTH_narrow and of AUTH_vault, straight in Swift. */
  readonly owner: Caller
  readonly vaultOwner: Caller
}

const narrow = '/v1/AUTH_narrow'
const vault = '/v1/AUTH_vault'
const secret = `${planted}-content`
const key = `${planted}-key`

/** The place is the container `photos`, or what is below `photos/2026`; `public` is the container next to it. */
export async function preparePlace(): Promise<Place> {
  const owner = await callerOf(directly(), 'narrow:owner')
  const vaultOwner = await callerOf(directly(), 'vault:owner')
  const put = (target: string, headers: Headers = {}, body = '') =>
    expectDone(owner, 'PUT', `${narrow}/${target}`, headers, body)

  await expectDone(vaultOwner, 'PUT', `${vault}/box`, { 'X-Container-Meta-Temp-Url-Key': key })
  await expectDone(vaultOwner, 'PUT', `${vault}/box/secret`, {}, secret)
  await expectDone(vaultOwner, 'POST', vault, { 'X-Account-Access-Control': '{"admin":["narrow:owner"]}' })

  await put('photos', { 'X-Container-Meta-Temp-Url-Key': key, 'X-Container-Read': `${planted}:reader` })
  for (const name of ['photos2', 'private', `${planted}-container`, 'archive']) await put(name)
  await put('private', { 'X-Container-Meta-Temp-Url-Key': key, 'X-Container-Sync-Key': key })
  const aclAndKey = {
    'X-Account-Access-Control': `{"read-only":["${planted}:grantee"]}`,
    'X-Account-Meta-Temp-Url-Key': key,
  }
  await expectDone(owner, 'POST', narrow, aclAndKey)

  for (const name of ['photos/2026/a', 'photos/plain', 'photos2/plain']) await put(name, {}, 'holiday')
  for (const name of ['secret', 'large/1', 'large/2', `${planted}-name`])
    await put(`private/${name}`, {}, secret)
  await put('photos/2025', {}, 'holiday')
  await put('private/link-out', { 'X-Symlink-Target': 'photos/plain' })
  await plantLinks(put)
  return { owner, vaultOwner }
}

/** What was put into the place by somebody who may, and leads out of it. */
async function plantLinks(put: (target: string, headers?: Headers, body?: string) => Promise<void>) {
  await put('photos/2026/hidden', { 'X-Symlink-Target': 'private/secret' })
  await put('photos/link', { 'X-Symlink-Target': 'private/secret' })
  await put('photos/chain', { 'X-Symlink-Target': 'photos/link' })
  await put('photos/abroad', { 'X-Symlink-Target': 'box/secret', 'X-Symlink-Target-Account': 'AUTH_vault' })
  await put('photos/gone', { 'X-Symlink-Target': 'private/nothing' })
  await put('photos/dlo', { 'X-Object-Manifest': 'private/large/' })
  await put('photos/2026/dlo', { 'X-Object-Manifest': 'private/large/' })
  const segments = JSON.stringify([{ path: 'private/secret' }, { path: 'private/large/1' }])
  for (const name of ['photos/slo', 'photos/2026/slo', 'private/slo'])
    await put(`${name}?multipart-manifest=put`, {}, segments)
  await put('photos/link-to-slo', { 'X-Symlink-Target': 'photos/slo' })
  await put('photos/link-to-dlo', { 'X-Symlink-Target': 'photos/dlo' })
  await put('photos/link-out-to-slo', { 'X-Symlink-Target': 'private/slo' })
}

/** Every header and listing of both accounts, one line each, as their owners see them straight in Swift. */
export async function snapshot({ owner, vaultOwner }: Place): Promise<readonly string[]> {
  const accounts = [
    [owner, narrow],
    [vaultOwner, vault],
  ] as const
  const lines: string[] = []
  for (const [call, account] of accounts) {
    lines.push(...(await headOf(call, account)))
    for (const { name: container } of await listing(call, account)) {
      const path = `${account}/${container}`
      lines.push(...(await headOf(call, path)))
      for (const entry of await listing(call, path)) {
        lines.push(`${path}: ${JSON.stringify(entry)}`)
        lines.push(...(await headOf(call, `${path}/${entry.name}`, '?symlink=get&multipart-manifest=get')))
      }
    }
  }
  return lines
}

/** Of a request, not of what is stored; times of containers move with what is in them. */
const fleeting = new Set(['date', 'x-trans-id', 'x-openstack-request-id', 'connection', 'last-modified'])

/** Of an account, which learns of its containers' sizes some time later. */
function isSum(name: string): boolean {
  return /^x-account-.*-(used|count)$/i.test(name)
}

async function headOf(call: Caller, target: string, query = ''): Promise<readonly string[]> {
  const { status, headers } = await call('HEAD', `${encodeURI(target)}${query}`)
  const kept = headers.filter(([name]) => !fleeting.has(name.toLowerCase()) && !isSum(name))
  return [`${target}: ${status}`, ...kept.map(([name, value]) => `${target}: ${name}: ${value}`).toSorted()]
}

async function listing(call: Caller, target: string): Promise<readonly { readonly name: string }[]> {
  return JSON.parse((await call('GET', `${target}?format=json`)).body.toString())
}

async function expectDone(call: Caller, method: string, target: string, headers: Headers, body = '') {
  const { status } = await call(method, target, headers, body)
  if (status >= 300) throw new Error(`${method} ${target}: ${status}`)
}
