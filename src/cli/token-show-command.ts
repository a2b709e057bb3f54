/**
 * `token show`: one token, and the tokens that it came from and that came from it.
 * @module
 */

import type { Command } from 'commander'
import { systemClock } from '../lib/clock.ts'
import { type Token, tokenState } from '../tokens/token.ts'
import { entryDocument, entryLine } from './audit-document.ts'
import { unknownToken } from './failure.ts'
import { type ConfigOption, type JsonOption, withConfig, withExamples, withJson } from './options.ts'
import { readSettings } from './read-settings.ts'
import { note, printFields, printJson } from './terminal.ts'
import { readTokenChain, type TokenChain } from './token-chain.ts'
import { isoTime, tokenDocument, tokenFields } from './token-document.ts'
import { withRecord } from './with-record.ts'

/** Entries of the audit record that are shown with a token. */
const actsMax = 20

export function addTokenShow(token: Command): void {
  const command = token
    .command('show <id>')
    .description('Show what is recorded of a token and of its relations; its text is not.')
    .action(show)
  withExamples(withJson(withConfig(command)), 'token show 0198c2f0-5b1e-7cc4-9a51-3f6f8d0f1c11')
}

async function show(id: string, { config, json }: ConfigOption & JsonOption): Promise<void> {
  const { store } = readSettings(config).settings
  const found = await withRecord(store, async (registry) => {
    const token = await registry.showToken(id)
    return (
      token && {
        token,
        chain: await readTokenChain(registry, token),
        acts: await registry.audit.ofToken(id, actsMax),
      }
    )
  })
  if (found === undefined) throw unknownToken(id)
  const now = systemClock.now()
  const { token, chain, acts } = found
  if (json) {
    const audit = acts.map(entryDocument)
    return printJson({ ...tokenDocument(token, now), chain: chainDocument(chain, now), audit })
  }
  printFields({ ...tokenFields(token, now), ...chainFields(chain, now) })
  for (const act of acts) note(entryLine(act))
}

function chainDocument({ parents, derived, predecessors, successors, isCut }: TokenChain, now: number) {
  const link = (token: Token) => ({
    id: token.id,
    state: tokenState(token, now),
    createdAt: isoTime(token.createdAt),
    expiresAt: isoTime(token.expiresAt),
  })
  return {
    parents: parents.map(link),
    derived: derived.map(link),
    predecessors: predecessors.map(link),
    successors: successors.map(link),
    isCut,
  }
}

/** Nearest first, as they would be asked for one after the other. */
function chainFields(chain: TokenChain, now: number): Record<string, string> {
  const { parents, derived, predecessors, successors, isCut } = chain
  const lines = { 'derived from': parents, derived, 'rotated from': predecessors, 'rotated to': successors }
  const told = Object.entries(lines).flatMap(([name, tokens]) =>
    tokens.length === 0
      ? []
      : [[name, tokens.map((token) => `${token.id} (${tokenState(token, now)})`).join(', ')]],
  )
  return { ...Object.fromEntries(told), ...(isCut && { 'and more': 'show the last ones to go on' }) }
}
