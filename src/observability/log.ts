/**
 * The log: JSON lines on standard error, a static message in each and the data in fields. Headers and
 * errors are cleaned on their way out; a reader that hangs costs lines, never memory or time.
 * @module
 */

import { type DestinationStream, destination as openDestination, pino, stdTimeFunctions } from 'pino'
import { describeError } from './describe-error.ts'
import type { Redaction } from './redaction.ts'

/** Data of a line. `headers` is cleaned by the redaction, `error` by `describeError`; no other field may hold a secret. */
export type LogFields = Readonly<Record<string, unknown>>

/** Takes lines. `warn` and `error` are for what a person should act on; a client's fault is neither. */
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

type Level = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** A log whose level can be set while it is written. */
export interface AdjustableLog extends Log {
  setLevel(level: Level): void
}

/** Bytes that wait for a slow reader of standard error; lines beyond are dropped. */
const backlogBytesMax = 16 * 1024 * 1024

/** Standard error, written to in the background, and flushed when the process exits. */
export function openStandardError(): DestinationStream {
  return openDestination({ dest: 2, sync: false, maxLength: backlogBytesMax })
}

/**
 * Open the log, on standard error unless told otherwise. Each line of a worker has its number. Without `redaction` every field named `headers` is withheld whole.
 */
export function createLog(options: {
  readonly level: Level
  readonly redaction?: Pick<Redaction, 'redactHeaders'>
  readonly destination?: DestinationStream
  readonly worker?: number | undefined
}): AdjustableLog {
  const { level, redaction, destination = openStandardError(), worker } = options
  const log = pino(
    {
      level,
      base: worker === undefined ? null : { worker },
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: {
        error: describeError,
        headers: (headers: unknown) => redaction?.redactHeaders(headers) ?? '«redacted»',
      },
    },
    destination,
  )
  return Object.assign(log, {
    setLevel: (next: Level) => {
      log.level = next
    },
  })
}
