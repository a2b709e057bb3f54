/**
 * On PostgreSQL without Redis, a command in one process withdraws a token from a gateway in another within a second.
 * @module
 */

import t from 'tap'
import { newInstallation } from '../../support/installation.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { revokeTokens, switchSubject } from './withdrawal.ts'

const upstream = await recordingUpstream(t)
const installation = newInstallation(t, {
  upstream: upstream.url,
  store: { postgres: { url: await freshDatabase(t) } },
})
const scene = { installation, upstream, gateways: [await installation.serve()] }

t.test('a token revoked by a command is refused within a second, and for good', (t) => revokeTokens(t, scene))
t.test('the tokens of a subject follow «disable» and «enable» within a second', (t) =>
  switchSubject(t, scene),
)
