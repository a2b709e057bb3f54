/**
 * Reads values that come back from a database. What is not of the form that was written throws, because a
 * default in its place could grant what nobody granted. Errors name the column and never show the value.
 * @module
 */

import type { Bindings } from '../token.ts'

/** A row as a driver yields it. */
export type StoredRow = Readonly<Record<string, unknown>>

export function textIn(row: StoredRow, column: string): string {
  const value = row[column]
  return typeof value === 'string' ? value : fail(column)
}

/** Text, or `undefined` where the column is null. */
export function optionalTextIn(row: StoredRow, column: string): string | undefined {
  return row[column] === null ? undefined : textIn(row, column)
}

/** One of the words that this program knows. */
export function wordIn<Word extends string>(row: StoredRow, column: string, known: readonly Word[]): Word {
  return known.find((word) => word === row[column]) ?? fail(column)
}

/** A version of the change clock: a whole number that JavaScript counts exactly. */
export function versionIn(row: StoredRow, column: string): number {
  const version = Number(textOrNumber(row[column]) ?? fail(column))
  return Number.isSafeInteger(version) ? version : fail(column)
}

/** A number of rows; PostgreSQL's come as text. */
export function countIn(row: StoredRow, column: string): number {
  return versionIn(row, column)
}

export function asTextList(value: unknown, column: string): readonly string[] {
  return isTextList(value) ? value : fail(column)
}

export function asBindings(value: unknown, column: string): Bindings {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(column)
  return Object.fromEntries(Object.entries(value).map(([key, values]) => [key, asTextList(values, column)]))
}

/** Throws what all readers throw for a value that nobody can have written. */
export function fail(column: string): never {
  throw new Error(`the store holds an unreadable value in «${column}»`)
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function textOrNumber(value: unknown): string | number | undefined {
  return typeof value === 'string' || typeof value === 'number' ? value : undefined
}
