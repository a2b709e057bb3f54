/**
 * Takes a secret from whoever runs a command: typed without echo, or from a pipe. Never from an argument, which every
 * process of the machine can read.
 * @module
 */

import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { Secret } from '../lib/secret.ts'
import { CommandFailure } from './failure.ts'

/** One line, without its end. Throws a failure when there is none, or more than one. */
export async function readKey({ fromStdin }: { readonly fromStdin: boolean }): Promise<Secret> {
  if (!fromStdin && !process.stdin.isTTY) {
    throw new CommandFailure('no_key', 'nobody sits at a terminal: add --key-stdin, and pipe the key in')
  }
  const text = process.stdin.isTTY ? await typed('Key: ') : await piped()
  if (text === '') throw new CommandFailure('no_key', 'no key was given')
  if (/\p{Cc}/u.test(text)) {
    throw new CommandFailure('no_key', 'the key must be one line, without control characters')
  }
  return new Secret(text)
}

async function piped(): Promise<string> {
  const input = await process.stdin.setEncoding('utf8').toArray()
  return input.join('').replace(/\r?\n$/, '')
}

/** Empty when the reader gave up with Ctrl-C or Ctrl-D. */
async function typed(question: string): Promise<string> {
  // What readline writes back to a terminal is what was typed.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 })
  const { promise: closed, resolve } = Promise.withResolvers<string>()
  lines.once('close', () => resolve(''))
  process.stderr.write(question)
  try {
    return await Promise.race([lines.question(''), closed])
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}
