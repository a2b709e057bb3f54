/**
 * What the contract suites work with: a database of the adapter under test, and tokens past `issueToken`.
 * @module
 */

import type { Test } from 'tap'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { mintToken } from '../../../src/tokens/mint-token.ts'
import type { NewToken, Reading, TokenStore } from '../../../src/tokens/ports.ts'
import { newRecordId } from '../../../src/tokens/record-id.ts'
import type { StoreOptions } from '../../../src/tokens/stores/store-options.ts'
import type { Token } from '../../../src/tokens/token.ts'

/** A new, migrated, empty database. */
export interface Database {
  /** Opens one more store on it, closed when the test is over. */
  open(options?: StoreOptions): TokenStore
  /** Runs SQL past the store, and past its constraints. */
  execute(sql: string): Promise<void>
}

export type NewDatabase = (t: Test) => Promise<Database>

export const start = Date.UTC(2026, 0, 31)
export const revocation = { at: start + 5, by: 'root', origin: 'test', cause: 'leaked' }
export const ringText = newKeyRing({ now: () => start }).reveal()
export const keyRing = parseKeyRing(ringText)
export const clock = { now: () => start }

/** All that a test holds of a token that it issued. */
export interface IssuedHere {
  readonly token: Token
  readonly text: ReturnType<typeof mintToken>['text']
  readonly digests: ReturnType<typeof keyRing.digests>
}

/** Without what differs between adapters: only one of them tells lines of commits apart. */
export function apartFromLine({ line: _, ...reading }: Reading): Reading {
  return reading
}

type Creation = Pick<Token, 'createdAt' | 'createdBy'>

/** Adds a token past `issueToken`, for states that it would not produce. */
export async function addToken(
  store: TokenStore,
  { createdAt: at = start, createdBy: by = 'root', ...change }: Partial<NewToken & Creation> = {},
): Promise<IssuedHere> {
  const act = { at, by, origin: 'test', cause: '' }
  const name = 'test:tester'
  const subject =
    (await store.findSubject(name)) ??
    (await store.addSubject({ id: newRecordId(clock), name, kind: 'user' }, act))
  const { text, digest } = mintToken('personal', keyRing)
  const wanted: NewToken = {
    id: newRecordId(clock),
    digest,
    kind: 'personal',
    subjectId: subject?.id ?? '',
    scopes: [],
    bindings: {},
    access: 'read-only',
    networks: undefined,
    paths: undefined,
    description: '',
    expiresAt: undefined,
    ...change,
  }
  const token = await store.addToken(wanted, act)
  return { token, text, digests: keyRing.digests(text) }
}
