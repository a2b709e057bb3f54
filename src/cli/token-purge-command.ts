/**
 * `token purge`: removes the records of tokens that have been dead for long.
 * @module
 */

import type { Command } from 'commander'
import { systemClock } from '../lib/clock.ts'
import { purgeTokens } from '../tokens/life/purge-tokens.ts'
import { commandOrigin } from './act.ts'
import { counted } from './counted.ts'
import {
  type ByOption,
  type ConfigOption,
  durationArgument,
  type JsonOption,
  withBy,
  withConfig,
  withExamples,
  withJson,
} from './options.ts'
import { readSettings } from './read-settings.ts'
import { print, printJson } from './terminal.ts'
import { withRecord, withWritableRecord } from './with-record.ts'

interface PurgeOptions extends ConfigOption, JsonOption, ByOption {
  readonly olderThan: number
  readonly dryRun?: boolean
}

export function addTokenPurge(token: Command): void {
  const command = token
    .command('purge')
    .description('Remove the records of tokens that were revoked or expired long ago.')
    .requiredOption('--older-than <duration>', 'how long they have been dead, such as 90d', durationArgument)
    .option('--dry-run', 'only say how many there are')
    .action(purge)
  withExamples(
    withBy(withJson(withConfig(command))),
    'token purge --older-than 90d --dry-run',
    'token purge --older-than 90d',
  )
}

async function purge({ config, json, by, olderThan, dryRun = false }: PurgeOptions): Promise<void> {
  const { settings } = readSettings(config)
  const request = { olderThanMs: olderThan, by, origin: commandOrigin }
  const tokens = dryRun
    ? await withRecord(settings.store, (registry) => registry.countDead(systemClock.now() - olderThan))
    : (await withWritableRecord(settings, (registry) => purgeTokens(registry, systemClock, request))).tokens
  if (json) printJson({ tokens, dryRun })
  else print(`${dryRun ? 'would purge' : 'purged'} ${counted(tokens, 'token')}`)
}
