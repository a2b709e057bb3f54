/**
 * The conformance cases of account ACLs, each an own small story on an account that begins without an ACL.
 * They take their way to Swift as a parameter.
 * @module
 */

import type { Test } from 'tap'
import type { SwiftUser } from '../support/swift-config.ts'
import { type Caller, callerOf, type Way } from './ways.ts'

export interface Stage {
  readonly t: Test
  readonly way: Way
  /** Of `AUTH_cases`. */
  readonly owner: Caller
  /** `o:ro`, who has nothing there unless the ACL says so. */
  readonly grantee: Caller
  readonly stranger: Caller
  readonly anonymous: Caller
  caller(user: SwiftUser): Promise<Caller>
  /** The owner sets the ACL header; expects 204. */
  grant(acl: string): Promise<void>
}

export interface Case {
  readonly id: string
  readonly says: string
  play(stage: Stage): Promise<void>
}

export const account = '/v1/AUTH_cases'
export const aclHeader = 'X-Account-Access-Control'

/** Plays all cases one behind the other, each as a subtest. */
export async function playCases(t: Test, way: Way, cases: readonly Case[]): Promise<void> {
  const owner = await callerOf(way, 'cases:owner')
  const caller = (user: SwiftUser) => callerOf(way, user)
  const [grantee, stranger] = [await caller('o:ro'), await caller('s:stranger')]
  const anonymous = await callerOf(way)
  for (const { id, says, play } of cases) {
    await t.test(`${id}: ${says}`, async (t) => {
      const grant = async (acl: string) => {
        t.equal((await owner('POST', account, { [aclHeader]: acl })).status, 204, `the owner grants ${acl}`)
      }
      await owner('POST', account, { [aclHeader]: '{}' })
      await play({ t, way, owner, grantee, stranger, anonymous, caller, grant })
    })
  }
  await owner('POST', account, { [aclHeader]: '{}' })
}
