/**
 * What was made of a grant, for as long as its token's record is held: a record that memory holds is the same object
 * each time, and one that has changed is another.
 * @module
 */

import type { Access, Token } from '../tokens/token.ts'

/** By token and access, because a profile may give a token less of it on one resource than on another. */
export class GrantMemo<Value> {
  readonly #byAccess: Readonly<Record<Access, WeakMap<Token, Value>>> = {
    none: new WeakMap(),
    'read-only': new WeakMap(),
    'read-write': new WeakMap(),
    owner: new WeakMap(),
  }

  get(token: Token, access: Access): Value | undefined {
    return this.#byAccess[access].get(token)
  }

  set(token: Token, access: Access, value: Value): void {
    this.#byAccess[access].set(token, value)
  }
}
