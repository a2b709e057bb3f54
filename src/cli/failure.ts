/**
 * A command that cannot be done as asked: told in one sentence, with a code that scripts may rely on.
 * @module
 */

import { isRecordId } from '../tokens/record-id.ts'

/** Codes of failures, never renamed. */
export type FailureCode =
  | 'invalid_config'
  | 'key_ring_unusable'
  | 'unknown_key'
  | 'key_in_use'
  | 'not_recorded'
  | 'audit_broken'
  | 'migration_pending'
  | 'refused'
  | 'already_revoked'
  | 'confirmation_needed'
  | 'unknown_token'
  | 'unknown_subject'
  | 'subject_exists'
  | 'unknown_upstream'
  | 'unknown_login'
  | 'no_key'
  | 'invalid_import'
  | 'unfit_export'
  | 'port_in_use'

/** The message is what the user reads: what is wrong, and what to do. It holds no secret. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly code: FailureCode

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Repeats only what can be an id: people also paste the text of a token. */
export function unknownToken(id: string): CommandFailure {
  const what = isRecordId(id) ? `there is no token «${id}»` : 'that is not the id of a token'
  return new CommandFailure('unknown_token', `${what}; «sallyport token list --state all» shows their ids`)
}

export function unknownSubject(name: string): CommandFailure {
  return new CommandFailure(
    'unknown_subject',
    `there is no subject «${name}»; «sallyport subject list» shows their names`,
  )
}
