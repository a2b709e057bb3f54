/**
 * How long running gateways go on letting a token through once a command that withdraws it has returned, and once a
 * command that gives it back has.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { GatewayProcess, Installation } from '../../support/installation.ts'
import type { RecordingUpstream } from '../../support/recording-upstream.ts'
import { brokenOff, until } from '../../support/until.ts'

export const trials = 10

/** What every command that withdraws or gives back promises, on every gateway. */
const promisedMs = 1_000

export interface Scene {
  readonly installation: Installation
  readonly gateways: readonly GatewayProcess[]
  readonly upstream: RecordingUpstream
}

async function statusOf(gateway: GatewayProcess, text: string): Promise<number> {
  return (await gateway.request({ headers: [['Authorization', `Bearer ${text}`]] }).catch(brokenOff)).status
}

/** Runs a command and yields the milliseconds from its return until each gateway answered with `status`. */
async function delaysOf(
  { installation, gateways }: Scene,
  text: string,
  words: readonly string[],
  status: number,
): Promise<readonly number[]> {
  const { code, stderr } = await installation.run(...words)
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${stderr}`)
  return Promise.all(gateways.map((gateway) => until(async () => (await statusOf(gateway, text)) === status)))
}

/** The token is known to every gateway, in memory and wherever else they keep it. */
async function warm(t: Test, { gateways }: Scene, text: string): Promise<void> {
  for (const gateway of gateways) {
    t.equal(await statusOf(gateway, text), 200)
    t.equal(await statusOf(gateway, text), 200)
  }
}

function mustKeepPromise(t: Test, what: string, delays: readonly number[]): void {
  const worst = Math.round(Math.max(...delays))
  t.ok(worst < promisedMs, `${what}: the worst of ${delays.length} took ${worst} ms`)
}

/** Revokes tokens one after the other; each stays refused for a second and more after it was refused first. */
export async function revokeTokens(t: Test, scene: Scene): Promise<void> {
  const delays: number[] = []
  const revoked: string[] = []
  for (let trial = 0; trial < trials; trial++) {
    const { text, token } = await scene.installation.issue()
    await warm(t, scene, text)
    delays.push(...(await delaysOf(scene, text, ['token', 'revoke', token.id], 401)))
    revoked.push(text)
  }
  mustKeepPromise(t, 'token revoke', delays)

  await sleep(promisedMs)
  const sent = scene.upstream.requests.length
  for (const gateway of scene.gateways) {
    const statuses = await Promise.all(revoked.map((text) => statusOf(gateway, text)))
    t.same(new Set(statuses), new Set([401]), 'none comes back')
  }
  t.equal(scene.upstream.requests.length, sent)
}

/** Disables and enables one subject over and over; its tokens follow, those of others do not. */
export async function switchSubject(t: Test, scene: Scene): Promise<void> {
  const { text } = await scene.installation.issue({ subject: 'mallory' })
  const { text: another } = await scene.installation.issue({ subject: 'nina' })
  const delays: { readonly disable: number[]; readonly enable: number[] } = { disable: [], enable: [] }
  for (let trial = 0; trial < trials / 2; trial++) {
    await warm(t, scene, text)
    delays.disable.push(...(await delaysOf(scene, text, ['subject', 'disable', 'mallory'], 401)))
    await warm(t, scene, another)
    delays.enable.push(...(await delaysOf(scene, text, ['subject', 'enable', 'mallory'], 200)))
  }
  mustKeepPromise(t, 'subject disable', delays.disable)
  mustKeepPromise(t, 'subject enable', delays.enable)
}
