/**
 * What a request for a build key says: which project it is for, perhaps which build, and for how long. What is misspelt or
 * left over is a problem, so that no restriction is lost on the way.
 * @module
 */

import type { MintingSettings } from '../../config/schema/profiles/readthedocs.ts'
import { parseDuration } from '../../lib/duration.ts'
import { parseObject } from '../../tokens/foreign/parse-object.ts'

export interface MintRequest {
  /** Slug; never `*`, which would be every project. */
  readonly project: string
  /** Of this build alone; omitted, of every build of the project. */
  readonly build: string | undefined
  readonly lifetimeMs: number
}

const slug = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/
const buildId = /^[1-9]\d{0,18}$/
const names = ['project', 'build', 'lifetime']
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The request, or a sentence on what is wrong with it. */
export function readMintRequest(bytes: Buffer, limits: MintingSettings): MintRequest | string {
  const fields = parseObject(textOf(bytes))
  if (typeof fields === 'string') return 'Expected one JSON object with a project.'
  if (Object.keys(fields).some((name) => !names.includes(name)))
    return 'Expected project, build and lifetime alone.'
  const { project, build } = fields
  if (typeof project !== 'string' || !slug.test(project)) return 'project must be the slug of a project.'
  const id = typeof build === 'number' && Number.isSafeInteger(build) ? String(build) : build
  if (id !== undefined && (typeof id !== 'string' || !buildId.test(id)))
    return 'build must be the id of a build.'
  const lifetimeMs = lifetimeOf(fields.lifetime, limits)
  if (lifetimeMs === undefined) {
    return `lifetime must be a duration such as 45m or 3h, of ${limits.lifetimeMax / 60_000}m at most.`
  }
  return { project, build: id, lifetimeMs }
}

function lifetimeOf(given: unknown, { lifetime, lifetimeMax }: MintingSettings): number | undefined {
  if (given === undefined) return lifetime
  if (typeof given !== 'string' || !/^\d{1,9}[smh]$/.test(given)) return undefined
  const lifetimeMs = parseDuration(given)
  return lifetimeMs > 0 && lifetimeMs <= lifetimeMax ? lifetimeMs : undefined
}

/** What is not UTF-8 is not JSON either. */
function textOf(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    return ''
  }
}
