/**
 * The headers that a proxy takes from an answer over, as its settings say. It sets those that the answer has, and removes
 * those that the answer lacks; all others it sends as the client did.
 * @module
 */

import { type Refusal, refuse } from '../request/refusal.ts'
import type { HeaderPairs } from '../rewrite/identity-headers.ts'
import type { Rewriting } from './rewriting.ts'

export interface CopiedHeaders {
  /** Why the rewriting is more than these headers can say. With `removesAny`, what is to be removed needs no copy. */
  problemOf(rewriting: Rewriting, removesAny: boolean): Refusal | undefined
  /** The lines of the answer. Only for a rewriting without a problem. */
  linesOf(rewriting: Rewriting): HeaderPairs
}

const otherTarget = refuse('undecidable', 'the target is to go up otherwise than the asking proxy has it')

/** `names` are in lower case; one that ends with `*` stands for all that begin so. */
export function compileCopiedHeaders(names: readonly string[]): CopiedHeaders {
  const exact = new Set(names.filter((name) => !name.endsWith('*')))
  const prefixes = names.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1))
  const isCopied = (name: string) => exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix))

  return {
    problemOf({ isTargetSame, changed, lines }, removesAny) {
      if (!isTargetSame) return otherTarget
      for (const name of changed) {
        if (!isCopied(name) && !(removesAny && !lines.has(name)))
          return refuse('undecidable', `${name} is to go up otherwise, and is none of the proxy's copies`)
      }
      const twice = [...lines].find(([name, values]) => values.length > 1 && isCopied(name))
      return twice && refuse('undecidable', `${twice[0]} is to go up twice, and the proxy copies one line`)
    },
    linesOf: ({ lines }) =>
      [...lines].flatMap(([name, [value = '']]) => (isCopied(name) ? [name, value] : [])),
  }
}
