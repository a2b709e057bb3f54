/**
 * `routes[].profile`: how the service behind a route speaks auth, where it is one that the gateway knows.
 * @module
 */

import { z } from 'zod'
import { gocd } from './profiles/gocd.ts'
import { readthedocs } from './profiles/readthedocs.ts'
import { registry } from './profiles/registry.ts'
import { sentry } from './profiles/sentry.ts'
import { swift } from './profiles/swift.ts'

const profiles = {
  gocd: gocd.optional(),
  readthedocs: readthedocs.optional(),
  registry: registry.optional(),
  sentry: sentry.optional(),
  swift: swift.optional(),
}

export const profile = z
  .strictObject(profiles)
  .refine((given) => Object.keys(given).length <= 1, { error: 'expected one profile at the most' })
  .prefault({})
  .describe('The kind of service, with its own settings; omitted: any HTTP service.')

export type ProfileSettings = z.output<typeof profile>
