/**
 * Runs a command-line client to its end, with a secret on its standard input where it asks for one, so that none stands on
 * a command line.
 * @module
 */

import { execFile } from 'node:child_process'

export interface ClientResult {
  /** What it exited with; 1 when it was ended. */
  readonly code: number
  readonly stdout: string
  /** Says why when it failed. */
  readonly stderr: string
}

export interface ClientRun {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly input?: string
}

const deadlineMs = 300_000
const outputBytesMax = 2 ** 26

export function runClient(
  program: string,
  words: readonly string[],
  { env, input = '' }: ClientRun,
): Promise<ClientResult> {
  const { promise, resolve } = Promise.withResolvers<ClientResult>()
  const options = { env, timeout: deadlineMs, maxBuffer: outputBytesMax }
  const child = execFile(program, words, options, (error, stdout, stderr) => {
    const failed = typeof error?.code === 'number' ? error.code : 1
    resolve({ code: error === null ? 0 : failed, stdout, stderr })
  })
  child.stdin?.end(input)
  return promise
}

/** Throws with what the client said when it failed. */
export function succeeded({ code, stdout, stderr }: ClientResult): string {
  if (code !== 0) throw new Error(`the client ended with ${code}: ${stderr}`)
  return stdout
}
