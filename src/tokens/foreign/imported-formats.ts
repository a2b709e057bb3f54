/**
 * Which formats of other services the record has tokens of. Texts of all others are refused without a look-up, and a
 * text that may be of an imported one becomes a claim, for `foreign-reader.ts` to verify.
 * @module
 */

import type { Secret } from '../../lib/secret.ts'
import type { ChangeListener } from '../cache/change-feed.ts'
import type { Hashes } from '../formats/foreign-format.ts'
import { foreignFormatOf } from '../formats/foreign-formats.ts'
import type { ClaimedFormat, ForeignClaim, ForeignRecord, ImportedFormat } from './foreign-record.ts'

export interface ImportedFormatsOptions {
  readonly record: Pick<ForeignRecord, 'formats'>
  readonly hashes: Pick<Hashes, 'digest'>
  readonly refreshMs?: number
  /** Called when the formats cannot be read; the ones that are known stay. */
  readonly onFailure: (error: unknown) => void
}

type KnownFormat = Omit<ClaimedFormat, 'locator'>

/** Must be started, and follow the change feed: an import that brings a new format moves the clock. */
export class ImportedFormats implements ChangeListener {
  readonly #options: ImportedFormatsOptions
  #known: readonly KnownFormat[] = []
  #timer: NodeJS.Timeout | undefined
  #underWay: Promise<void> | undefined
  #isOutdated = false

  constructor(options: ImportedFormatsOptions) {
    this.#options = options
  }

  /** Throws when the formats cannot be read for the first time. */
  async start(): Promise<void> {
    await this.#read()
    const { refreshMs = 60_000 } = this.#options
    this.#timer = setInterval(() => this.#refresh(), refreshMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  changed(): void {
    this.#refresh()
  }

  reset(): void {
    this.#refresh()
  }

  /** `undefined` when the text is of no format that tokens were imported of. */
  recognise(secret: Secret): ForeignClaim | undefined {
    const text = secret.reveal()
    const [first, ...more] = this.#known.flatMap(({ format, costs }) => {
      const locator = format.recognise(text, this.#options.hashes)
      return locator === undefined ? [] : [{ format, locator, costs }]
    })
    return first && { secret, formats: [first, ...more] }
  }

  /** One question at a time; whatever changes meanwhile is asked for behind it. */
  #refresh(): void {
    this.#isOutdated = true
    this.#underWay ??= this.#readAll().finally(() => {
      this.#underWay = undefined
    })
  }

  async #readAll(): Promise<void> {
    while (this.#isOutdated) {
      this.#isOutdated = false
      try {
        await this.#read()
      } catch (error) {
        this.#options.onFailure(error)
      }
    }
  }

  async #read(): Promise<void> {
    this.#known = byFormat(await this.#options.record.formats())
  }
}

/** A format that this release does not know is left out: its tokens cannot be verified. */
function byFormat(imported: readonly ImportedFormat[]): KnownFormat[] {
  const costs = Map.groupBy(imported, ({ format }) => format)
  return [...costs].flatMap(([name, rows]) => {
    const format = foreignFormatOf(name)
    return format === undefined ? [] : [{ format, costs: rows.map(({ cost }) => cost) }]
  })
}
