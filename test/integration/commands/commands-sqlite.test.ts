/**
 * The contract of commands with a running gateway, on SQLite.
 * @module
 */

import t from 'tap'
import { newInstallation } from '../../support/installation.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { contract } from './command-contract.ts'

const upstream = await recordingUpstream(t)
const installation = newInstallation(t, { upstream: upstream.url })
const gateway = await installation.serve()
for (const [promise, holds] of Object.entries(contract)) {
  t.test(promise, (t) => holds(t, { installation, gateway, upstream }))
}
