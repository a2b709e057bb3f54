/**
 * Replicas, a Redis, a store and somebody who revokes, in simulated time. The decisions of the protocol are the real
 * ones; what a replica's feed and memory do is told here again in a few lines.
 * @module
 */

import type { Hearing, Roll } from '../../../src/redis/notice-board.ts'
import {
  type Attention,
  hear,
  heed,
  inattentive,
  loseTouch,
  nextBeat,
} from '../../../src/tokens/cache/revocation-attention.ts'
import { horizonMs, isHeededByAll, leaseMarginMs } from '../../../src/tokens/cache/revocation-roll.ts'
import { SimulatedBoard } from './simulated-board.ts'
import { type Faults, SimulatedNetwork } from './simulated-network.ts'

/** A tenth of what is sent to Redis or back is lost, and the rest is late by up to 150 ms. */
export const defaultFaults: Faults = { lossPercent: 10, delayMsMax: 150 }

const leaseMs = 2_000
const beatMs = 500
const pollMs = 250
const pollDeadlineMs = 650
const feedLeaseMs = 900
const clientTimeoutMs = 200

export const happenings = [
  'revoke',
  'restart replica',
  'restart redis',
  'cut redis',
  'mend redis',
  'cut store',
  'mend store',
  'freeze',
  'thaw',
  'nothing',
] as const
export type Happening = (typeof happenings)[number]

/** A replica, whose memory holds the one token; `heldVersion` is the last revocation that it knows of. */
interface Replica {
  readonly name: number
  /** New with every start: what was meant for an earlier life finds nobody. */
  life: number
  attention: Attention
  heldVersion: number
  confirmedAt: number
  notices: number
  heeded: number
  reachesRedis: boolean
  reachesStore: boolean
  isFrozen: boolean
  backlog: (() => void)[]
}

interface Revocation {
  readonly version: number
  returnedAt: number | undefined
}

export class Simulation {
  /** Requests that a replica let through although they began after the revocation had returned. */
  readonly admitted: string[] = []
  /** Requests answered from memory, rightly. */
  admissions = 0
  slowestMs = 0
  readonly #network: SimulatedNetwork
  readonly #board: SimulatedBoard
  readonly #replicas: readonly Replica[]
  readonly #revocations: Revocation[] = []

  constructor({ replicas, seed, faults }: { replicas: number; seed: number; faults: Faults }) {
    this.#network = new SimulatedNetwork(seed, faults)
    this.#board = new SimulatedBoard({
      now: () => this.#network.now,
      publish: (hearing) => {
        for (const replica of this.#replicas) this.#publish(replica, replica.life, hearing)
      },
    })
    this.#replicas = Array.from({ length: replicas }, (_, name) => newReplica(name))
    for (const replica of this.#replicas) this.#begin(replica)
  }

  get returned(): number {
    return this.#revocations.length - this.unreturned
  }

  get unreturned(): number {
    return this.#revocations.filter(({ returnedAt }) => returnedAt === undefined).length
  }

