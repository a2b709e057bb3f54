/**
 * Whence this process acts, as the operating system tells it and nobody who is asked.
 * @module
 */

import { hostname, userInfo } from 'node:os'

/** `cli:alice@host1`, `gateway:uid-65532@host2`. */
export function processOrigin(program: 'cli' | 'gateway'): string {
  return `${program}:${processUser()}@${hostname()}`
}

/** A container often runs under a number that no login belongs to. */
export function processUser(): string {
  try {
    return userInfo().username
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`
  }
}
