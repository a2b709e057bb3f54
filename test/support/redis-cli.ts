/**
 * Redis' own command line, as somebody has it who got hold of a Redis server.
 * @module
 */

import { execFile } from 'node:child_process'

/**
 * Runs `redis-cli WORDS`; with `input`, these bytes are the last argument of the command. Yields what it printed, with
 * one line end behind. Rejects when Redis answers with an error.
 */
export function redisCli(url: string, words: readonly string[], input?: Buffer): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const args = ['-u', url, '-e', ...(input === undefined ? [] : ['-x']), ...words]
  const child = execFile('redis-cli', args, { encoding: 'buffer', timeout: 10_000 }, (error, stdout) =>
    error === null ? resolve(stdout) : reject(error),
  )
  child.stdin?.end(input)
  return promise
}
