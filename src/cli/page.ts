/**
 * Lists that may be long, page by page: one row more than asked for says whether there is a next page.
 * @module
 */

import { type Command, InvalidArgumentError } from 'commander'
import { isRecordId } from '../tokens/record-id.ts'
import { limitArgument } from './options.ts'
import { note } from './terminal.ts'

export interface PageOptions {
  readonly limit: number
  readonly after?: string
}

export function withPage(command: Command): Command {
  return command
    .option('--limit <number>', 'rows of a page', limitArgument, 100)
    .option('--after <id>', 'begin after this row, the last of the page before', idArgument)
}

/** The rows of the page, and the id that the next page begins after. */
export function pageOf<Row extends { readonly id: string }>(
  found: readonly Row[],
  limit: number,
): { readonly rows: readonly Row[]; readonly next: string | null } {
  const rows = found.slice(0, limit)
  return { rows, next: found.length > limit ? (rows.at(-1)?.id ?? null) : null }
}

/** Tells a person how to go on. */
export function nextPage(next: string | null): void {
  if (next !== null) note(`There are more: add --after ${next}`)
}

function idArgument(text: string): string {
  if (!isRecordId(text)) throw new InvalidArgumentError('Write an id as the list shows it.')
  return text
}
