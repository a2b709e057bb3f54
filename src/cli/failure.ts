/**
 * A command that cannot be done as asked: told in one sentence, with a code that scripts may rely on.
 * @module
 */

/** Codes of failures, never renamed. */
export type FailureCode =
  | 'invalid_config'
  | 'key_ring_unusable'
  | 'migration_pending'
  | 'refused'
  | 'already_revoked'
  | 'unknown_token'
  | 'unknown_subject'
  | 'subject_exists'
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
