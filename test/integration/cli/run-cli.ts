/**
 * Runs the command line as its users do: as a process, judged by its exit code and what it prints.
 * @module
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Scope } from '../../support/private-server.ts'
import { type RunningProcess, runProcess } from '../../support/run-process.ts'

export const main = join(import.meta.dirname, '../../../src/main.ts')

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Standard output as the one JSON document that it has to be. */
  json(): Record<string, unknown>
}

export interface Cli {
  /** Where the command runs; empty at first. */
  readonly folder: string
  run(...args: readonly string[]): Promise<CliResult>
  /** The same with something on standard input. */
  runWith(input: string, ...args: readonly string[]): Promise<CliResult>
  /** The same on a terminal, once it asks; what the terminal shows is all in `stdout`. */
  type(keys: string, ...args: readonly string[]): Promise<CliResult>
  /** Starts a command that does not end by itself; it is stopped when the test is over. */
  start(...args: readonly string[]): Promise<RunningProcess>
  write(name: string, content: string): string
}

/** A command line in a new folder, which is removed when the test is over. */
export function cliIn(t: Scope, env: Readonly<Record<string, string>> = {}): Cli {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const surroundings = {
    ...process.env,
    SALLYPORT_CONFIG: undefined,
    NO_COLOR: undefined,
    ...env,
  }
  return {
    folder,
    write: (name, content) => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    },
    start: async (...args) => {
      const running = await runProcess(process.execPath, {
        args: [main, ...args],
        cwd: folder,
        env: surroundings,
      })
      t.teardown(() => running.stop())
      return running
    },
    run: (...args) => runToEnd(args, '', { cwd: folder, env: surroundings }),
    runWith: (input, ...args) => runToEnd(args, input, { cwd: folder, env: surroundings }),
    type: (keys, ...args) => runOnTerminal(args, keys, { cwd: folder, env: surroundings }),
  }
}

async function runToEnd(
  args: readonly string[],
  input: string,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<CliResult> {
  const child = spawn(process.execPath, [main, ...args], options)
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, stdout, stderr, json: () => JSON.parse(stdout) }
}

/** `script` gives the command a terminal; it takes one text for the shell, whose words here need no quoting. */
async function runOnTerminal(
  args: readonly string[],
  keys: string,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<CliResult> {
  const command = [process.execPath, main, ...args].join(' ')
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], options)
  let stdout = ''
  let isTyped = false
  child.stdout.setEncoding('utf8').on('data', (shown: string) => {
    stdout += shown
    if (isTyped || !stdout.includes(': ')) return
    isTyped = true
    child.stdin.write(keys)
  })
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  return { code, stdout, stderr, json: () => JSON.parse(stdout) }
}

/** The least that a configuration needs, around a store. */
export function configWith(store: string): string {
  return `
keys: { file: keys.json }
store: ${store}
listen: { port: "\${env:PORT:-0}" }
admin: { port: 0 }
log: { level: error }
upstreams: { legacy: { url: "http://127.0.0.1:9" } }
routes:
  - { name: all, match: { path: "/{path*}" }, upstream: legacy }
`
}
