/**
 * Where the key ring comes from: a file that only its owner may read, or a setting that holds the text.
 * @module
 */

import {
  closeSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { KeySettings } from '../../config/schema/tokens.ts'
import { Secret } from '../../lib/secret.ts'
import { KeyRing } from './key-ring.ts'
import { parseRingText, type RingMaterial, writeRingText } from './key-ring-text.ts'

/** Throws an `Error` that says what to do when the ring is missing, malformed, or readable by others. */
export function readKeyRing(settings: KeySettings): KeyRing {
  return new KeyRing(readRingMaterial(settings))
}

/** The same for commands that show or change the ring itself. */
export function readRingMaterial({ file, ring }: KeySettings): RingMaterial {
  if (file !== undefined && ring !== undefined) {
    throw new Error('key ring: both «keys.file» and «keys.ring» are given: remove one')
  }
  if (file !== undefined) return parseRingText(readPrivately(file).reveal())
  if (ring !== undefined) return parseRingText(ring)
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

/**
 * Puts a changed ring in the place of a file, whole or not at all: whoever opens the file finds the ring of
 * before or the one of after. The owner and a symbolic link to the file stay. Throws, with the file untouched,
 * when `change` does and when somebody else changes the ring at the same time.
 */
export function changeKeyRing(file: string, change: (ring: RingMaterial) => RingMaterial): RingMaterial {
  // Says what is wrong with the file before anything is made beside it.
  readPrivately(file)
  const place = realpathSync(file)
  const next = `${place}.next`
  // Made by one process only, and before the ring is read for good: no other change can be lost.
  const descriptor = openOr(next, 'wx', {
    EEXIST: `${next} exists: another change is under way, or one broke off; then remove it`,
    ...Object.fromEntries(['EACCES', 'EPERM', 'EROFS'].map((code) => [code, unwritable(place)])),
  })
  try {
    const changed = change(parseRingText(readPrivately(place).reveal()))
    writeFileSync(descriptor, writeRingText(changed).reveal())
    keepOwner(descriptor, place)
    fsyncSync(descriptor)
    renameSync(next, place)
    syncFolder(dirname(place))
    return changed
  } catch (error) {
    rmSync(next, { force: true })
    throw error
  } finally {
    closeSync(descriptor)
  }
}

function unwritable(file: string): string {
  return `the folder of ${file} cannot be written: change the ring with «--print», where it comes from`
}

/** A ring that an administrator rotates must still be read by the user whom the gateway runs as. */
function keepOwner(descriptor: number, file: string): void {
  const [made, before] = [fstatSync(descriptor), statSync(file)]
  if (made.uid !== before.uid || made.gid !== before.gid) fchownSync(descriptor, before.uid, before.gid)
}

/** Only then does the new name outlast a loss of power. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The text of a ring's file. Throws an `Error` that says what to do when it cannot be read, or others may use it. */
export function readPrivately(file: string): Secret {
  const descriptor = openOr(file, 'r', {
    ENOENT: `there is no ${file}: write it with «sallyport key generate»`,
    EACCES: `${file} may not be read by this user: make it the owner of the file`,
  })
  try {
    // The mode of what was opened, not of what the path may name a moment later.
    if (!isPrivate(fstatSync(descriptor), process.geteuid?.())) {
      throw new Error(`key ring: others than its owner may use ${file}: run «chmod 600 ${file}»`)
    }
    return new Secret(readFileSync(descriptor, 'utf8'))
  } finally {
    closeSync(descriptor)
  }
}

/**
 * For its owner alone; or the superuser's, and its group may read it: so an orchestrator hands a secret to a process
 * that owns no file.
 */
export function isPrivate({ mode, uid }: { mode: number; uid: number }, userId: number | undefined): boolean {
  const forbidden = uid === 0 && userId !== 0 ? 0o037 : 0o077
  return (mode & forbidden) === 0
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
