/**
 * `quickstart`, which `npm start` runs: the gateway on embedded defaults, a small legacy service behind it,
 * and on the first start a token with commands to try.
 * @module
 */

import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Command } from 'commander'
import type { Settings } from '../config/schema/settings.ts'
import { migrate } from '../database/migrate.ts'
import { commandOrigin } from './act.ts'
import { explainBusyPort } from './busy-port.ts'
import { compiledSettings } from './check-command.ts'
import { generateKeyRing } from './key-commands.ts'
import { type LegacyUpstream, startLegacyUpstream } from './legacy-upstream.ts'
import { withExamples } from './options.ts'
import { printGuide, printWelcomeBack } from './quickstart-guide.ts'
import { issueOrFail } from './token-issue-command.ts'
import { untilStopped } from './until-stopped.ts'
import { withRecord } from './with-record.ts'

/** The subject of the first token; that it is known tells a later start from the first. */
const firstSubject = 'demo'

export function addQuickstart(program: Command): void {
  const command = program
    .command('quickstart')
    .description('Try the gateway: everything under ./var, with a small legacy service behind it.')
    .action(quickstart)
  withExamples(command, 'quickstart')
}

async function quickstart(): Promise<void> {
  const config = relative('.', join(import.meta.dirname, '../../config/quickstart.yaml'))
  const { settings } = await compiledSettings(config)
  await prepare(settings)
  const { legacy, gateway } = await startBoth(settings)

  // A port that is taken must not cost the one showing of the token, so it is issued when all else stands.
  const isFirst =
    (await withRecord(settings.store, (registry) => registry.findSubject(firstSubject))) === undefined
  const places = {
    config,
    data: `http://127.0.0.1:${gateway.dataAddress.port}`,
    admin: `http://127.0.0.1:${gateway.adminAddress.port}`,
  }
  if (isFirst) printGuide({ ...places, ...(await firstToken(settings)) })
  else printWelcomeBack(places)

  const { drainDelay, drain } = settings.listen.timeouts
  await untilStopped(drainDelay + drain, async () => {
    await gateway.close()
    await legacy.close()
  })
}

async function prepare({ keys, store }: Settings): Promise<void> {
  if (keys.file !== undefined && !existsSync(keys.file)) generateKeyRing(keys.file)
  await migrate(store)
}

async function startBoth(settings: Settings) {
  const legacyPort = Number(new URL(settings.upstreams.legacy?.url ?? '').port)
  const variables = {
    [settings.listen.port]: 'SALLYPORT_PORT',
    [settings.admin.port]: 'SALLYPORT_ADMIN_PORT',
    [legacyPort]: 'SALLYPORT_LEGACY_PORT',
  }
  const { startGateway } = await import('../gateway.ts')
  return explainBusyPort(variables, async () => {
    const legacy: LegacyUpstream = await startLegacyUpstream(legacyPort)
    return { legacy, gateway: await startGateway(settings) }
  })
}

async function firstToken(settings: Settings): Promise<{ readonly id: string; readonly text: string }> {
  const { token, text } = await issueOrFail(settings, {
    kind: 'personal',
    subject: firstSubject,
    bindings: { account: ['AUTH_demo'] },
    scopes: ['api'],
    access: 'owner',
    description: 'The first token',
    createdBy: 'quickstart',
    origin: commandOrigin,
  })
  return { id: token.id, text: text.reveal() }
}
