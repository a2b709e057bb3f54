/**
 * `serve`: runs the gateway until it is told to stop.
 * @module
 */

import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import type { Settings } from '../config/schema/settings.ts'
import type { Workers } from '../workers/start-workers.ts'
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
      const workers = workersOf(settings.listen)
      const gateway = await explainBusyPort(portsOf(settings), () =>
        workers === 1 ? startAlone(settings, config) : startSeveral(settings, config, workers),
      )
      const { drainDelay, drain } = settings.listen.timeouts
      const stopped = untilStopped(
        drainDelay + drain,
        () => gateway.close(),
        () => gateway.reload(),
      )
      await Promise.race([stopped, gateway.lost])
    })
  withExamples(withConfig(command), 'serve --config config/http.yaml')
}

async function startAlone(settings: Settings, configFile: string): Promise<Workers> {
  const { startGateway } = await import('../gateway.ts')
  const gateway = await startGateway(settings, { configFile })
  return { lost: Promise.withResolvers<never>().promise, ...gateway }
}

/** Loaded for them alone: one process is no cluster. */
async function startSeveral(settings: Settings, configFile: string, workers: number): Promise<Workers> {
  const { startWorkers } = await import('../workers/start-workers.ts')
  return startWorkers(settings, configFile, workers)
}

/** Which setting each port comes from. */
function portsOf({ listen, admin, decision }: Settings): Readonly<Record<number, string>> {
  return {
    ...(decision && { [decision.port]: 'decision.port' }),
    ...(decision?.grpc && { [decision.grpc.port]: 'decision.grpc.port' }),
    [listen.port]: 'listen.port',
    [admin.port]: 'admin.port',
  }
}

function workersOf({ workers }: Settings['listen']): number {
  return workers === 'auto' ? availableParallelism() : workers
}
