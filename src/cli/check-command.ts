/**
 * `check`: everything that is wrong with a configuration, without opening a port or a connection.
 * @module
 */

import type { Command } from 'commander'
import { createReporter } from '../config/problems.ts'
import { counted } from './counted.ts'
import { type ConfigOption, withConfig, withExamples } from './options.ts'
import { type AcceptedSettings, invalidConfig, readSettings } from './read-settings.ts'
import { print } from './terminal.ts'

export function addCheck(program: Command): void {
  const check = program
    .command('check')
    .description('Say what is wrong with a configuration, or that nothing is.')
    .action(async ({ config }: ConfigOption) => {
      // A gateway starts with an expired certificate, which its clients refuse; whoever asks is told.
      const { settings } = await compiledSettings(config, Date.now())
      const routes = counted(settings.routes.length, 'route')
      const upstreams = counted(Object.keys(settings.upstreams).length, 'upstream')
      const limits = Object.keys(settings.limits).length
      const counts = [routes, upstreams, ...(limits === 0 ? [] : [counted(limits, 'limit')])]
      print(`${config}: ok (${counts.join(', ')})`)
    })
  withExamples(withConfig(check), 'check', 'check --config config/http.yaml')
}

/**
 * Settings that the gateway can be built from. Throws a failure with every problem of the file, and of the files that
 * it names; certificates that are not valid at `now` are a problem where it is given.
 */
export async function compiledSettings(file: string, now?: number): Promise<AcceptedSettings> {
  const loaded = readSettings(file)
  // Loaded here, so that commands on the record of tokens do not wait for a server that they do not start.
  const { compileGateway } = await import('../gateway.ts')
  const { report, lines } = createReporter(loaded.locate)
  compileGateway(loaded.settings, report)
  const { reportCertificates } = await import('../listen/tls/check-certificates.ts')
  reportCertificates(loaded.settings, report, now)
  if (lines().length > 0) throw invalidConfig(file, lines())
  return loaded
}
