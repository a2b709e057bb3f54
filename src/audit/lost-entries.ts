/**
 * What a record that was put back to a backup has lost, from an export of the audit record that goes further. An export
 * that has a gap, was edited, is of another record or ends too early is refused: what it leaves out may be a revocation.
 * @module
 */

import type { AuditTrail } from './audit-trail.ts'
import { emptyChain, hashOf } from './chain.ts'
import { type AuditEntry, decodeEntry } from './entry.ts'

const pageRows = 1_000

/** An export that cannot be gone by. The message is for people. */
export class UnfitExport extends Error {
  override readonly name = 'UnfitExport'
}

interface Place {
  readonly seq: number
  readonly hash: string
}

/**
 * The entries of the export behind the last one that it shares with the record, oldest first. `lines` are those of
 * `audit export`. Holds what is lost in memory, and no more. Throws `UnfitExport`, and `StoreUnavailable`.
 */
export async function lostEntries(
  trail: AuditTrail,
  lines: AsyncIterable<string>,
): Promise<readonly AuditEntry[]> {
  const { seq: end } = await trail.head()
  const hashAt = hashesOf(trail, end)
  const lost: AuditEntry[] = []
  let last: Place | undefined
  let isOfRecord = false
  let number = 0
  for await (const line of lines) {
    number++
    const { entry, hash } = readLine(line, number)
    const { seq, previous } = entry
    if (last === undefined) isOfRecord = (await hashAt(seq - 1)) === previous
    else if (seq !== last.seq + 1 || previous !== last.hash) {
      throw new UnfitExport(
        `line ${number} does not follow the line before: something is missing between them`,
      )
    }
    if ((await hashAt(seq)) === hash) {
      isOfRecord = true
      lost.length = 0
    } else if (seq > end || isOfRecord) lost.push(entry)
    last = { seq, hash }
  }
  if (last === undefined) throw new UnfitExport('it has no entry')
  if (!isOfRecord) {
    throw new UnfitExport(
      `it shares no entry with the record, which ends with entry ${end}: export from further back`,
    )
  }
  if (lost.length === 0 && last.seq < end) {
    throw new UnfitExport(
      `it ends with entry ${last.seq}, and the record with ${end}: it is older than the backup`,
    )
  }
  return lost
}

/** The text of an entry is hashed as it stands in its line. */
function readLine(line: string, number: number): { readonly entry: AuditEntry; readonly hash: string } {
  const [, hash, text = ''] = /^\{"hash":"([0-9a-f]{64})","entry":(\{.*\})\}$/s.exec(line) ?? []
  const entry = decodeEntry(text)
  if (hash === undefined || entry === undefined || hashOf(text) !== hash) {
    throw new UnfitExport(`line ${number} is no whole entry as «audit export» prints it`)
  }
  return { entry, hash }
}

/** The hash of the entry of each number, where the record has it; asked for in rising order, a page at a time. */
function hashesOf(trail: AuditTrail, end: number): (seq: number) => Promise<string | undefined> {
  let page = new Map<number, string>()
  let readTo = 0
  return async (seq) => {
    if (seq === 0) return end === 0 ? emptyChain.hash : undefined
    if (seq > end) return undefined
    if (seq > readTo) {
      const found = await trail.entries({ after: seq - 1, limit: pageRows })
      page = new Map(found.map(({ seq, hash }) => [seq, hash]))
      readTo = seq + pageRows - 1
    }
    return page.get(seq)
  }
}
