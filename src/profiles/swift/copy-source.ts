/**
 * What a copy reads. Swift reads the source with the standing of the subject, through symlinks and manifests, and what
 * it read is then in a place of the token's. So for a token that does not cover the whole storage the gateway looks at
 * the source first, as if the token asked for it, and has Swift copy nothing else than what it saw.
 * @module
 */

import type { UpstreamAnswer } from '../../forward/ask-upstream.ts'
import type { Secret } from '../../lib/secret.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import type { HeaderPairs } from '../../rewrite/identity-headers.ts'
import type { Token } from '../../tokens/token.ts'
import type { UpstreamLogins } from '../../tokens/upstream-logins/upstream-logins.ts'
import { attempt, type Found } from '../attempt.ts'
import type { GrantedRequest } from '../profile.ts'
import { problemOfAnswer } from './answer-check.ts'
import type { SwiftQuestions } from './ask-swift.ts'
import { spansStorage } from './coverage.ts'
import { copiedSource, type NamedResource } from './named-resources.ts'
import { pathOf } from './swift-request.ts'

export interface CopySourcesOptions {
  readonly upstream: string
  readonly questions: SwiftQuestions
  readonly sessions: () => UpstreamLogins
}

const nothing: HeaderPairs = []

export class CopySources {
  readonly #options: CopySourcesOptions

  constructor(options: CopySourcesOptions) {
    this.#options = options
  }

  /** Headers that hold Swift to the source that was looked at: none for what is no copy. */
  pin({ request, grant }: GrantedRequest): HeaderPairs | Promise<HeaderPairs | Refusal> {
    const { token } = grant
    if (token === undefined || spansStorage(token, this.#options.upstream)) return nothing
    const { method, rawHeaders, query } = request
    const source = copiedSource({ method, path: pathOf(request), query: query.slice(1), rawHeaders })
    return source === undefined ? nothing : this.#look(source, token, request)
  }

  async #look(
    source: NamedResource,
    token: Token,
    request: GrantedRequest['request'],
  ): Promise<HeaderPairs | Refusal> {
    if (valuesOfHeader(request.rawHeaders, 'if-match').length > 0) {
      return refuse(
        'binding_mismatch',
        'a copy with a condition that would stand beside the one of the gateway',
      )
    }
    const found = await this.#head(source, token, request.query)
    if (isRefusal(found)) return found
    const { status, headers } = found.value
    const problem = problemOfAnswer({ status, headers }, request, token, this.#options.upstream)
    if (problem !== undefined) return problem
    if (status === 404) return refuse('not_found', 'the source of the copy is not there')
    const [tag, another] = valuesOfHeader(headers, 'etag')
    if (status !== 200 || tag === undefined || another !== undefined) {
      return refuse('binding_mismatch', `Swift answered ${status} to what the source of the copy is`)
    }
    return ['if-match', `"${tag.replaceAll('"', '')}"`]
  }

  #head(source: NamedResource, token: Token, query: string): Promise<Found<UpstreamAnswer> | Refusal> {
    const { questions, sessions } = this.#options
    const names = [source.account, source.container, source.object ?? '']
    const ask = async (stale?: Secret) => {
      const session = await sessions().obtain(token.subject.id, stale)
      if (session === undefined) throw new Error('the subject has no login at Swift')
      return { answer: await questions.headObject(session.token, names, query), used: session.token }
    }
    return attempt(async () => {
      const { answer, used } = await ask()
      return answer.status === 401 ? (await ask(used)).answer : answer
    })
  }
}
