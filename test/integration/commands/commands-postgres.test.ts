/**
 * The contract of commands with a running gateway, on PostgreSQL.
 * @module
 */

import t from 'tap'
import { newInstallation } from '../../support/installation.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { contract } from './command-contract.ts'

const upstream = await recordingUpstream(t)
const store = { postgres: { url: await freshDatabase(t) } }
const installation = newInstallation(t, { upstream: upstream.url, store })
const gateway = await installation.serve()
for (const [promise, holds] of Object.entries(contract)) {
  t.test(promise, (t) => holds(t, { installation, gateway, upstream }))
}
