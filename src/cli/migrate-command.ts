/**
 * `migrate`: brings the schema of the store up to date.
 * @module
 */

import type { Command } from 'commander'
import { migrate } from '../database/migrate.ts'
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.ts'
import { readSettings } from './read-settings.ts'
import { print, printJson } from './terminal.ts'

export function addMigrate(program: Command): void {
  const command = program
    .command('migrate')
    .description('Bring the schema of the store up to date. Safe to run from many replicas at once.')
    .action(async ({ config, json }: ConfigOption & JsonOption) => {
      const applied = await migrate(readSettings(config).settings.store)
      if (json) return printJson({ applied })
      print(applied.length === 0 ? 'nothing to do' : applied.map((name) => `applied ${name}`).join('\n'))
    })
  withExamples(withJson(withConfig(command)), 'migrate --config config/http.yaml')
}
