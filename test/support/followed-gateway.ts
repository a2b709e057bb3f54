/**
 * A gateway in the test's own process that follows a configuration file, as `serve` does, and a way to write that
 * file anew.
 * @module
 */

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import { loadSettings } from '../../src/config/load-settings.ts'
import type { settings as settingsSchema } from '../../src/config/schema/settings.ts'
import { startGateway } from '../../src/gateway.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { newKeyRing } from '../../src/tokens/keys/key-ring-text.ts'
import type { Scope } from './private-server.ts'
import { type PlainRequest, type RawAnswer, type RawRequestOptions, request } from './raw-request.ts'
import { readMetrics } from './read-metrics.ts'
import { openTestClient } from './upstream-client.ts'

/** What of a configuration a test writes; ports, keys and record are added. */
export type Configuration = Pick<z.input<typeof settingsSchema>, 'upstreams' | 'routes'> &
  Partial<z.input<typeof settingsSchema>>

export interface FollowedGateway {
  readonly port: number
  /** Of the configuration file. */
  readonly file: string
  readonly log: readonly Record<string, unknown>[]
  /** Puts a configuration in the place of the file, in one step; text is written as it is. */
  write(configuration: Configuration | string): void
  /** As SIGHUP does. */
  reload(): void
  request(plain: PlainRequest, options?: RawRequestOptions): Promise<RawAnswer>
  metric(series: string): Promise<number>
  /** The status and the checks of `/readyz`. */
  readiness(): Promise<{ readonly status: number; readonly checks: Record<string, string> }>
}

/** Starts it; it is closed, and its folder removed, when the test is over. `file` is beside others that `lay` makes. */
export async function startFollowedGateway(
  t: Scope,
  first: Configuration,
  lay: (folder: string, text: string) => string = layPlainFile,
): Promise<FollowedGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-followed-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const ring = newKeyRing(systemClock).reveal()
  const textOf = (configuration: Configuration) =>
    JSON.stringify({
      keys: { ring },
      store: { sqlite: { path: join(folder, 'tokens.db') } },
      listen: { port: 0 },
      admin: { port: 0 },
      ...configuration,
    })
  const file = lay(folder, textOf(first))
  const loaded = loadSettings(file, { env: process.env })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const log: Record<string, unknown>[] = []
  const logTo = { write: (line: string) => void log.push(JSON.parse(line)) }
  const gateway = await startGateway(loaded.settings, { logTo, openClient: openTestClient, configFile: file })
  t.teardown(() => gateway.close())

  const { port } = gateway.dataAddress
  return {
    port,
    file,
    log,
    write(configuration) {
      writeFileSync(`${file}.new`, typeof configuration === 'string' ? configuration : textOf(configuration))
      renameSync(`${file}.new`, file)
    },
    reload: () => gateway.reload(),
    request: (plain, options) => request(port, plain, options),
    metric: async (series) => (await readMetrics(gateway.adminAddress.port)).get(series) ?? 0,
    async readiness() {
      const { status, body } = await request(gateway.adminAddress.port, { path: '/readyz' })
      return { status, checks: JSON.parse(body.toString()).checks }
    },
  }
}

function layPlainFile(folder: string, text: string): string {
  const file = join(folder, 'sallyport.yaml')
  writeFileSync(file, text)
  return file
}
