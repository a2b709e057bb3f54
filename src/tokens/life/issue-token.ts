/**
 * Issues a token: checks what is asked, finds or makes the subject, mints the text and records its digest.
 * @module
 */

import type { Clock } from '../../lib/clock.ts'
import type { Secret } from '../../lib/secret.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { mintToken } from '../mint-token.ts'
import type { NewToken, TokenRegistry } from '../ports.ts'
import { newRecordId } from '../record-id.ts'
import type { Access, Bindings, SubjectKind, Token, TokenKind } from '../token.ts'
import { findOrAddSubject } from './find-or-add-subject.ts'
import { issueProblems, lifetimes } from './issue-problems.ts'

/** What is asked for. Whatever is left out is at its most restrictive, except networks and paths. */
export interface IssueRequest {
  readonly kind: TokenKind
  /** Name of the subject. */
  readonly subject: string
  /** For a subject that is not known yet; `user` unless given. */
  readonly subjectKind?: SubjectKind
  readonly scopes?: readonly string[]
  readonly bindings?: Bindings
  /** `read-only` unless given. */
  readonly access?: Access
  /** CIDR blocks; omitted means anywhere. */
  readonly networks?: readonly string[] | undefined
  /** Path prefixes; omitted means everywhere. */
  readonly paths?: readonly string[] | undefined
  readonly description?: string
  /** Omitted: as long as the kind lives, three hours for `build`, without end for most. */
  readonly lifetimeMs?: number
  /** Who asks, for the record. */
  readonly createdBy: string
  /** Whence, as the program that is asked saw it. */
  readonly origin: string
}

/** What issuing works with. `isNetwork` tells whether a text is a CIDR block in canonical form. */
export interface Issuer {
  readonly registry: TokenRegistry
  readonly keyRing: KeyRing
  readonly clock: Clock
  readonly isNetwork: (text: string) => boolean
}

export type Issued =
  | {
      readonly outcome: 'issued'
      readonly token: Token
      /** Shown once and kept nowhere. */
      readonly text: Secret
      readonly isNewSubject: boolean
    }
  | { readonly outcome: 'refused'; readonly problems: readonly string[] }

/** Records a new token, or says everything that is wrong and records nothing. Throws when the store fails. */
export async function issueToken(issuer: Issuer, request: IssueRequest): Promise<Issued> {
  const { registry, keyRing, clock } = issuer
  const problems = issueProblems(request, issuer.isNetwork)
  if (problems.length > 0) return { outcome: 'refused', problems }

  const createdAt = clock.now()
  const act = { at: createdAt, by: request.createdBy, origin: request.origin, cause: '' }
  const wanted = { name: request.subject, kind: request.subjectKind ?? 'user' }
  const { subject, isNew } = await findOrAddSubject(registry, clock, wanted, act)
  if (subject.status !== 'active') return refused(`subject «${subject.name}» is ${subject.status}`)
  if (subject.kind === 'system') return refused(`subject «${subject.name}» is the gateway's own`)

  const { text, digest } = mintToken(request.kind, keyRing)
  const lifetimeMs = request.lifetimeMs ?? lifetimes[request.kind]?.defaultMs
  const wantedToken: NewToken = {
    id: newRecordId(clock),
    digest,
    kind: request.kind,
    subjectId: subject.id,
    scopes: request.scopes ?? [],
    bindings: request.bindings ?? {},
    access: request.access ?? 'read-only',
    networks: request.networks,
    paths: request.paths,
    description: request.description ?? '',
    expiresAt: lifetimeMs === undefined ? undefined : createdAt + lifetimeMs,
  }
  const token = await registry.addToken(wantedToken, act)
  return { outcome: 'issued', token, text, isNewSubject: isNew }
}

function refused(problem: string): Issued {
  return { outcome: 'refused', problems: [problem] }
}
