/**
 * Every format of other services' tokens that can be imported.
 * @module
 */

import { djangoApiKey } from './django-api-key.ts'
import type { ForeignFormat } from './foreign-format.ts'
import { gocd } from './gocd.ts'
import { sentryDsn } from './sentry-dsn.ts'
import { sha256 } from './sha256.ts'

/** Cheap ones first, so that they are tried first. */
export const foreignFormats: readonly ForeignFormat[] = [sentryDsn, sha256, djangoApiKey, gocd]

/** The format of that name, from a line or a record. */
export function foreignFormatOf(name: unknown): ForeignFormat | undefined {
  return foreignFormats.find((format) => format.name === name)
}
