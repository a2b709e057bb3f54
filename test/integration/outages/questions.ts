/**
 * Requests with tokens of several kinds to two gateways, several times a second and without waiting for answers, and
 * what became of each.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import type { TestGateway } from '../../support/gateway.ts'
import type { IssuedToken } from '../../support/issuer.ts'
import { until } from '../../support/until.ts'
import { ask, codeOf } from '../tiers/fleet.ts'
import type { Scene } from './scene.ts'

export interface Asked {
  readonly path: string
  /** Milliseconds on `performance`'s clock. */
  readonly sentAt: number
  readonly tookMs: number
  /** `200`, `503 cannot_decide` or `nothing` when the connection was cut. */
  readonly answer: string
  readonly retryAfter: string
}

/** Tokens by what is known of them. */
export interface Cast {
  /** In the memory of both gateways. */
  readonly known: string
  /** In the memory of the first gateway and in Redis; asked of the second one. */
  readonly neighbours: string
  /** Likewise known, and good until `revoke`. */
  readonly victim: { readonly text: string; readonly id: string }
  /** Good, and asked for by nobody so far; another one each time. */
  readonly cold: () => string
  /** No token at all; another one each time. */
  readonly unknown: () => string
}

export type Kind = Exclude<keyof Cast, 'victim'> | 'victim'

const intervalMs = 150
const coldTokens = 120
const attemptsMax = 10
let paths = 0

export async function newCast(scene: Scene): Promise<Cast> {
  const { gateways, issue } = scene
  const [known, victim] = [await issue(), await issue()]
  const cold: string[] = []
  for (let count = 0; count < coldTokens; count++) cold.push((await issue()).text)
  for (const gateway of gateways) {
    for (const { text } of [known, victim]) await mustPass(gateway, text)
  }
  const neighbours = await sharedToken(scene)
  return {
    known: known.text,
    neighbours: neighbours.text,
    victim: { text: victim.text, id: victim.token.id },
    cold() {
      const text = cold.pop()
      if (text === undefined) throw new Error('no cold token is left')
      return text
    },
    unknown: () => newTokenText('personal').reveal(),
  }
}

/**
 * In Redis by way of the first gateway. That does not wait for what it writes there, and does without where it fails, as
 * on a busy machine it may: then it is another token's turn.
 */
async function sharedToken({ gateways: [first], issue, sharedTokens }: Scene): Promise<IssuedToken> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const before = await sharedTokens()
    const issued = await issue()
    await mustPass(first, issued.text)
    const isThere = until(async () => (await sharedTokens()) > before, 1_000)
    if (await isThere.then(Boolean, () => false)) return issued
  }
  throw new Error('Redis gets no token to remember')
}

async function mustPass(gateway: TestGateway, text: string): Promise<void> {
  const { status } = await ask(gateway, text)
  if (status !== 200) throw new Error(`a good token was answered ${status}`)
}

export interface Questions {
  readonly asked: Readonly<Record<Kind, readonly Asked[]>>
  /** Asks no more, and resolves when all is answered. */
  stop(): Promise<void>
}

export function startAsking({ gateways }: Pick<Scene, 'gateways'>, cast: Cast): Questions {
  const asked: Record<Kind, Asked[]> = { known: [], neighbours: [], victim: [], cold: [], unknown: [] }
  const pending: Promise<void>[] = []
  let isOver = false
  const put = async (gateway: TestGateway, kind: Kind, text: string) => {
    const path = `/${kind}/${paths++}`
    const sentAt = performance.now()
    const { answer, retryAfter } = await ask(gateway, text, path).then(
      (got) => ({
        answer: [got.status, codeOf(got)].filter((word) => word !== undefined).join(' '),
        retryAfter: got.header('retry-after').join(),
      }),
      () => ({ answer: 'nothing', retryAfter: '' }),
    )
    asked[kind].push({ path, sentAt, tookMs: performance.now() - sentAt, answer, retryAfter })
  }
  const run = async () => {
    while (!isOver) {
      for (const gateway of gateways) {
        pending.push(put(gateway, 'known', cast.known), put(gateway, 'victim', cast.victim.text))
        pending.push(put(gateway, 'cold', cast.cold()), put(gateway, 'unknown', cast.unknown()))
      }
      pending.push(put(gateways[1], 'neighbours', cast.neighbours))
      await sleep(intervalMs)
    }
  }
  const running = run()
  return {
    asked,
    async stop() {
      isOver = true
      await running
      await Promise.all(pending)
    },
  }
}

/** What the answers were, without repetition. */
export function answersOf(asked: readonly Asked[]): readonly string[] {
  return [...new Set(asked.map(({ answer }) => answer))].toSorted()
}