  /** Lets time pass; every replica is asked every 5 ms. */
  run(ms: number): void {
    this.#network.run(ms, () => {
      for (const replica of this.#replicas) this.#request(replica)
    })
  }

  happen(what: Happening, at: number): void {
    const replica = this.#replicas[at] as Replica
    const acts: Record<Happening, () => void> = {
      revoke: () => this.#revoke(),
      'restart replica': () => {
        Object.assign(replica, newReplica(replica.name), { life: replica.life + 1 })
        this.#begin(replica)
      },
      'restart redis': () => {
        this.#board.forget()
        for (const each of this.#replicas) deliver(each, () => disconnect(each))
      },
      'cut redis': () => Object.assign(replica, { reachesRedis: false }),
      'mend redis': () => Object.assign(replica, { reachesRedis: true }),
      'cut store': () => Object.assign(replica, { reachesStore: false }),
      'mend store': () => Object.assign(replica, { reachesStore: true }),
      freeze: () => Object.assign(replica, { isFrozen: true }),
      thaw: () => {
        replica.isFrozen = false
        for (const act of replica.backlog.splice(0)) act()
      },
      nothing: () => {},
    }
    acts[what]()
  }

  #begin(replica: Replica): void {
    this.#each(replica, beatMs, () => this.#beat(replica))
    this.#each(replica, pollMs, () => this.#poll(replica, () => {}))
  }

  #each(replica: Replica, ms: number, act: () => void): void {
    const { life } = replica
    const again = () => {
      if (replica.life !== life) return
      deliver(replica, act)
      this.#network.after(ms, again)
    }
    this.#network.after(this.#network.upTo(ms), again)
  }

  #beat(replica: Replica): void {
    const { life } = replica
    const [attention, beat] = nextBeat(replica.attention, this.#network.now)
    replica.attention = attention
    this.#toRedis(replica, () =>
      this.#publish(replica, life, this.#board.beat(idOf(replica, life), beat, leaseMs + leaseMarginMs)),
    )
  }

  /** The snapshot is taken somewhere between the question and the answer. */
  #poll(replica: Replica, done: () => void): void {
    if (!replica.reachesStore) {
      this.#network.after(pollDeadlineMs, () => deliver(replica, done))
      return
    }
    const { life, notices } = replica
    const startedAt = this.#network.now
    this.#network.after(this.#network.upTo(30), () => {
      const version = this.#revocations.length
      const take = () => {
        if (replica.life !== life) return
        replica.heldVersion = Math.max(replica.heldVersion, version)
        replica.confirmedAt = Math.max(replica.confirmedAt, startedAt)
        replica.heeded = Math.max(replica.heeded, notices)
        done()
      }
      this.#network.after(this.#network.upTo(30), () => deliver(replica, take))
    })
  }

  #hear(replica: Replica, life: number, hearing: Hearing): void {
    if (replica.life !== life) return
    const { attention, isNews } = hear(replica.attention, hearing, leaseMs)
    replica.attention = attention
    if (!isNews) return
    replica.notices++
    this.#poll(replica, () => {
      if (replica.life !== life) return
      replica.attention = heed(replica.attention, hearing.mark)
      this.#toRedis(replica, () => this.#board.heed(idOf(replica, life), hearing.mark))
    })
  }

  /** One request with the token. Whoever is in doubt asks the store first, which admits nothing that is revoked. */
  #request(replica: Replica): void {
    if (replica.isFrozen) return
    const { now } = this.#network
    const isInDoubt = replica.heeded !== replica.notices || now >= replica.attention.heldUntil
    // Where the store cannot be reached, the grace outlasts the lease of the feed, but never doubt.
    const isConfirmed = replica.reachesStore
      ? now - replica.confirmedAt < feedLeaseMs
      : Number.isFinite(replica.confirmedAt)
    if (isInDoubt || !isConfirmed) return
    const outdated = this.#revocations.find(
      ({ version, returnedAt }) => returnedAt !== undefined && version > replica.heldVersion,
    )
    if (outdated === undefined) this.admissions++
    else this.admitted.push(`replica ${replica.name} at ${now}, revoked by ${outdated.returnedAt}`)
  }

  #revoke(): void {
    const revocation: Revocation = { version: this.#revocations.length + 1, returnedAt: undefined }
    this.#revocations.push(revocation)
    this.#announce(revocation)
  }

  /** Tries the board again and again: without it a revocation is not said to be everywhere. */
  #announce(revocation: Revocation): void {
    this.#ask(
      () => this.#board.post(),
      (posted) => {
        if (posted === undefined) this.#announce(revocation)
        else this.#wait(revocation, { posted, postedAt: this.#network.now, roll: posted })
      },
    )
  }

  #wait(revocation: Revocation, seen: { posted: Roll; postedAt: number; roll: Roll | undefined }): void {
    const { posted, postedAt, roll } = seen
    const waitedMs = this.#network.now - postedAt
    const isHeeded = roll !== undefined && isHeededByAll(roll, posted.mark, leaseMs)
    if (isHeeded || waitedMs >= horizonMs(leaseMs)) {
      revocation.returnedAt = this.#network.now
      this.slowestMs = Math.max(this.slowestMs, waitedMs)
      return
    }
    const look = () =>
      this.#ask(
        () => this.#board.roll(),
        (next) => this.#wait(revocation, { ...seen, roll: next }),
      )
    this.#network.after(10, look)
  }

  /** A question to Redis, whose answer may not come, or come although the question was given up. */
  #ask<T>(question: () => T, answered: (answer: T | undefined) => void): void {
    let isOver = false
    const settle = (answer: T | undefined) => {
      if (isOver) return
      isOver = true
      answered(answer)
    }
    const network = this.#network
    network.after(clientTimeoutMs, () => settle(undefined))
    if (network.isLost()) return
    network.after(network.delayMs(), () => {
      const answer = question()
      if (!network.isLost()) network.after(network.delayMs(), () => settle(answer))
    })
  }

  #toRedis(replica: Replica, act: () => void): void {
    if (replica.reachesRedis && !this.#network.isLost()) this.#network.inOrder(`to ${replica.name}`, act)
  }

  #publish(replica: Replica, life: number, hearing: Hearing): void {
    if (!replica.reachesRedis) return
    const arrive = this.#network.isLost()
      ? () => replica.life === life && disconnect(replica)
      : () => this.#hear(replica, life, hearing)
    this.#network.inOrder(`from ${replica.name}`, () => deliver(replica, arrive))
  }
}

function newReplica(name: number): Replica {
  return {
    name,
    life: 0,
    attention: inattentive,
    heldVersion: 0,
    confirmedAt: Number.NEGATIVE_INFINITY,
    notices: 0,
    heeded: 0,
    reachesRedis: true,
    reachesStore: true,
    isFrozen: false,
    backlog: [],
  }
}

function idOf({ name }: Replica, life: number): string {
  return `${name}.${life}`
}

function disconnect(replica: Replica): void {
  replica.attention = loseTouch(replica.attention)
}

/** A frozen process takes in what has arrived when it thaws. */
function deliver(replica: Replica, act: () => void): void {
  if (replica.isFrozen) replica.backlog.push(act)
  else act()
}
