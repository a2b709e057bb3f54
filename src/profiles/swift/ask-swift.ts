/**
 * What the gateway itself asks of Swift: a login, whether a subject owns an account, whether an account is open to
 * nobody in particular, what an object is made of. Always with the standing of the one concerned, and never so that anything could change.
 * @module
 */

import { askUpstream, type UpstreamAnswer } from '../../forward/ask-upstream.ts'
import type { Upstream } from '../../forward/upstreams.ts'
import type { Secret } from '../../lib/secret.ts'
import type { LoginRequest } from './login-request.ts'
import { storageTarget } from './swift-request.ts'

/** Metadata without a name: a request that ends in a 400 for whoever may make it, and changes nothing. */
const impossibleHeader = 'x-account-meta-'
/** What Swift says to it (swift/common/constraints.py). A 400 for any other reason proves nothing. */
const impossibleName = 'Metadata name cannot be empty'

const bodyBytesMax = 64 * 1024

export class SwiftQuestions {
  readonly #upstream: Upstream
  readonly #deadlineMs: number

  constructor(upstream: Upstream, deadlineMs: number) {
    this.#upstream = upstream
    this.#deadlineMs = deadlineMs
  }

  /** Swift's own answer to a login, in the one spelling that leaves no choice of headers. */
  logIn({ name, key }: Pick<LoginRequest, 'name' | 'key'>): Promise<UpstreamAnswer> {
    return this.#ask('GET', '/auth/v1.0', ['x-auth-user', name, 'x-auth-key', key.reveal()])
  }

  /**
   * Whether whoever holds the token owns the account, as Swift says: only an owner may change its metadata, and is then
   * told that metadata have a name; everybody else is turned away before. `refused`: the token is not good any more.
   */
  async ownsAccount(token: Secret, account: string): Promise<boolean | 'refused'> {
    const headers = ['x-auth-token', token.reveal(), impossibleHeader, '1', 'content-length', '0']
    const { status, body } = await this.#ask('POST', storageTarget(account), headers)
    if (status === 400 && body.toString('latin1').trim() === impossibleName) return true
    if (status === 401) return 'refused'
    if (status === 403) return false
    throw new Error(`Swift answered ${status} to the question who owns an account`)
  }

  /** Whether the account's ACL names the empty string, which matches whoever presents no token at all. */
  async isOpenToNobody(account: string): Promise<boolean> {
    const { status } = await this.#ask('HEAD', storageTarget(account), [])
    if (status >= 500) throw new Error(`Swift answered ${status} to the question who may see an account`)
    return status !== 401 && status !== 403
  }

  /** The head of an object as a copy would find it. `query` starts with `?`, or is empty. */
  headObject(token: Secret, names: readonly string[], query: string): Promise<UpstreamAnswer> {
    const headers = ['x-auth-token', token.reveal(), 'x-newest', 'true']
    return this.#ask('HEAD', storageTarget(...names) + query, headers)
  }

  #ask(method: string, target: string, headers: readonly string[]): Promise<UpstreamAnswer> {
    return askUpstream(
      this.#upstream,
      { method, target, headers },
      { deadlineMs: this.#deadlineMs, bodyBytesMax },
    )
  }
}
