/**
 * What a command says: results on standard output, notes and failures on standard error. Colours only where
 * a person reads, and no text from a record can move the cursor.
 * @module
 */

import { once } from 'node:events'
import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Results, for people and for pipes. Ends with a line break. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Much text, as fast as whoever reads takes it. Ends quietly when nobody does any more. */
export async function writeOut(text: string): Promise<void> {
  if (process.stdout.write(text) || process.stdout.destroyed) return
  await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')])
}

/** One JSON document, for scripts. */
export function printJson(document: unknown): void {
  print(JSON.stringify(document, undefined, process.stdout.isTTY ? 2 : undefined))
}

/** What is good to know and not part of the result. */
export function note(text: string): void {
  process.stderr.write(`${styled('dim', text, process.stderr)}\n`)
}

export function warn(text: string): void {
  process.stderr.write(`${styled('yellow', text, process.stderr)}\n`)
}

/** Its line breaks stay: a problem in each line. */
export function complain(text: string): void {
  const lines = text.split('\n').map(printable).join('\n')
  process.stderr.write(`${styled('red', 'sallyport:', process.stderr)} ${lines}\n`)
}

/** The text in a style, where `stream` is a terminal that wants colours. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream })
}

/** Rows under their headings, each column as wide as its widest cell. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const safe = rows.map((row) => row.map(printable))
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...safe.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  print(styled('bold', line(headings)))
  for (const row of safe) print(line(row))
}

/** Names and their values, one pair a line, aligned. */
export function printFields(fields: Readonly<Record<string, string>>): void {
  const width = Math.max(...Object.keys(fields).map((name) => name.length))
  for (const [name, value] of Object.entries(fields)) {
    print(`${styled('bold', name.padEnd(width))}  ${printable(value)}`)
  }
}

/** Control characters as `\u001b`: a description must not be able to write on the rest of the screen. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
}
