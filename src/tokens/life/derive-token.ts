/**
 * Derives a temporary token from a live one: with at most its rights, for at most its life, and revoked with it.
 * @module
 */

import { mintToken } from '../mint-token.ts'
import { type NewToken, ParentUnfit } from '../ports.ts'
import { newRecordId } from '../record-id.ts'
import { type Token, tokenState } from '../token.ts'
import { type DeriveRequest, derivedLifetime, deriveProblems } from './derive-problems.ts'
import { issueProblems } from './issue-problems.ts'
import type { Issued, Issuer } from './issue-token.ts'

/** How many steps a token may be away from one that was issued. */
const depthMax = 3

/** `networkCovers` tells whether the block `inner` lies wholly inside the block `outer`. */
export interface Deriver extends Issuer {
  readonly networkCovers: (outer: string, inner: string) => boolean
}

/** Records a token derived from `parent`, or says everything that is wrong and records nothing. */
export async function deriveToken(deriver: Deriver, parent: Token, request: DeriveRequest): Promise<Issued> {
  const { registry, keyRing, clock } = deriver
  const createdAt = clock.now()
  const state = tokenState(parent, createdAt)
  if (state !== 'active') return refused(`token ${parent.id} is ${state}: nothing is derived from it`)

  const wanted = inherited(parent, request)
  const problems = [
    ...issueProblems(wanted, deriver.isNetwork),
    ...deriveProblems(parent, wanted, deriver.networkCovers),
  ]
  if (problems.length > 0) return { outcome: 'refused', problems }
  if ((await depthOf(deriver, parent)) >= depthMax) {
    return refused(`token ${parent.id} is derived in ${depthMax} steps already: derive from an earlier one`)
  }

  const { text, digest } = mintToken(wanted.kind, keyRing)
  const end = createdAt + (request.lifetimeMs ?? derivedLifetime.defaultMs)
  const derived: NewToken = {
    id: newRecordId(clock),
    digest,
    kind: wanted.kind,
    subjectId: parent.subject.id,
    scopes: wanted.scopes,
    bindings: wanted.bindings,
    access: wanted.access,
    networks: wanted.networks,
    paths: wanted.paths,
    description: request.description ?? '',
    expiresAt: Math.min(end, parent.expiresAt ?? end),
    parentId: parent.id,
  }
  const act = { at: createdAt, by: request.createdBy, origin: request.origin, cause: '' }
  try {
    const token = await registry.addToken(derived, act)
    return { outcome: 'issued', token, text, isNewSubject: false }
  } catch (error) {
    if (!(error instanceof ParentUnfit)) throw error
    return refused(`token ${parent.id} was revoked or rotated meanwhile: nothing is derived from it`)
  }
}

/** The whole request: what is not asked for is as the parent has it, so that nothing is granted by omission. */
function inherited(parent: Token, request: DeriveRequest) {
  const { scopes, bindings, access, networks = parent.networks, paths = parent.paths } = request
  return {
    ...request,
    kind: request.kind ?? parent.kind,
    subject: parent.subject.name,
    subjectKind: parent.subject.kind,
    scopes: scopes ?? parent.scopes,
    bindings: bindings ?? parent.bindings,
    access: access ?? parent.access,
    networks,
    paths,
  }
}

/** Steps to the token that was issued, counted no further than is allowed. */
async function depthOf({ registry }: Deriver, token: Token): Promise<number> {
  let depth = 0
  for (let id = token.parentId; id !== undefined && depth < depthMax; depth++) {
    id = (await registry.showToken(id))?.parentId
  }
  return depth
}

function refused(problem: string): Issued {
  return { outcome: 'refused', problems: [problem] }
}
