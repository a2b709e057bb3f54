/**
 * Where the key ring comes from: a file that only its owner may read, or a setting that holds the text.
 * @module
 */

import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import type { KeySettings } from '../config/schema/tokens.ts'
import type { Secret } from '../lib/secret.ts'
import { type KeyRing, parseKeyRing } from './key-ring.ts'

/** Throws an `Error` that says what to do when the ring is missing, malformed, or readable by others. */
export function readKeyRing({ file, ring }: KeySettings): KeyRing {
  if (file !== undefined && ring !== undefined) {
    throw new Error('key ring: both «keys.file» and «keys.ring» are given: remove one')
  }
  if (file !== undefined) return parseKeyRing(readPrivately(file))
  if (ring !== undefined) return parseKeyRing(ring)
  throw new Error('key ring: give «keys.file» or «keys.ring»; `sallyport key generate` writes a file')
}

/** Writes a new file with mode 0600. Never overwrites: without its keys every token would be lost. */
export function writeKeyRing(file: string, ring: Secret): void {
  const descriptor = openOr(file, 'wx', {
    EEXIST: `${file} exists already: it is never overwritten`,
    ENOENT: `the folder of ${file} does not exist: make it first`,
  })
  try {
    writeFileSync(descriptor, ring.reveal())
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function readPrivately(file: string): string {
  const descriptor = openOr(file, 'r', {
    ENOENT: `there is no ${file}: write it with «sallyport key generate»`,
    EACCES: `${file} may not be read by this user: make it the owner of the file`,
  })
  try {
    // The mode of what was opened, not of what the path may name a moment later.
    if ((fstatSync(descriptor).mode & 0o077) !== 0) {
      throw new Error(`key ring: others than its owner may use ${file}: run «chmod 600 ${file}»`)
    }
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

/** Opens a file; an error whose code has a sentence in `explained` is told in that sentence. */
function openOr(file: string, flags: 'r' | 'wx', explained: Readonly<Record<string, string>>): number {
  try {
    return openSync(file, flags, 0o600)
  } catch (error) {
    const sentence = explained[(error as NodeJS.ErrnoException).code ?? '']
    throw sentence === undefined ? error : new Error(`key ring: ${sentence}`, { cause: error })
  }
}
