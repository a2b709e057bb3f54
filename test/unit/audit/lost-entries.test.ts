/**
 * What a restored record has lost is exactly what the export has behind their last common entry, and an export that may
 * leave something out is refused.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import type { AuditTrail } from '../../../src/audit/audit-trail.ts'
import { type ChainLink, emptyChain, extendChain } from '../../../src/audit/chain.ts'
import type { Deed } from '../../../src/audit/entry.ts'
import { lostEntries, UnfitExport } from '../../../src/audit/lost-entries.ts'
import { anySealer } from '../../support/act.ts'

/** `length` entries behind those that are given. */
function grown(chain: readonly ChainLink[], length: number, by: string): readonly ChainLink[] {
  const links = [...chain]
  while (links.length < chain.length + length) {
    const act = { at: links.length, by, origin: 'test', cause: 'a «cause» }' }
    const deed: Deed = links.length % 2 === 0 ? 'token_revoked' : 'subject_added'
    links.push(extendChain(links.at(-1) ?? emptyChain, anySealer, act, { deed, tokenId: `${links.length}` }))
  }
  return links
}

function trailOf(chain: readonly ChainLink[], keptFrom = 1): AuditTrail {
  const head = async () => ({ ...(chain.at(-1) ?? emptyChain), lastSeq: chain.length })
  const entries: AuditTrail['entries'] = async ({ after, limit }) =>
    chain.filter(({ seq }) => seq > after && seq >= keptFrom).slice(0, limit)
  return { head, entries } as Partial<AuditTrail> as AuditTrail
}

const linesOf = (chain: readonly ChainLink[]) =>
  chain.map(({ hash, entry }) => `{"hash":"${hash}","entry":${entry}}`)

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines
}

const seqs = (entries: readonly { readonly seq: number }[]) => entries.map(({ seq }) => seq)
const count = (max: number) => fc.nat({ max })

/** A record, what it had grown to when it was exported, from where the export goes, and what was done since the restore. */
const histories = fc.record({
  kept: count(12),
  lost: count(12),
  since: count(3),
  from: count(24),
  pruned: count(12),
})

t.test('finds what is behind the last common entry, wherever the export begins', async (t) => {
  const found = fc.asyncProperty(histories, async ({ kept, lost, since, from, pruned }) => {
    const common = grown([], kept, 'both')
    const exported = grown(common, lost, 'lost').slice(Math.min(from, kept))
    fc.pre(exported.length > 0 && (since === 0 || (lost > 0 && kept > 0)))
    const keptFrom = Math.min(pruned, kept, Math.min(from, kept)) + 1
    fc.pre(kept === 0 || keptFrom <= kept)
    const entries = await lostEntries(
      trailOf(grown(common, since, 'since'), keptFrom),
      each(linesOf(exported)),
    )
    return seqs(entries).join() === seqs(grown(common, lost, 'lost').slice(kept)).join()
  })
  await t.resolves(fc.assert(found, { numRuns: 500 }))
})

t.test('refuses an export that has a gap or was edited', async (t) => {
  const refused = fc.asyncProperty(
    count(8),
    fc.integer({ min: 3, max: 8 }),
    fc.nat(),
    async (kept, lost, place) => {
      const common = grown([], kept, 'both')
      const lines = linesOf(grown(common, lost, 'lost'))
      const inside = 1 + (place % (lines.length - 2))
      const line = lines[inside] ?? ''
      const at = place % line.length
      const edited = line.slice(0, at) + (line[at] === 'x' ? 'y' : 'x') + line.slice(at + 1)
      for (const broken of [
        lines.toSpliced(inside, 1),
        lines.with(inside, edited),
        lines.with(inside, lines[0] ?? ''),
      ]) {
        const attempt = lostEntries(trailOf(common), each(broken))
        const error = await attempt.then(
          () => undefined,
          (error) => error,
        )
        if (!(error instanceof UnfitExport)) return false
      }
      return true
    },
  )
  await t.resolves(fc.assert(refused, { numRuns: 300 }))
})

t.test('refuses an export of another record, an older one, one that begins too late, and none', async (t) => {
  const record = grown([], 5, 'this')
  for (const [lines, message] of [
    [grown([], 9, 'another'), /shares no entry/],
    [record.slice(0, 4), /older than the backup/],
    [grown(record, 5, 'this').slice(6), /shares no entry/],
    [[], /has no entry/],
  ] as const)
    await t.rejects(lostEntries(trailOf(record), each(linesOf(lines))), { name: 'UnfitExport', message })
  t.strictSame(await lostEntries(trailOf(record), each(linesOf(record))), [])
})
