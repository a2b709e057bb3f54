/**
 * A command in one process ends streams through gateways in others, on PostgreSQL and on SQLite.
 * @module
 */

import t, { type Test } from 'tap'
import { type GatewayProcess, newInstallation } from '../../support/installation.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { endlessUpstream, goesOn, openStream, promisedMs } from './open-streams.ts'

const upstream = await endlessUpstream(t)
const drain = { timeouts: { drain: '0s' } } as const

t.test('with one gateway on SQLite', async (t) => {
  const installation = newInstallation(t, { upstream: upstream.url, listen: drain })
  await commandsEndStreams(t, installation, [await installation.serve()])
})

t.test('with two gateways on PostgreSQL', async (t) => {
  const store = { postgres: { url: await freshDatabase(t) } }
  const installation = newInstallation(t, { upstream: upstream.url, listen: drain, store })
  await commandsEndStreams(t, installation, [await installation.serve(), await installation.serve()])
})

async function commandsEndStreams(
  t: Test,
  installation: ReturnType<typeof newInstallation>,
  gateways: readonly GatewayProcess[],
): Promise<void> {
  const open = async (text: string) => {
    const streams = gateways.map(({ port }, index) => openStream(t, port, `/events/${index}`, { text }))
    await Promise.all(streams.map(goesOn))
    return streams
  }
  const lasting = await open((await installation.issue({ subject: 'bystander' })).text)
  for (const words of [(id: string) => ['token', 'revoke', id], () => ['subject', 'disable', 'mallory']]) {
    const { text, token } = await installation.issue({ subject: 'mallory' })
    const doomed = await open(text)
    const { code, stderr } = await installation.run(...words(token.id))
    t.equal(code, 0, stderr)
    const returnedAt = performance.now()
    const tookMs = Math.max(...(await Promise.all(doomed.map(({ ended }) => ended)))) - returnedAt
    t.ok(
      tookMs < promisedMs,
      `${words(token.id).join(' ')}: ended ${Math.round(tookMs)} ms after it returned`,
    )
  }
  await Promise.all(lasting.map(goesOn))
}
