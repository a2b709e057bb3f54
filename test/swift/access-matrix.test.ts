/**
 * Who may do what: every identity, kind of resource and verb, as TempAuth decides it. The table holds what
 * TempAuth alone answers; a whole Swift refuses some verbs before it asks.
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startSwift } from '../support/swift.ts'
import type { SwiftUser } from '../support/swift-config.ts'
import { startSwiftGateway } from './gateway.ts'
import { type Caller, callerOf, directly, type Way } from './ways.ts'

type Target = 'account' | 'container' | 'object'
type Row = { readonly identity: string; readonly target: Target } & Readonly<Record<string, string>>

const { rows } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'vectors/access-matrix.json'), 'utf8'),
) as { readonly rows: readonly Row[] }

const users: Readonly<Record<string, SwiftUser | undefined>> = {
  anonymous: undefined,
  'owner(.admin)': 'matrix:owner',
  'acl-admin': 'a:adm',
  'acl-rw': 'r:rw',
  'acl-ro': 'o:ro',
  'on ro+admin': 'b:both',
  stranger: 's:stranger',
  '.reseller_admin': 'admin:admin',
  '.reseller_reader': 'reader:reader',
}

const paths = { account: '', container: '/box', object: '/box/thing' } as const

// What Swift answers whom it lets; 409, because the container is not empty.
const granted = {
  account: { GET: 200, HEAD: 204, OPTIONS: 200, POST: 204 },
  container: { GET: 200, HEAD: 204, OPTIONS: 200, PUT: 202, POST: 204, DELETE: 409 },
  object: { GET: 200, HEAD: 200, OPTIONS: 200, PUT: 201, POST: 202, DELETE: 204, COPY: 201 },
} as const satisfies Record<Target, Readonly<Record<string, number>>>

/** What only an owner sees in the response; objects have no such header. */
const privileged = {
  account: 'x-account-access-control',
  container: 'x-container-meta-temp-url-key',
  object: undefined,
} as const

const acl = '{"admin":["a:adm","b:both"],"read-write":["r:rw"],"read-only":["o:ro","b:both"]}'

for (const way of [directly(), (await startSwiftGateway(t)).way]) {
  t.test(`${way.name}, every identity may do on every resource what the table says`, async (t) => {
    await prepare(way)
    for (const row of rows) await checkRow(t, way, row)
  })
}

t.test(
  'where accounts are managed, an ACL admin may put and delete one, and its owner may not',
  async (t) => {
    const swift = await startSwift({ allowAccountManagement: true })
    t.teardown(() => swift.stop())
    const gateway = await startSwiftGateway(t, { swiftUrl: swift.url })
    for (const way of [directly(swift.port), gateway.way]) {
      await prepare(way)
      for (const row of rows.filter(({ target }) => target === 'account')) {
        const call = await callerOf(way, userOf(row))
        const isGranted = (verb: string) => row[verb]?.startsWith('204') === true
        const by = `by ${row.identity}, ${way.name}`
        const put = await call('PUT', '/v1/AUTH_matrix')
        t.equal(put.status, isGranted('PUT') ? 202 : Number(row.PUT), `PUT ${by}`)
        // A query is what Swift refuses of those who may.
        const deletion = await call('DELETE', '/v1/AUTH_matrix?x=1')
        t.equal(deletion.status, isGranted('DELETE') ? 400 : Number(row.DELETE), `DELETE ${by}`)
      }
    }
  },
)

/** An account with the ACL, in it a container with privileged metadata, and in that an object. */
async function prepare(way: Way): Promise<void> {
  const owner = await callerOf(way, 'matrix:owner')
  await owner('PUT', '/v1/AUTH_matrix/box', { 'X-Container-Meta-Temp-Url-Key': 'key' })
  await owner('PUT', '/v1/AUTH_matrix/box/thing')
  await owner('POST', '/v1/AUTH_matrix', { 'X-Account-Access-Control': acl })
}

async function checkRow(t: Test, way: Way, row: Row): Promise<void> {
  const owner = await callerOf(way, 'matrix:owner')
  const call = await callerOf(way, userOf(row))
  for (const verb of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'DELETE', 'COPY', 'PATCH']) {
    const name = `${verb} ${row.target} by ${row.identity}`
    const answer = await ask(call, verb, row.target)
    t.equal(answer.status, statusOf(row, verb), name)
    const guarded = ['GET', 'HEAD'].includes(verb) && privileged[row.target]
    if (guarded) {
      t.equal(answer.header(guarded).length > 0, row[verb]?.endsWith('*'), `${name} shows ${guarded} or not`)
    }
    if (verb === 'DELETE' && row.target === 'object') await owner('PUT', '/v1/AUTH_matrix/box/thing')
  }
}

/** What a whole Swift answers where TempAuth says what the table holds. */
function statusOf({ target, ...verdicts }: Row, verb: string): number {
  const ok = (granted[target] as Readonly<Record<string, number>>)[verb]
  // Refused as a method, before anybody asks who it is.
  if (ok === undefined) return 405
  return verdicts[verb]?.startsWith('204') ? ok : Number(verdicts[verb])
}

function ask(call: Caller, verb: string, target: Target) {
  return call(verb, `/v1/AUTH_matrix${paths[target]}`, verb === 'COPY' ? { Destination: 'box/copy' } : {})
}

function userOf({ identity }: Row): SwiftUser | undefined {
  if (!(identity in users)) throw new Error(`nobody is ${identity}`)
  return users[identity]
}
