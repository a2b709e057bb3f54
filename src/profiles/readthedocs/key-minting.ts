/**
 * Mints build keys for a trusted service. That its token may do so was decided by the route; for which projects, by what
 * the token is bound to.
 * @module
 */

import type { MintingSettings } from '../../config/schema/profiles/readthedocs.ts'
import type { BodySource } from '../../request/body-peek.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import { type Issued, issueToken } from '../../tokens/life/issue-token.ts'
import type { Token } from '../../tokens/token.ts'
import type { GrantedRequest } from '../profile.ts'
import type { FindServices, ProfileServices } from '../services.ts'
import { answerCreated } from './api-answers.ts'
import { type MintRequest, readMintRequest } from './mint-request.ts'

const bodyBytesMax = 4_096
/** As Read the Docs names its keys: by the project, as far as its column goes. */
const descriptionLength = 50

/** Answers with the key, the only time that it is shown. */
export async function mintKey(
  { exchange, client, grant: { token: minter } }: GrantedRequest,
  settings: MintingSettings,
  findServices: FindServices,
): Promise<Refusal | undefined> {
  if (minter === undefined) return refuse('credential_required', 'nothing is minted for nobody')
  const wanted = await readWanted(exchange, settings)
  if (isRefusal(wanted)) return wanted
  if (!isBoundTo(minter, wanted.project)) return refuse('binding_mismatch', 'minting for another project')
  try {
    const issued = await issue(wanted, minter, `client:${client.text}`, findServices())
    if (issued.outcome === 'refused') return refuse('condition_not_met', issued.problems.join('; '))
    answerCreated(exchange, documentOf(issued, wanted))
    return undefined
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    return refuse('cannot_decide', reason, { retryAfterSeconds: 1 })
  }
}

async function readWanted(body: BodySource, settings: MintingSettings): Promise<MintRequest | Refusal> {
  const peeked = await body.peekBody(bodyBytesMax + 1)
  if (isRefusal(peeked)) return peeked
  const { bytes, isWhole } = peeked
  const wanted =
    isWhole && bytes.length <= bodyBytesMax ? readMintRequest(bytes, settings) : 'The body is too long.'
  return typeof wanted === 'string'
    ? refuse('malformed_request', 'not a request for a build key', { detail: wanted })
    : wanted
}

/** A token that is bound to no project at all may mint for every one. */
function isBoundTo({ bindings: { project: projects } }: Token, project: string): boolean {
  return projects === undefined || projects.includes(project) || projects.includes('*')
}

function issue(
  { project, build, lifetimeMs }: MintRequest,
  minter: Token,
  origin: string,
  services: ProfileServices,
): Promise<Issued> {
  return issueToken(
    { ...services, ...services.networks },
    {
      kind: 'build',
      subject: `readthedocs:${project}`,
      subjectKind: 'project',
      access: 'read-write',
      bindings: { project: [project], ...(build !== undefined && { build: [build] }) },
      lifetimeMs,
      description: project.slice(0, descriptionLength),
      createdBy: minter.subject.name,
      origin,
    },
  )
}

type MintedKey = Extract<Issued, { outcome: 'issued' }>

function documentOf({ token, text }: MintedKey, { project, build }: MintRequest): object {
  const expires = token.expiresAt === undefined ? undefined : new Date(token.expiresAt).toISOString()
  return { id: token.id, key: text.reveal(), project, build, expires }
}
