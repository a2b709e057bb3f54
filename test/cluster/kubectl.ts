/**
 * The commands that people have for a cluster, on that of the run.
 * @module
 */

import { execFile, execFileSync } from 'node:child_process'

const buffer = 64 * 1024 * 1024

/** What it printed. Throws with what it complained of when it fails. */
export function kubectl(words: readonly string[], input = ''): string {
  return run('kubectl', words, input)
}

export function helm(words: readonly string[], input = ''): string {
  return run(process.env.HELM ?? 'helm', words, input)
}

/** Does not block what else this process does, such as sending requests. */
export function helmMeanwhile(words: readonly string[], input = ''): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = execFile(process.env.HELM ?? 'helm', words, { maxBuffer: buffer }, (error, stdout, stderr) =>
    error === null ? resolve(stdout) : reject(new Error(stderr)),
  )
  child.stdin?.end(input)
  return promise
}

function run(command: string, words: readonly string[], input: string): string {
  return execFileSync(command, words, {
    input,
    encoding: 'utf8',
    maxBuffer: buffer,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}
