/**
 * `serve`: runs the gateway until it is told to stop.
 * @module
 */

import type { Command } from 'commander'
import { explainBusyPort } from './busy-port.ts'
import { compiledSettings } from './check-command.ts'
import { type ConfigOption, withConfig, withExamples } from './options.ts'
import { untilStopped } from './until-stopped.ts'

export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description(
      'Run the gateway. SIGTERM and SIGINT let requests in flight finish first; SIGHUP reads configuration and key ring again.',
    )
    .action(async ({ config }: ConfigOption) => {
      const { settings } = await compiledSettings(config)
      const { startGateway } = await import('../gateway.ts')
      const gateway = await explainBusyPort(
        { [settings.listen.port]: 'listen.port', [settings.admin.port]: 'admin.port' },
        () => startGateway(settings, { configFile: config }),
      )
      const { drainDelay, drain } = settings.listen.timeouts
      await untilStopped(
        drainDelay + drain,
        () => gateway.close(),
        () => gateway.reload(),
      )
    })
  withExamples(withConfig(command), 'serve --config config/http.yaml')
}
