/**
 * How far the heap may grow between two collections of all of it. The bodies that clients send are memory outside of the
 * heap which counts towards that; with V8's own measure a fast upload has a small heap collected several times a second.
 * @module
 */

import { setFlagsFromString } from 'node:v8'

const percent = 200

/** For the whole process. An operator's own flag stands. */
export function letHeapGrow(): void {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ')
  if (!/--heap[-_]growing[-_]percent/.test(given)) setFlagsFromString(`--heap-growing-percent=${percent}`)
}
