/**
 * Whether two responses say the same: status, reason, body and headers, whatever the order of the headers, but
 * for what is written down here.
 * @module
 */

import type { RawAnswer } from '../support/raw-request.ts'

/** Belong to a connection, not to the response. */
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding'])

/** Values that no two responses share. That both have the header is compared. */
const volatile = new Set([
  'date',
  'x-trans-id',
  'x-openstack-request-id',
  'x-timestamp',
  'last-modified',
  'x-copied-from-last-modified',
  'x-auth-token',
  'x-storage-token',
  'x-auth-token-expires',
])

/** Lists whose order means nothing. */
const unordered = new Set(['allow', 'access-control-allow-methods', 'vary'])

export interface Comparison {
  /** Names that the two requests were made for, which count as one: those of the accounts, say. */
  readonly alike?: readonly string[]
  /** Names in lower case of headers that only the second response may have. */
  readonly added?: readonly string[]
  /** Names of headers are spelled alike, too, and stand in the same order. */
  readonly isExact?: boolean
}

/** One sentence for each difference; none when the responses say the same. */
export function differences(
  expected: RawAnswer,
  actual: RawAnswer,
  { alike = [], added = [], isExact = false }: Comparison = {},
): readonly string[] {
  const same = (text: string) => alike.reduce((known, name) => known.replaceAll(name, '«alike»'), text)
  const [before, after] = [headersOf(expected, same, []), headersOf(actual, same, added)]
  const names = new Set([...before.keys(), ...after.keys()])
  return [
    differ('status', expected.status, actual.status),
    differ('reason', expected.statusText, actual.statusText),
    ...[...names].map((name) => differ(name, before.get(name), after.get(name))),
    isExact ? differ('order', spellingOf(expected, same), spellingOf(actual, same)) : undefined,
    differ('body', bodyOf(expected, same), bodyOf(actual, same)),
  ].filter((difference) => difference !== undefined)
}

function differ(what: string, expected: unknown, actual: unknown): string | undefined {
  const [one, other] = [JSON.stringify(expected), JSON.stringify(actual)]
  return one === other ? undefined : `${what}: ${one} became ${other}`
}

function headersOf(
  { headers }: RawAnswer,
  same: (text: string) => string,
  left: readonly string[],
): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  for (const [given, value] of headers) {
    const name = same(given.toLowerCase())
    if (hopByHop.has(name) || left.includes(name)) continue
    found.set(name, [...(found.get(name) ?? []), comparable(name, same(value))].toSorted())
  }
  return found
}

/** The names of headers as they are, where they are. */
function spellingOf({ headers }: RawAnswer, same: (text: string) => string): readonly string[] {
  return headers.map(([name]) => same(name)).filter((name) => !hopByHop.has(name.toLowerCase()))
}

function comparable(name: string, value: string): string {
  if (volatile.has(name)) return '«some»'
  if (unordered.has(name)) return value.split(/, */).toSorted().join()
  return withoutTimes(value)
}

function bodyOf({ body }: RawAnswer, same: (text: string) => string): string {
  return withoutTimes(same(body.toString('latin1')))
}

/** Without the times of objects in listings, and those in the names of their former versions. */
function withoutTimes(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?/g, '«time»')
    .replace(/\b\d{10}\.\d{5}\b/g, '«time»')
}
