/**
 * Who runs this command, for the audit record.
 * @module
 */

import type { Act } from '../audit/entry.ts'
import { processOrigin } from '../audit/origin.ts'
import { systemClock } from '../lib/clock.ts'
import type { ByOption } from './options.ts'

/** The user and host as the system knows them; what `--by` says is a claim beside it. */
export const commandOrigin = processOrigin('cli')

export function actOf({ by }: ByOption, cause = ''): Act {
  return { at: systemClock.now(), by, origin: commandOrigin, cause }
}
