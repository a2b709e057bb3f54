/**
 * Steady requests to gateways with tokens of five kinds, and what became of them.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { newTokenText } from '../../src/tokens/token-text.ts'
import type { GatewayProcess, Installation } from '../support/installation.ts'
import type { IssuedToken } from '../support/issuer.ts'

/** `new` are good tokens that each are asked for once; `victim` is good until it is revoked under way. */
const kinds = ['good', 'new', 'revoked', 'victim', 'unknown'] as const
type Kind = (typeof kinds)[number]

export interface MixedLoad {
  /** Requests by kind and status, as `good 200`; status 0 is no answer. */
  readonly counts: ReadonlyMap<string, number>
  /** What was let through although it had been revoked before the request began, or never existed. */
  readonly wronglyAllowed: readonly Kind[]
  /** Revokes the victim as an operator does; requests that begin after the command has returned must be refused. */
  revokeVictim(): Promise<void>
  stop(): Promise<void>
  /** For people. */
  report(title: string): void
}

const pauseMs = 50
const newTokens = 400

export async function startMixedLoad(
  installation: Installation,
  gateways: readonly GatewayProcess[],
): Promise<MixedLoad> {
  const { issue } = installation
  const [good, revoked, victim] = [await issue(), await issue(), await issue()]
  const fresh: string[] = []
  for (let each = 0; each < newTokens; each++) fresh.push((await issue()).text)
  await revoke(installation, revoked)
  const counts = new Map<string, number>()
  const wronglyAllowed: Kind[] = []
  let [isOver, victimRevokedAt] = [false, Number.POSITIVE_INFINITY]
  const textOf: Record<Kind, () => string | undefined> = {
    good: () => good.text,
    new: () => fresh.pop(),
    revoked: () => revoked.text,
    victim: () => victim.text,
    unknown: () => newTokenText('personal').reveal(),
  }
  const work = async (gateway: GatewayProcess, kind: Kind) => {
    for (let text = textOf[kind](); !isOver && text !== undefined; text = textOf[kind]()) {
      const sentAt = performance.now()
      const status = await statusOf(gateway, text)
      const name = `${kind} ${status}`
      counts.set(name, (counts.get(name) ?? 0) + 1)
      const isGood = kind === 'good' || kind === 'new' || (kind === 'victim' && sentAt <= victimRevokedAt)
      if (!isGood && status === 200) wronglyAllowed.push(kind)
      await sleep(pauseMs)
    }
  }
  const all = gateways.flatMap((gateway) => kinds.map((kind) => work(gateway, kind)))
  return {
    counts,
    wronglyAllowed,
    async revokeVictim() {
      await revoke(installation, victim)
      victimRevokedAt = performance.now()
    },
    async stop() {
      isOver = true
      await Promise.all(all)
    },
    report(title) {
      const lines = [...counts].toSorted().map(([name, count]) => `  ${name}: ${count}`)
      process.stderr.write(`${title}\n${lines.join('\n')}\n`)
    },
  }
}

async function revoke(installation: Installation, { token }: IssuedToken): Promise<void> {
  const { code, stderr } = await installation.run('token', 'revoke', token.id)
  if (code !== 0) throw new Error(`the token could not be revoked: ${stderr}`)
}

async function statusOf(gateway: GatewayProcess, text: string): Promise<number> {
  try {
    return (await gateway.request({ headers: [['Authorization', `Bearer ${text}`]] })).status
  } catch {
    return 0
  }
}
