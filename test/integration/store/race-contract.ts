/**
 * What every token store guarantees when two acts on the life of the same tokens happen at once: whichever comes
 * first, nobody is left with a token that one of the two was to end.
 * @module
 */

import type { Test } from 'tap'
import { deleteSubject } from '../../../src/tokens/life/delete-subject.ts'
import { issueToken } from '../../../src/tokens/life/issue-token.ts'
import { rotateToken } from '../../../src/tokens/life/rotate-token.ts'
import type { TokenStore } from '../../../src/tokens/ports.ts'
import { type Token, tokenState } from '../../../src/tokens/token.ts'
import { importLines, sentryToken } from '../foreign/foreign-tokens.ts'
import {
  addToken,
  clock,
  keyRing,
  type NewDatabase,
  revocation,
  ringText,
  start,
} from './contract-database.ts'
import { derive } from './derive-contract.ts'

const rounds = 25

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testRaces(t: Test, newDatabase: NewDatabase): void {
  t.test('of rotating and revoking at once, no successor of a revoked token comes after it', async (t) => {
    const { one, other } = await twoStores(t, newDatabase)
    for (let round = 0; round < rounds; round++) {
      const { token } = await addToken(one)
      const [rotated, revoked] = await atOnce(round, rotate(one, token), () =>
        other.revokeToken(token.id, revocation),
      )
      t.equal(revoked.outcome, 'revoked')
      t.match(await one.showToken(token.id), { revokedBy: 'root' })
      const successors = await liveOf(one, ({ rotatedFrom }) => rotatedFrom === token.id)
      t.equal(successors.length, rotated.outcome === 'rotated' ? 1 : 0)
      t.equal(
        revoked.token?.rotatedTo,
        successors[0]?.id,
        'the revocation says whether there is another text',
      )
    }
  })

  t.test('of rotating a derived token and revoking its parent at once, none is left alive', async (t) => {
    const { one, other } = await twoStores(t, newDatabase)
    for (let round = 0; round < rounds; round++) {
      const { token: parent } = await addToken(one)
      const child = await derive(one, parent)
      await atOnce(round, rotate(one, child), () => other.revokeToken(parent.id, revocation))
      t.same(await liveOf(one, ({ parentId }) => parentId === parent.id), [])
    }
  })

  t.test('of deriving and rotating the parent at once, nothing derived outlives the old text', async (t) => {
    const { one, other } = await twoStores(t, newDatabase)
    for (let round = 0; round < rounds; round++) {
      const { token: parent } = await addToken(one)
      const deriving = () => derive(one, parent).catch(() => undefined)
      await atOnce(round, deriving, rotate(other, parent))
      t.same(await liveOf(one, ({ parentId }) => parentId === parent.id), [])
    }
  })

  t.test(
    'of revoking a group and rotating its members at once, none of the group is left alive',
    async (t) => {
      const { one, other } = await twoStores(t, newDatabase)
      for (let round = 0; round < 5; round++) {
        const binding = { key: 'project', value: `of-round-${round}` }
        const bindings = { project: [binding.value] }
        const members: Token[] = []
        for (let member = 0; member < 8; member++) members.push((await addToken(one, { bindings })).token)
        const rotating = () => Promise.all(members.map((token) => rotate(one, token)()))
        await atOnce(round, rotating, () => other.revokeTokens({ binding }, revocation))
        t.same(await liveOf(one, (token) => token.bindings.project?.[0] === binding.value), [])
      }
    },
  )

  t.test('of issuing for a subject and disabling it at once, no token works', async (t) => {
    const { one, other } = await twoStores(t, newDatabase)
    for (let round = 0; round < rounds; round++) {
      const subject = `subject-${round}`
      await issue(one, subject)()
      await atOnce(round, issue(one, subject), () => other.setSubjectStatus(subject, 'disabled', revocation))
      t.same(await liveOf(one, (token) => token.subject.name === subject), [])
    }
  })

  t.test(
    'of importing for a subject and deleting it at once, no token of the deleted one works',
    async (t) => {
      const { one, other } = await twoStores(t, newDatabase)
      for (let round = 0; round < rounds; round++) {
        const subject = `subject-${round}`
        await issue(one, subject)()
        const id = (await one.findSubject(subject))?.id
        const hash = round.toString(16).padStart(64, '0')
        const importing = () =>
          importLines(one, ringText, [{ ...sentryToken.line, subject, hash }]).catch(() => undefined)
        await atOnce(round, importing, () =>
          deleteSubject(other, clock, subject, { by: 'root', origin: 'test' }),
        )
        t.same(await liveOf(one, (token) => token.subject.id === id), [])
      }
    },
  )
}

async function twoStores(t: Test, newDatabase: NewDatabase) {
  const database = await newDatabase(t)
  return { one: database.open(), other: database.open() }
}

/** Starts both, each first in turn. */
async function atOnce<A, B>(round: number, a: () => Promise<A>, b: () => Promise<B>): Promise<[A, B]> {
  if (round % 2 === 0) return Promise.all([a(), b()])
  const second = b()
  return Promise.all([a(), second])
}

function rotate(registry: TokenStore, token: Token) {
  const issuer = { registry, keyRing, clock, isNetwork: () => true }
  return () => rotateToken(issuer, token.id, { overlapMs: 0, createdBy: 'ci', origin: 'test' })
}

function issue(registry: TokenStore, subject: string) {
  const issuer = { registry, keyRing, clock, isNetwork: () => true }
  return () => issueToken(issuer, { kind: 'personal', subject, createdBy: 'ci', origin: 'test' })
}

async function liveOf(store: TokenStore, isOne: (token: Token) => boolean): Promise<readonly Token[]> {
  const all = await store.listTokens({ state: 'all', now: start, limit: 1000 })
  return all.filter((token) => isOne(token) && tokenState(token, start) === 'active')
}
