/**
 * The key ring of a running gateway. One that comes from a file follows the file: it is read every second, at once
 * when a credential is unknown and the file has changed, and when it is told to. A file that cannot be used leaves
 * the last good ring in force. A ring that comes from a setting stays as it is.
 * @module
 */

import { createHash } from 'node:crypto'
import { type BigIntStats, statSync } from 'node:fs'
import type { EntrySealer } from '../../audit/chain.ts'
import type { KeySettings } from '../../config/schema/tokens.ts'
import type { Secret } from '../../lib/secret.ts'
import { type KeyRing, parseKeyRing } from './key-ring.ts'
import { readKeyRing, readPrivately } from './key-ring-file.ts'

const intervalMs = 1_000

export interface FollowedKeyRingOptions {
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
  }
}

/** Told of a ring that took another's place, before anything is looked up with it. Must not throw. */
export type RingListener = (ring: KeyRing) => void

/** Swaps the ring as one reference. Files are read at once: they are small, and on this machine. */
export class FollowedKeyRing implements EntrySealer {
  readonly #file: string | undefined
  readonly #log: FollowedKeyRingOptions['log']
  readonly #listeners: RingListener[] = []
  #current: KeyRing
  /** What the file was when it was last read; tells a change without reading. */
  #stamp: string | undefined
  /** What reading it came to last: a fingerprint of the text, or why there is none. */
  #seen: string | undefined
  /** The fingerprint of the text that the ring in force was read from. */
  #inForce: string | undefined
  #isOutdated = false
  #timer: NodeJS.Timeout | undefined

  /** Throws as `readKeyRing` does when there is no good ring to begin with. */
  constructor(settings: KeySettings, { log }: FollowedKeyRingOptions) {
    this.#file = settings.ring === undefined ? settings.file : undefined
    this.#log = log
    if (this.#file === undefined) {
      this.#current = readKeyRing(settings)
      return
    }
    this.#stamp = stampOf(this.#file)
    const text = readPrivately(this.#file)
    this.#current = parseKeyRing(text.reveal())
    this.#inForce = fingerprintOf(text)
    this.#seen = this.#inForce
  }

  /** The ring in force. */
  get current(): KeyRing {
    return this.#current
  }

  /** `fixed`: it comes from a setting. `outdated`: its file holds something that cannot be used. */
  get state(): 'fixed' | 'followed' | 'outdated' {
    if (this.#file === undefined) return 'fixed'
    return this.#isOutdated ? 'outdated' : 'followed'
  }

  /** Seals with the current key of the ring in force, as `open` takes what any of its keys has sealed. */
  seal(plaintext: Buffer | string, context: string): Buffer {
    return this.#current.seal(plaintext, context)
  }

  open(sealed: Buffer, context: string): Buffer | undefined {
    return this.#current.open(sealed, context)
  }

  /** As the ring in force has it: both are asked for one entry without a pause in which the ring could change. */
  currentKeyId(): string {
    return this.#current.currentKeyId()
  }

  sealOf(keyId: string, text: string): string | undefined {
    return this.#current.sealOf(keyId, text)
  }

  /** Tells `listener` of every ring from now on. */
  follow(listener: RingListener): void {
    this.#listeners.push(listener)
  }

  /** Its timer does not keep the process alive. */
  start(): void {
    if (this.#file !== undefined) this.#timer = setInterval(() => this.reload(), intervalMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** The ring as its file has it now. A file that has not changed costs one `stat`. */
  refresh(): KeyRing {
    if (this.#file !== undefined && stampOf(this.#file) !== this.#stamp) this.reload()
    return this.#current
  }

  /**
   * Reads the file and puts its ring in force. Never throws: what is wrong with it is told in the log, once for each
   * change. The text decides and not the stamp, which two changes within one tick of the clock may share.
   */
  reload(): void {
    if (this.#file === undefined) return
    this.#stamp = stampOf(this.#file)
    try {
      this.#take(readPrivately(this.#file))
    } catch (error) {
      this.#keep(error, 'unreadable')
    }
  }

  #take(text: Secret): void {
    const fingerprint = fingerprintOf(text)
    if (fingerprint === this.#seen) return
    try {
      if (fingerprint !== this.#inForce) this.#replace(parseKeyRing(text.reveal()))
    } catch (error) {
      this.#keep(error, fingerprint)
      return
    }
    this.#seen = fingerprint
    this.#inForce = fingerprint
    this.#isOutdated = false
    this.#log.info({ keys: this.#current.keyIds }, 'the key ring was read; the first key is the current one')
  }

  #replace(next: KeyRing): void {
    const contradiction = next.contradictionTo(this.#current)
    if (contradiction !== undefined) {
      throw new Error(
        `key ring: key «${contradiction}» has another secret than before, without which its tokens are lost`,
      )
    }
    this.#current = next
    for (const listener of this.#listeners) listener(next)
  }

  #keep(error: unknown, what: string): void {
    const reason = error instanceof Error ? error.message : 'unknown'
    const seen = `${what}: ${reason}`
    if (seen === this.#seen) return
    this.#seen = seen
    this.#isOutdated = true
    this.#log.warn(
      { reason, keys: this.#current.keyIds },
      'the key ring cannot be read: the last good one stays',
    )
  }
}

/** Differs when the path leads to another file, by renaming or by a symbolic link, and when the file was changed. */
function stampOf(file: string): string {
  let stats: BigIntStats | undefined
  try {
    stats = statSync(file, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
  if (stats === undefined) return 'none'
  const { dev, ino, size, mtimeNs, ctimeNs } = stats
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
}

function fingerprintOf(text: Secret): string {
  return createHash('sha256').update(text.reveal()).digest('base64url')
}
