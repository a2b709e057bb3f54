/**
 * What the primary and a worker say to each other over the channel between them. Neither ever comes from outside.
 * @module
 */

import type { CheckState } from '../admin/readiness.ts'
import type { Settings } from '../config/schema/settings.ts'
import type { CountQuestion } from '../limits/count-desk.ts'

/** Where something listens. */
export interface Place {
  readonly address: string
  readonly port: number
}

export type Checks = Readonly<Record<string, CheckState>>

/** Why a worker could not start; `code` and `port` as in Node's error. */
export interface StartFailure {
  readonly message: string
  readonly code: string | undefined
  readonly port: number | undefined
}

/** What a worker is to be. */
export interface Post {
  /** From 1 on; whoever takes its place has the same. */
  readonly number: number
  /** How many there are. */
  readonly workers: number
  /** Those in force, which need not be those of the file. */
  readonly settings: Settings
  readonly admin: Place
}

/** What a worker is asked for. */
export type Asked = 'checks' | 'metrics' | 'keys'

export type ToWorker =
  | { readonly kind: 'start'; readonly post: Post }
  | { readonly kind: 'reload' }
  | { readonly kind: 'drain' }
  | { readonly kind: 'ask'; readonly id: number; readonly what: Asked }
  | { readonly kind: 'totals'; readonly id: number; readonly totals: readonly number[] }

export type FromWorker =
  /** Its code is loaded, and it waits for `start`. */
  | { readonly kind: 'loaded' }
  | { readonly kind: 'open'; readonly data: Place }
  | { readonly kind: 'failed'; readonly failure: StartFailure }
  | { readonly kind: 'in-force'; readonly settings: Settings }
  /** `undefined`: it could not be told. */
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Checks | string | undefined }
  | { readonly kind: 'count'; readonly id: number; readonly question: CountQuestion }
