/**
 * `token system`: shows the token of internal services.
 * @module
 */

import type { Command } from 'commander'
import { systemClock } from '../lib/clock.ts'
import { readKeyRing } from '../tokens/keys/key-ring-file.ts'
import { ensureSystemToken } from '../tokens/system-token.ts'
import { commandOrigin } from './act.ts'
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.ts'
import { readSettings } from './read-settings.ts'
import { note, printFields, printJson } from './terminal.ts'
import { withWritableRecord } from './with-record.ts'

export function addTokenSystem(token: Command): void {
  const command = token
    .command('system')
    .description('Show the token of internal services; it is made on first need.')
    .action(async ({ config, json }: ConfigOption & JsonOption) => {
      const { settings } = readSettings(config)
      const keyRing = readKeyRing(settings.keys)
      const system = await withWritableRecord(settings, (registry) =>
        ensureSystemToken(registry, keyRing, systemClock, commandOrigin),
      )
      if (json) printJson({ id: system.token.id, token: system.text.reveal() })
      else printFields({ id: system.token.id, token: system.text.reveal() })
      if (settings.systemToken.networks.length === 0) {
        note('It is accepted from nowhere yet: list your internal networks under systemToken.networks.')
      }
    })
  withExamples(withJson(withConfig(command)), 'token system --json')
}
