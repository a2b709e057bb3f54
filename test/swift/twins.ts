/**
 * Two accounts that are prepared alike and go through the same requests, one on each way: what is asked of the
 * one finds the state that the other was in.
 * @module
 */

import type { RawAnswer } from '../support/raw-request.ts'
import type { SwiftUser } from '../support/swift-config.ts'
import type { GeneratedRequest } from './generated-requests.ts'
import { type Caller, callerOf, directly, type Headers, type Way } from './ways.ts'

export interface Twin {
  /** `AUTH_twina`. */
  readonly account: string
  /** Of the owner: `twina`. */
  readonly name: string
  make(request: GeneratedRequest): Promise<RawAnswer>
}

/** Fills an account that has been empty so far, straight in Swift; requests then go on the way. */
export async function prepareTwin(
  name: `twin${'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g'}`,
  way: Way,
): Promise<Twin> {
  const account = `AUTH_${name}`
  const owner: SwiftUser = `${name}:owner`
  await fill(await callerOf(directly(), owner), `/v1/${account}`)
  const callers = new Map<GeneratedRequest['who'], Promise<Caller>>()
  const anonymous = await callerOf(way)
  const callerFor = (who: GeneratedRequest['who']): Promise<Caller> => {
    if (who === 'anonymous') return Promise.resolve(anonymous)
    if (who === 'impostor') return Promise.resolve(withToken(anonymous, 'AUTH_tkbogus'))
    return callerOf(way, who === 'owner' ? owner : who)
  }
  return {
    account,
    name,
    async make({ who, method, target, headers, body }) {
      const caller = callers.get(who) ?? callerFor(who)
      callers.set(who, caller)
      const here = (text: string) => text.replaceAll('{account}', account)
      const lines = Object.entries(headers).map(([name, value]) => [name, here(String(value))])
      // The name that responses repeat is the same on both ways.
      const host = { Host: 'storage.example' }
      return (await caller)(method, here(target), { ...host, ...Object.fromEntries(lines) }, body)
    },
  }
}

async function fill(owner: Caller, account: string): Promise<void> {
  const acl = '{"admin":["a:adm","b:both"],"read-write":["r:rw"],"read-only":["o:ro","b:both"]}'
  await owner('POST', account, { 'X-Account-Access-Control': acl, 'X-Account-Meta-Colour': 'grey' })
  for (const [container, headers] of [
    ['box', { 'X-Container-Meta-Temp-Url-Key': 'key', 'X-Container-Sync-Key': 'key' }],
    ['open', { 'X-Container-Read': '.r:*,.rlistings' }],
    ['archive', {}],
  ] as const satisfies readonly (readonly [string, Headers])[]) {
    await owner('PUT', `${account}/${container}`, headers)
    for (const object of ['thing', 'a/b']) await owner('PUT', `${account}/${container}/${object}`, {}, object)
    await owner('PUT', `${account}/${container}/link`, { 'X-Symlink-Target': 'box/thing' })
    await owner('PUT', `${account}/${container}/large`, { 'X-Object-Manifest': 'box/a' })
  }
}

function withToken(call: Caller, token: string): Caller {
  return (method, target, headers, body) => call(method, target, { ...headers, 'X-Auth-Token': token }, body)
}
