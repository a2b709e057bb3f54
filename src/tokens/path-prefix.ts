/**
 * What the path prefix of a token covers: itself, and whatever lies below it by whole segments.
 * @module
 */

/** `/v1/a` covers `/v1/a` and `/v1/a/b`, not `/v1/ab`. `path` is canonical, or a prefix itself. */
export function prefixCovers(prefix: string, path: string): boolean {
  if (!path.startsWith(prefix)) return false
  return prefix.endsWith('/') || path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f
}
