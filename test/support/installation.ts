/**
 * Sallyport as somebody installs it: a configuration file, a key ring and a record of tokens, commands that run
 * as processes of their own, and any number of gateways that `serve` the same file.
 * @module
 */

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import { settings as settingsSchema } from '../../src/config/schema/settings.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { parseKeyRing } from '../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../src/tokens/keys/key-ring-text.ts'
import type { TokenStore } from '../../src/tokens/ports.ts'
import { openTokenStore } from '../../src/tokens/stores/open-token-store.ts'
import { type Issue, newIssuer } from './issuer.ts'
import type { Scope } from './private-server.ts'
import { type PlainRequest, type RawAnswer, type RawRequestOptions, request } from './raw-request.ts'
import { readMetrics } from './read-metrics.ts'
import { type RunningProcess, runProcess } from './run-process.ts'

type SettingsInput = z.input<typeof settingsSchema>

/** What differs from an installation with one route, «everything», to one upstream, `legacy`, and SQLite. */
export type InstallationPlan = Partial<SettingsInput> & { readonly upstream: string }

export interface CommandResult {
  readonly code: number
  /** What `--json` printed, parsed. */
  readonly document: Record<string, unknown>
  readonly stderr: string
}

export interface GatewayProcess extends Pick<RunningProcess, 'pid' | 'output' | 'ended' | 'stop' | 'kill'> {
  readonly port: number
  readonly adminPort: number
  request(plain: PlainRequest, options?: RawRequestOptions): Promise<RawAnswer>
  /** One sample, by its whole name as `readMetrics` has it; 0 when absent. */
  metric(series: string): Promise<number>
  /** Sends SIGTERM and waits for nothing. */
  terminate(): void
}

export interface Installation {
  /** Its configuration file: JSON, which is YAML too. */
  readonly config: string
  /** Runs `sallyport WORDS --json` to its end. */
  run(...words: readonly string[]): Promise<CommandResult>
  /** Issues without the cost of a command; a gateway or a command must have run before. */
  readonly issue: Issue
  /** A handle of its own on the record, as another process would have it. */
  readonly store: TokenStore
  /** Starts one more gateway; ended when the test is over. */
  serve(): Promise<GatewayProcess>
}

const main = join(import.meta.dirname, '../../src/main.ts')
const startDeadlineMs = 20_000

/** Writes the files into a temporary folder, which is removed when the test is over. */
export function newInstallation(t: Scope, { upstream, ...plan }: InstallationPlan): Installation {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-installation-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const config = join(folder, 'sallyport.yaml')
  const ring = newKeyRing(systemClock).reveal()
  const settings: SettingsInput = {
    keys: { ring },
    store: { sqlite: { path: join(folder, 'tokens.db') } },
    upstreams: { legacy: { url: upstream } },
    routes: [{ name: 'everything', match: { path: '/{path*}' }, upstream: 'legacy' }],
    ...plan,
    listen: { port: 0, ...plan.listen },
    admin: { port: 0, ...plan.admin },
  }
  // JSON is YAML, too.
  writeFileSync(config, JSON.stringify(settings), { mode: 0o600 })
  const store = openTokenStore(settingsSchema.parse(settings).store, { sealer: parseKeyRing(ring) })
  t.teardown(() => store.close())

  return {
    config,
    run: (...words) => runCommand([...words, '--json', '--config', config]),
    store,
    issue: newIssuer(store, ring, systemClock),
    async serve() {
      const gateway = await startServing(config)
      t.teardown(() => gateway.stop())
      return gateway
    },
  }
}

async function runCommand(words: readonly string[]): Promise<CommandResult> {
  const output = { stdout: '', stderr: '' }
  const child = execFile(process.execPath, [main, ...words], { timeout: 60_000 })
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (text: string) => {
      output[name] += text
    })
  }
  const [code] = await once(child, 'close')
  const document = output.stdout === '' ? {} : JSON.parse(output.stdout)
  return { code, document, stderr: output.stderr }
}

async function startServing(config: string): Promise<GatewayProcess> {
  const running = await runProcess(process.execPath, { args: [main, 'serve', '--config', config] })
  const { port, adminPort } = await whereItListens(running)
  const { pid, output, ended, stop, kill } = running
  return {
    pid,
    output,
    ended,
    stop,
    kill,
    port,
    adminPort,
    request: (plain, options) => request(port, plain, options),
    metric: async (series) => (await readMetrics(adminPort)).get(series) ?? 0,
    terminate: () => process.kill(pid, 'SIGTERM'),
  }
}

/** The ports are free ones, which only the log tells. */
async function whereItListens(running: RunningProcess): Promise<{ port: number; adminPort: number }> {
  const deadline = performance.now() + startDeadlineMs
  while (performance.now() < deadline) {
    const [, port, adminPort] = /"dataPlane":"[^"]*:(\d+)","admin":"[^"]*:(\d+)"/.exec(running.output()) ?? []
    if (port !== undefined) return { port: Number(port), adminPort: Number(adminPort) }
    const ended = await Promise.race([running.ended, sleep(20)])
    if (ended !== undefined) break
  }
  await running.kill()
  throw new Error(`serve did not open its ports:\n${running.output()}`)
}
