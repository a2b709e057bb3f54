/**
 * `worker`: one of the gateways that `serve` starts with `listen.workers`. People have no use for it.
 * @module
 */

import closeWithGrace from 'close-with-grace'
import type { Command } from 'commander'
import { takePost } from '../workers/post.ts'
import { CommandFailure } from './failure.ts'
import { type ConfigOption, withConfig } from './options.ts'
import { complain } from './terminal.ts'
import { closingMs } from './until-stopped.ts'

/** A terminal and a service manager send them to the whole group, and the primary says what is to be done. */
const signalsOfPrimary = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export function addWorker(program: Command): void {
  const command = program
    .command('worker', { hidden: true })
    .description('One of the workers of «serve», which starts it.')
    .action(({ config }: ConfigOption) => {
      if (process.send === undefined) throw new CommandFailure('refused', '«serve» starts workers by itself')
      return work(config)
    })
  withConfig(command)
}

/** Until it is told to drain, or an error that nobody caught ends it. Never resolves. */
async function work(configFile: string): Promise<never> {
  for (const signal of signalsOfPrimary) process.on(signal, () => {})
  const { startGateway } = await import('../gateway.ts')
  let reload = () => {}
  let drain = () => {}
  takePost({
    async start({ settings }, worker) {
      const gateway = await startGateway(settings, { configFile, worker })
      const { drainDelay, drain: drainMs } = settings.listen.timeouts
      const handle = closeWithGrace(
        {
          delay: drainDelay + drainMs + closingMs,
          skip: [...signalsOfPrimary, 'beforeExit'],
          logger: { error: complain },
        },
        async ({ err }) => {
          if (err !== undefined) complain(err.stack ?? err.message)
          await gateway.close()
        },
      )
      reload = () => gateway.reload()
      drain = () => void handle.close()
      return gateway.dataAddress
    },
    reload: () => reload(),
    drain: () => drain(),
  })
  return Promise.withResolvers<never>().promise
}
