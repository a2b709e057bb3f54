/**
 * The configuration file of a running gateway, and the files that it refers to, followed by what they hold: read every
 * second, taken once they have been the same for a second, and at once when told to. Whatever cannot be used is told
 * and changes nothing.
 * @module
 */

import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { type LoadedSettings, loadSettings } from './load-settings.ts'
import { type Read, readTextFile } from './read-text-file.ts'

const intervalMs = 1_000

export type GoodSettings = Extract<LoadedSettings, { readonly ok: true }>

/** What became of settings that are good by themselves: in force now or before, or the problems that keep them out. */
export type Applied = 'in-force' | 'unchanged' | { readonly problems: readonly string[] }

export interface FollowedSettingsOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Puts settings in force whole, or leaves everything as it was; also when it throws. */
  readonly apply: (loaded: GoodSettings) => Applied
  readonly log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
    error(fields: object, message: string): void
  }
  /** Milliseconds of the wall clock. */
  readonly now: () => number
}

/** Reads at once: the files are small, and on this machine. */
export class FollowedSettings {
  readonly #file: string
  readonly #options: FollowedSettingsOptions
  /** A fingerprint of each file as it was when the settings were last loaded, by its path. */
  #loaded = new Map<string, string>()
  /** What a look at the files found that was not loaded yet. */
  #pending: string | undefined
  #isGood = true
  #goodAt: number
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  /** `file` has been loaded before, and is in force. */
  constructor(file: string, options: FollowedSettingsOptions) {
    this.#file = file
    this.#options = options
    this.#goodAt = options.now()
    // Nothing is known of what it held then: the first look loads it again, and finds nothing new as a rule.
    this.#loaded.set(resolve(file), '')
  }

  /** Whether the last file that was loaded is in force, and when one last came to be: milliseconds of the wall clock. */
  get status(): { readonly isGood: boolean; readonly goodAt: number } {
    return { isGood: this.#isGood, goodAt: this.#goodAt }
  }

  /** Its timer does not keep the process alive. */
  start(): void {
    this.#timer = setInterval(() => this.#look(), intervalMs).unref()
  }

  /** Nothing is loaded any more, not even when told to. */
  stop(): void {
    clearInterval(this.#timer)
    this.#isStopped = true
  }

  /** Loads the files now, whether they have changed or not, and says what came of it. Never throws. */
  reload(): void {
    if (!this.#isStopped) this.#load(true)
  }

  /** A file that is being written is half a file: what two looks in a row have found is taken. */
  #look(): void {
    const before = [...this.#loaded]
    const found = JSON.stringify(before.map(([path]) => [path, fingerprintOf(readTextFile(path, '/'))]))
    if (found === JSON.stringify(before)) this.#pending = undefined
    else if (found === this.#pending) this.#load(false)
    else this.#pending = found
  }

  #load(isAsked: boolean): void {
    const { env, apply, log, now } = this.#options
    const loaded = new Map<string, string>()
    this.#loaded = loaded
    this.#pending = undefined
    let applied: Applied
    try {
      const settings = loadSettings(this.#file, {
        env,
        onRead: (path, read) => void loaded.set(path, fingerprintOf(read)),
      })
      applied = settings.ok ? apply(settings) : settings
      if (settings.ok && settings.warnings.length > 0 && applied === 'in-force') {
        log.warn({ warnings: settings.warnings }, 'the configuration has settings that may not be meant')
      }
    } catch (error) {
      this.#isGood = false
      log.error(
        { file: this.#file, error },
        'the configuration could not be put in force: the last good one stays',
      )
      return
    }
    if (typeof applied === 'object') {
      this.#isGood = false
      const { problems } = applied
      log.error({ file: this.#file, problems }, 'the configuration cannot be used: the last good one stays')
      return
    }
    const isNews = isAsked || applied === 'in-force' || !this.#isGood
    this.#isGood = true
    if (isNews) this.#goodAt = now()
    if (applied === 'in-force') log.info({ file: this.#file }, 'the configuration was read and is in force')
    else if (isNews) log.info({ file: this.#file }, 'the configuration is the one in force')
  }
}

/** Of what a file holds, or of why it cannot be read. */
function fingerprintOf(read: Read): string {
  if (!read.ok) return read.problem
  return createHash('sha256').update(read.text).digest('base64url')
}
