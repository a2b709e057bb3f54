/**
 * Reads a small regular text file whole, or says in a few words why it cannot be read.
 * @module
 */

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const bytesMax = 1024 * 1024

/** What reading one file came to. */
export type Read =
  | { readonly ok: true; readonly text: string }
  /** Completes a sentence that starts with the name of the file, and holds nothing of its content. */
  | { readonly ok: false; readonly problem: string }

const failures: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read by this user',
}

/** Told of each file that was read, by its absolute path, and of what came of it. */
export type OnRead = (path: string, read: Read) => void

/** At most 1 MiB of UTF-8; `path` is relative to `folder`. */
export function readTextFile(path: string, folder: string, onRead?: OnRead): Read {
  const file = resolve(folder, path)
  const read = readWhole(file)
  onRead?.(file, read)
  return read
}

function readWhole(file: string): Read {
  let descriptor: number
  try {
    // A pipe without a writer would block the start for ever.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    return { ok: false, problem: reasonOf(error) }
  }
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) return { ok: false, problem: 'is not a regular file' }
    if (stats.size > bytesMax) return { ok: false, problem: 'is larger than 1 MiB' }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(descriptor))
    return { ok: true, text }
  } catch (error) {
    return { ok: false, problem: reasonOf(error) }
  } finally {
    closeSync(descriptor)
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is not UTF-8 text'
  return failures[code] ?? `cannot be read (${code})`
}
