/**
 * What must not get past a guard: headers that only owners send or see, names that are too long, credentials
 * in other places. Where a gateway is to be stricter than Swift, the case says what each answers.
 * @module
 */

import { request } from '../support/raw-request.ts'
import { account, aclHeader, type Case } from './cases.ts'
import type { Way } from './ways.ts'

const evil = '{"admin":["s:stranger"]}'

export const guardCases: readonly Case[] = [
  {
    id: 'S25',
    says: 'an underscore in the name of the header gives a reader no power',
    async play({ t, owner, grantee, stranger, grant }) {
      await grant('{"read-only":["o:ro"]}')
      const { status } = await grantee('POST', account, { X_Account_Access_Control: evil })
      t.ok([400, 403].includes(status), `refused with ${status}`)
      t.strictSame((await owner('HEAD', account)).header(aclHeader), ['{"read-only":["o:ro"]}'])
      t.equal((await stranger('HEAD', account)).status, 403)
    },
  },
  {
    id: 'S26',
    says: 'the name under which the ACL is stored is taken from nobody',
    async play({ t, owner, stranger }) {
      await owner('POST', account, { 'X-Account-Sysmeta-Core-Access-Control': evil })
      t.strictSame((await owner('HEAD', account)).header(aclHeader), [])
      t.equal((await stranger('HEAD', account)).status, 403)
    },
  },
  {
    id: 'S27',
    says: 'a name of an account has at most 256 characters',
    async play({ t, caller }) {
      const reseller = await caller('admin:admin')
      t.not((await reseller('HEAD', `/v1/AUTH_${'n'.repeat(251)}`)).status, 400)
      const answer = await reseller('GET', `/v1/AUTH_${'n'.repeat(252)}`)
      t.equal(answer.status, 400)
      t.equal(answer.body.toString(), 'Account name length of 257 longer than 256')
      // Characters are counted, not bytes.
      t.not((await reseller('HEAD', `/v1/AUTH_${'%C3%A1'.repeat(251)}`)).status, 400)
      t.equal((await reseller('HEAD', `/v1/AUTH_${'%C3%A1'.repeat(252)}`)).status, 400)
    },
  },
  {
    id: 'S28',
    says: 'accounts whose name begins with a dot belong to Swift',
    async play({ t, owner, caller }) {
      const reseller = await caller('admin:admin')
      for (const length of [511, 512]) {
        t.equal((await reseller('HEAD', `/v1/.${'n'.repeat(length)}`)).status, 403)
        t.equal((await owner('HEAD', `/v1/.${'n'.repeat(length)}`)).status, 403)
      }
    },
  },
  {
    id: 'S30',
    says: 'where accounts are not managed, DELETE is refused as a method, whoever asks',
    async play({ t, owner, anonymous }) {
      for (const call of [owner, anonymous]) {
        t.equal((await call('DELETE', `${account}?x=1`)).status, 405)
        const answer = await call('DELETE', account)
        t.equal(answer.status, 405)
        t.strictSame(allowed(answer.header('allow')), ['GET', 'HEAD', 'OPTIONS', 'POST'])
      }
    },
  },
  {
    id: 'S31',
    says: 'a reader sees none of the metadata that belong to owners',
    async play({ t, owner, grantee, grant }) {
      await grant('{"read-only":["o:ro"]}')
      const privileged = {
        'X-Container-Read': 'a:adm',
        'X-Container-Write': 'a:adm',
        'X-Container-Sync-Key': 'key',
        'X-Container-Meta-Temp-Url-Key': 'key',
        'X-Container-Meta-Temp-Url-Key-2': 'key',
      }
      await owner('PUT', `${account}/s31`, { ...privileged, 'X-Container-Meta-Foo': 'kept' })
      const [mine, theirs] = [await owner('HEAD', `${account}/s31`), await grantee('HEAD', `${account}/s31`)]
      for (const [name, value] of Object.entries(privileged)) {
        t.strictSame(mine.header(name), [value], `the owner sees ${name}`)
        t.strictSame(theirs.header(name), [], `a reader does not see ${name}`)
      }
      t.strictSame(theirs.header('x-container-meta-foo'), ['kept'])
      await owner('DELETE', `${account}/s31`)
    },
  },
  {
    id: 'S32',
    says: "a writer's container ACL is dropped without a word",
    async play({ t, owner, grantee, grant }) {
      await grant('{"read-write":["o:ro"]}')
      await owner('PUT', `${account}/s32`, { 'X-Container-Read': 'a:adm' })
      t.equal((await grantee('POST', `${account}/s32`, { 'X-Container-Read': '.r:*' })).status, 204)
      t.strictSame((await owner('HEAD', `${account}/s32`)).header('x-container-read'), ['a:adm'])
      await owner('DELETE', `${account}/s32`)
    },
  },
  {
    id: 'S33',
    says: 'Swift lets a writer remove the container ACL; a gateway does not',
    async play({ t, way, owner, grantee, grant }) {
      await grant('{"read-write":["o:ro"]}')
      const [box, removal] = [`${account}/s33`, { 'X-Remove-Container-Read': 'x' }]
      await owner('PUT', box, { 'X-Container-Read': 'a:adm' })
      t.equal((await grantee('POST', box, removal)).status, 204)
      const left = (await owner('HEAD', box)).header('x-container-read')
      t.strictSame(left, way.isGuarded ? ['a:adm'] : [])
      await owner('DELETE', box)
    },
  },
  {
    id: 'S34',
    says: 'an empty grantee is everybody to Swift; to a gateway it is nobody',
    async play({ t, way, anonymous, grant }) {
      await grant('{"read-only":[""]}')
      t.equal((await anonymous('HEAD', account)).status, way.isGuarded ? 401 : 204)
    },
  },
  {
    id: 'S36',
    says: 'a token that nobody issued is 401, on a public container as well',
    async play({ t, way, owner, anonymous }) {
      await owner('PUT', `${account}/s36`, { 'X-Container-Read': '.r:*,.rlistings' })
      for (const target of [account, `${account}/s36`]) {
        const answer = await present(way, target, ['X-Auth-Token', 'AUTH_tkbogus'])
        t.equal(answer.status, 401, target)
        t.strictSame(answer.header('www-authenticate'), ['Swift realm="AUTH_cases"'])
      }
      t.equal((await anonymous('GET', `${account}/s36`)).status, 204, 'while without a token it is open')
      await owner('DELETE', `${account}/s36`)
    },
  },
  {
    id: 'S37',
    says: 'OPTIONS is answered to everybody',
    async play({ t, anonymous, stranger, grantee }) {
      for (const call of [anonymous, stranger, grantee]) {
        for (const target of [account, `${account}/c`, `${account}/c/o`]) {
          t.equal((await call('OPTIONS', target)).status, 200)
        }
      }
    },
  },
  {
    id: 'S38',
    says: 'a value of more than 8 KiB is refused',
    async play({ t, owner }) {
      const value = JSON.stringify({ 'read-only': ['g'.repeat(8_192)] })
      t.ok([400, 431].includes((await owner('POST', account, { [aclHeader]: value })).status))
      t.strictSame((await owner('HEAD', account)).header(aclHeader), [])
    },
  },
  {
    id: 'S39',
    says: 'X-Storage-Token is X-Auth-Token, unless that is there too',
    async play({ t, way }) {
      const token = await way.token('cases:owner')
      t.equal((await present(way, account, ['X-Storage-Token', token])).status, 204)
      const both = await present(way, account, ['X-Storage-Token', token], ['X-Auth-Token', 'AUTH_tkbogus'])
      t.equal(both.status, way.isGuarded ? 400 : 401)
    },
  },
  {
    id: 'S40',
    says: 'a service token adds its standing to a caller, and never stands for one',
    async play({ t, way }) {
      const [owner, stranger] = [await way.token('cases:owner'), await way.token('s:stranger')]
      const service = ['X-Service-Token', owner] as const
      t.equal((await present(way, account, service)).status, 401)
      t.equal((await present(way, account, ['X-Auth-Token', 'AUTH_tkbogus'], service)).status, 401)
      // A second credential: a gateway exchanges it like the first.
      const added = await present(way, account, ['X-Auth-Token', stranger], service)
      t.equal(added.status, 204)
      const useless = ['X-Service-Token', 'AUTH_tkbogus'] as const
      t.equal((await present(way, account, ['X-Auth-Token', owner], useless)).status, 204)
    },
  },
]

/** HEAD of a target with credentials as they are given. */
function present(way: Way, target: string, ...headers: readonly (readonly [string, string])[]) {
  return request(way.port, { method: 'HEAD', path: target, headers }, { timeoutMs: 30_000 })
}

function allowed(values: readonly string[]): readonly string[] {
  return values.flatMap((value) => value.split(', ')).toSorted()
}
