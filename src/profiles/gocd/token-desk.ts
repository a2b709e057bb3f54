/**
 * Makes, finds and revokes tokens that look and behave as GoCD's own do, in the record of the gateway. Each is bound to
 * its upstream, so that it is good there alone.
 * @module
 */

import type { Act } from '../../audit/entry.ts'
import type { Secret } from '../../lib/secret.ts'
import { foreignDigest } from '../../tokens/foreign/foreign-digest.ts'
import { gocd, mintGocdToken } from '../../tokens/formats/gocd.ts'
import { HashPool } from '../../tokens/formats/hash-pool.ts'
import { findOrAddSubject } from '../../tokens/life/find-or-add-subject.ts'
import { isRecordId, newRecordId } from '../../tokens/record-id.ts'
import type { Subject, Token } from '../../tokens/token.ts'
import type { FindServices } from '../services.ts'

export interface TokenDeskOptions {
  readonly upstream: string
  readonly findServices: FindServices
}

/** What can be asked for in a list. */
export type TokenStates = 'active' | 'all' | 'revoked'

/** Tokens of one answer: the newest. */
const listMax = 10_000
/** Salt ids are short: another token may have the one that was drawn. */
const drawsMax = 8

export class TokenDesk {
  readonly #options: TokenDeskOptions
  readonly #hashes = new HashPool()

  constructor(options: TokenDeskOptions) {
    this.#options = options
  }

  /** The user of this name, made when nobody has made it yet; whatever its status. */
  async subjectOf(name: string, act: Act): Promise<Subject> {
    const { registry, clock } = this.#options.findServices()
    return (await findOrAddSubject(registry, clock, { name, kind: 'user' }, act)).subject
  }

  /** The text is shown to its holder once, and kept nowhere. */
  async make(
    subject: Subject,
    description: string,
    act: Act,
  ): Promise<{ readonly token: Token; readonly text: Secret }> {
    const { upstream, findServices } = this.#options
    const { registry, clock, announce } = findServices()
    const isFirst = !(await registry.foreign.formats()).some(({ format }) => format === gocd.name)
    for (let draws = 0; draws < drawsMax; draws++) {
      const { text, hash } = await mintGocdToken(this.#hashes)
      const format = gocd.name
      const id = newRecordId(clock)
      const token = {
        id,
        digest: foreignDigest({ format, locator: hash.locator }),
        kind: 'personal',
        subjectId: subject.id,
        scopes: [],
        bindings: { upstream: [upstream] },
        // What its user may do is for GoCD to say.
        access: 'read-write',
        networks: undefined,
        paths: undefined,
        description,
        expiresAt: undefined,
      } as const
      if ((await registry.foreign.add([{ format, ...hash, token }], act)) === 0) continue
      // Until then other replicas take a text of this form for no token at all.
      if (isFirst) await announce()
      const made = await registry.showToken(id)
      if (made !== undefined) return { token: made, text }
    }
    throw new Error('no token could be made')
  }

  /** Newest first; of everybody, deleted users included, unless a name is given. */
  list(state: TokenStates, name?: string): Promise<readonly Token[]> {
    const { upstream, findServices } = this.#options
    const { registry, clock } = findServices()
    return registry.listTokens({
      state,
      binding: { key: 'upstream', value: upstream },
      ...(name !== undefined && { subject: name }),
      now: clock.now(),
      limit: listMax,
    })
  }

  /** A token of this upstream, by whatever a client takes for its id. */
  async find(id: string): Promise<Token | undefined> {
    const { upstream, findServices } = this.#options
    const token = isRecordId(id) ? await findServices().registry.showToken(id) : undefined
    return token?.bindings.upstream?.includes(upstream) ? token : undefined
  }

  /** Refused on every replica when this resolves. `undefined`: it was revoked before, or is gone. */
  async revoke(id: string, act: Act): Promise<Token | undefined> {
    const { registry, announce } = this.#options.findServices()
    const { outcome, token } = await registry.revokeToken(id, act)
    if (outcome !== 'revoked') return undefined
    await announce()
    return token
  }
}
