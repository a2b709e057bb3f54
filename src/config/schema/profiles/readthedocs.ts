/**
 * `routes[].profile.readthedocs`: Read the Docs.
 * @module
 */

import { z } from 'zod'
import { duration } from '../primitives.ts'

const dayMs = 24 * 3_600_000

const minting = z
  .strictObject({
    lifetime: duration()
      .refine((ms) => ms <= dayMs, 'expected at most 24h')
      .prefault('3h')
      .describe('How long a key lives when the request does not say.'),
    lifetimeMax: duration()
      .refine((ms) => ms <= dayMs, 'expected at most 24h')
      .prefault('24h')
      .describe('How long a key may be asked for.'),
  })
  .describe(
    'The route mints build keys: whoever it lets through gets one for a POST of `{"project": …}`, perhaps with `build` and `lifetime`.',
  )

export const readthedocs = z
  .strictObject({
    minting: minting.optional(),
  })
  .describe(
    'Read the Docs, API version 2. The gateway reads `Authorization` as it does, answers the revocation of a key itself, and speaks in its words.',
  )

export type ReadthedocsSettings = z.output<typeof readthedocs>
export type MintingSettings = NonNullable<ReadthedocsSettings['minting']>
