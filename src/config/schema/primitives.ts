/**
 * The scalar forms that the configuration is written in. Numbers and switches are accepted as text too,
 * because a value taken from the environment is text.
 * @module
 */

import { z } from 'zod'
import { parseByteSize } from '../../lib/byte-size.ts'
import { parseDuration } from '../../lib/duration.ts'

/** The longest delay that a timer of the runtime keeps; a longer one would fire at once. */
const timerMsMax = 2 ** 31 - 1

const ageMsMax = 36_500 * 86_400_000

/** A duration such as `250ms`, `30s`, `5m`, `3h`, `7d`; yields milliseconds. Zero often means «no limit», so it has to be asked for. */
export const duration = ({ zero = false } = {}) =>
  z
    .string()
    .regex(/^\d{1,9}(ms|s|m|h|d)$/, 'expected a duration such as 500ms, 30s, 5m, 3h or 7d')
    .transform(parseDuration)
    .refine((ms) => ms <= timerMsMax, 'expected at most 24d')
    .refine((ms) => zero || ms > 0, 'expected a duration longer than zero')

/** An age that something must have, which no timer waits for: longer than nothing, and at most a hundred years. */
export const age = () =>
  z
    .string()
    .regex(/^\d{1,9}(ms|s|m|h|d)$/, 'expected a duration such as 12h, 90d or 400d')
    .transform(parseDuration)
    .refine((ms) => ms <= ageMsMax, 'expected at most 36500d')
    .refine((ms) => ms > 0, 'expected a duration longer than zero')

/** A size such as `512B`, `64KiB`, `1MiB`; yields bytes. */
export const byteSize = () =>
  z
    .string()
    .regex(/^\d{1,6}(B|KiB|MiB|GiB)$/, 'expected a size such as 512B, 64KiB, 1MiB or 1GiB')
    .transform(parseByteSize)

/** A whole number between `min` and `max`, as a number or as decimal text. */
export const count = (min: number, max: number) =>
  z
    .union([z.int().min(min).max(max), z.string().regex(/^\d+$/, 'expected a whole number')], {
      error: `expected a whole number from ${min} to ${max}`,
    })
    .transform(Number)
    .pipe(z.int().min(min).max(max))

/** A switch, as a boolean or as the text `true` or `false`. */
export const flag = () =>
  z
    .union([z.boolean(), z.enum(['true', 'false'])], { error: 'expected true or false' })
    .transform((value) => value === true || value === 'true')

/** A CIDR block or a single address; its exact grammar is checked when it is compiled. */
export const cidr = () =>
  z.string().regex(/^[0-9a-fA-F.:]+(\/\d{1,3})?$/, 'expected an address or a CIDR block such as 10.0.0.0/8')

/** A name that appears in metrics and logs. */
export const name = () =>
  z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'expected 1 to 64 lower-case letters, digits, «.», «_» or «-»')

/** A header field name (letters, digits and `-`), kept in lower case. */
export const headerName = () =>
  z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'expected a header name of letters, digits and «-»')
    .transform((text) => text.toLowerCase())
