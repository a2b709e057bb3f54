/**
 * One replica's upstream logins around a record, a clock and an upstream that the test owns.
 * @module
 */

import { inspect } from 'node:util'
import { Secret } from '../../../src/lib/secret.ts'
import { LoginMemory } from '../../../src/tokens/cache/login-memory.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import type { LogIn } from '../../../src/tokens/upstream-logins/session-source.ts'
import { UpstreamLogins } from '../../../src/tokens/upstream-logins/upstream-logins.ts'
import { HeldRecord } from './held-record.ts'

export const alice = '0198c2f0-5b1e-7cc4-9a51-3f6f8d0f1c11'
export const bob = '0198c2f0-5b1e-7cc4-9a51-3f6f8d0f1c12'
export const lifeMs = 1_000_000

/** What replicas share, and what they did. */
export function newScene(record = new HeldRecord()) {
  const scene = {
    now: 5_000_000,
    random: 0.5,
    record,
    keyRing: parseKeyRing(newKeyRing({ now: () => 0 }).reveal()),
    /** `user/key` of each login at the upstream. */
    asked: [] as string[],
    lines: [] as string[],
    /** What the upstream answers; tokens `t1`, `t2`, … by default. */
    logIn: (async () => session(`t${scene.asked.length}`, scene.now + lifeMs)) as LogIn,
  }
  return scene
}

export type Scene = ReturnType<typeof newScene>

export function newReplica(scene: Scene, { timeoutMs = 60_000 } = {}) {
  const memory = new LoginMemory(2)
  const note = (fields: object, message: string) => void scene.lines.push(`${message} ${inspect(fields)}`)
  const logins = new UpstreamLogins({
    upstream: 'swift',
    record: scene.record,
    memory,
    sealer: {
      seal: (plaintext, context) => scene.keyRing.seal(plaintext, context),
      open: (sealed, context) => scene.keyRing.open(sealed, context),
    },
    logIn: (login, signal) => {
      scene.asked.push(`${login.user}/${login.key.reveal()}`)
      return scene.logIn(login, signal)
    },
    timeoutMs,
    origin: 'gateway:host2',
    clock: { now: () => scene.now },
    random: () => scene.random,
    log: { info: note, warn: note },
  })
  return { memory, logins }
}

export function session(token: string, expiresAt: number) {
  return { token: new Secret(token), expiresAt, storageUrl: `http://swift/v1/${token}` }
}

/** A login as it is kept after the upstream accepted it. */
export function loginOf(scene: Scene, token: string, key = 'opensesame') {
  return { user: 'u', key: new Secret(key), session: session(token, scene.now + lifeMs) }
}
