/**
 * The proxies that may ask. Each proves itself with a secret; comparing takes as long whatever is presented.
 * @module
 */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../../lib/secret.ts'

/** The name of the proxy that a secret is of; `undefined` for nobody's. */
export type FindProxy = (presented: string) => string | undefined

/** Throws a `RangeError` for a secret that anybody could guess. */
export function compileAskingProxies(proxies: ReadonlyMap<string, Secret>): FindProxy {
  const digests = [...proxies].map(([name, secret]) => {
    if (secret.reveal().length < 16)
      throw new RangeError(`the secret of proxy ${name} is shorter than 16 characters`)
    return [name, digestOf(secret.reveal())] as const
  })
  return (presented) => {
    const digest = digestOf(presented)
    let found: string | undefined
    for (const [name, known] of digests) if (timingSafeEqual(digest, known)) found = name
    return found
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
