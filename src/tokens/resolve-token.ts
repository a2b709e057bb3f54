/**
 * From a credential to the live token that it names. Known tokens are answered at once, without a promise.
 * Unknown, expired and revoked are all `invalid_token` to the client; only the log has the difference.
 * @module
 */

import type { Credential } from '../authenticate/credential.ts'
import type { Address } from '../client-address/address.ts'
import type { Networks } from '../client-address/networks.ts'
import type { Clock } from '../lib/clock.ts'
import { isRefusal, type Refusal, refuse } from '../request/refusal.ts'
import type { TokenDirectory } from './cache/token-directory.ts'
import { ConnectionDigests } from './connection-digests.ts'
import type { ImportedFormats } from './foreign/imported-formats.ts'
import type { KeyRing } from './keys/key-ring.ts'
import { type Claim, type Digests, StoreUnavailable } from './ports.ts'
import { type Token, tokenState } from './token.ts'
import { isWellFormed } from './token-text.ts'

/** `refresh` looks for a ring that has just come to be, and yields the one in force. */
interface RingInForce {
  readonly current: Ring
  refresh(): Ring
}

type Ring = Pick<KeyRing, 'digest' | 'digests' | 'recordDigests'>

/** Who holds addresses to account for the credentials that they try. */
export interface FailureWatch {
  /** A refusal when a credential that memory does not have is not to be looked up. */
  screen(client: Address, isKnownBad: () => boolean): Refusal | undefined
  /** A credential from there was looked at, and is none. */
  count(client: Address): void
}

/** What resolving needs to know besides the credential. */
export interface ResolverContext {
  readonly directory: Pick<TokenDirectory, 'recall' | 'find' | 'remembers'>
  readonly keyRing: RingInForce
  readonly importedFormats: Pick<ImportedFormats, 'recognise'>
  readonly clock: Clock
  readonly failures: FailureWatch
  /** Where the system token is accepted from. */
  readonly systemNetworks: Networks
  /** Told when a valid system token came from elsewhere: somebody outside has it. */
  readonly onSystemTokenOutside: (token: Token, client: Address) => void
}

/** `connection` is the object that stands for the client's connection; it lives as long as that does. */
export type ResolveToken = (
  credential: Credential,
  client: Address,
  connection: object,
) => Token | Refusal | Promise<Token | Refusal>

/** Build the resolver of a gateway. */
export function createResolveToken(context: ResolverContext): ResolveToken {
  const digests = new ConnectionDigests(context.keyRing)
  return (credential, client, connection) => {
    const known = context.directory.recall(digests.valueOf(credential.secret, connection))
    return known === undefined
      ? lookUp(credential, client, context)
      : judge(known.token, credential, client, context)
  }
}

/** By the id of a record, for what the gateway itself vouches for: nobody gets here by guessing. */
export type ResolveRecord = (recordId: string, client: Address) => Token | Refusal | Promise<Token | Refusal>

/** Through the same tiers, and judged alike: what ends a token ends everything that names its record. */
export function createResolveRecord(context: ResolverContext): ResolveRecord {
  const { directory, keyRing } = context
  return (recordId, client) => {
    const [{ value }] = keyRing.current.recordDigests(recordId)
    const known = directory.recall(value)
    if (known !== undefined) return judgeRecord(known.token, client, context)
    return orUnavailable(async () => {
      const token = await find((ring) => ring.recordDigests(recordId), { recordId }, context)
      return judgeRecord(token, client, context)
    })
  }
}

/**
 * What was known once is looked up whatever else came from the address; everything else only within bounds. What is
 * no token's text counts as a failure; whoever presents one that is dead is not guessing.
 */
async function lookUp(
  credential: Credential,
  client: Address,
  context: ResolverContext,
): Promise<Token | Refusal> {
  const { secret } = credential
  const { failures, directory, keyRing } = context
  const memory = () => directory.remembers(keyRing.current.digests(secret))
  const refusal = failures.screen(client, () => memory() === 'absent')
  if (refusal !== undefined && memory() !== 'record') return refusal
  // The checksum spares the store from made-up texts; it is no secret and proves nothing.
  const isNative = isWellFormed(secret.reveal())
  const claim = isNative ? undefined : context.importedFormats.recognise(secret)
  if (!isNative && claim === undefined) {
    failures.count(client)
    return refuse('invalid_token', 'not the text of a token')
  }
  return orUnavailable(async () => {
    const token = await find((ring) => ring.digests(secret), claim, context)
    if (token === undefined) failures.count(client)
    return judge(token, credential, client, context)
  })
}

async function orUnavailable(resolve: () => Promise<Token | Refusal>): Promise<Token | Refusal> {
  try {
    return await resolve()
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    return refuse('cannot_decide', error.message, { retryAfterSeconds: 1 })
  }
}

/**
 * A token may have been issued under a key that this process has not read yet, or read while the answer was on its
 * way: before it counts as unknown it is looked for with the ring of now.
 */
async function find(
  digestsUnder: (ring: Ring) => Digests,
  claim: Claim | undefined,
  { directory, keyRing }: ResolverContext,
): Promise<Token | undefined> {
  const ring = keyRing.current
  const { token } = await directory.find(digestsUnder(ring), claim)
  if (token !== undefined) return token
  const now = keyRing.refresh()
  return now === ring ? undefined : (await directory.find(digestsUnder(now), claim)).token
}

function judge(
  token: Token | undefined,
  credential: Credential,
  client: Address,
  context: ResolverContext,
): Token | Refusal {
  const judged = judgeRecord(token, client, context)
  return isRefusal(judged) ? judged : (problemOfScheme(judged, credential) ?? judged)
}

function judgeRecord(token: Token | undefined, client: Address, context: ResolverContext): Token | Refusal {
  if (token === undefined) return refuse('invalid_token', 'unknown token')
  const state = tokenState(token, context.clock.now())
  if (state !== 'active')
    return refuse('invalid_token', `token ${token.id} is ${state}`, { found: { token, state } })
  if (token.kind === 'system' && !context.systemNetworks.contains(client)) {
    context.onSystemTokenOutside(token, client)
    return refuse('invalid_token', 'the system token came from outside the internal networks')
  }
  return token
}

/**
 * A DSN is public by nature, so its key works only where a DSN is presented (SDKs put it into the query too),
 * and no other token may pass for one.
 */
function problemOfScheme(token: Token, { scheme, project }: Credential): Refusal | undefined {
  const isDsn = scheme === 'dsn' || scheme === 'auth-param'
  const isFit = token.kind === 'dsn' ? isDsn || scheme === 'query' : !isDsn
  if (!isFit) return refuse('invalid_token', `a ${token.kind} token was presented as ${scheme}`)
  const projects = token.bindings.project ?? []
  if (project === undefined || projects.includes(project) || projects.includes('*')) return undefined
  return refuse('invalid_token', `token ${token.id} is not of the project that the DSN names`)
}
