/**
 * Credentials in the query, for the routes that allow them: found whatever the case or encoding of the
 * parameter's name, and cut out of the query that goes on.
 * @module
 */

/** What was found, and the query without it. */
export interface SplitQuery {
  /** Raw values of all parameters of these names. */
  readonly found: readonly string[]
  /** Empty, or `?` and the remaining parameters, byte for byte. */
  readonly kept: string
}

/** Split off every parameter whose name, decoded and in lower case, is among `names`. */
export function splitQuery(query: string, names: ReadonlySet<string>): SplitQuery {
  if (query.length < 2) return { found: [], kept: query }
  const found: string[] = []
  const kept: string[] = []
  for (const part of query.slice(1).split('&')) {
    if (names.has(nameOf(part))) found.push(contentOf(part))
    // Servers that split at `;` too would find a credential here; with the `;` in it, it is none to us.
    else if (part.includes(';') && part.split(';').some((piece) => names.has(nameOf(piece)))) found.push(part)
    else kept.push(part)
  }
  if (found.length === 0) return { found, kept: query }
  return { found, kept: kept.length === 0 ? '' : `?${kept.join('&')}` }
}

function contentOf(part: string): string {
  const equals = part.indexOf('=')
  return equals === -1 ? '' : part.slice(equals + 1)
}

/** Without the spaces around it, which PHP drops. */
function nameOf(part: string): string {
  const [raw = ''] = part.split('=', 1)
  try {
    return decodeURIComponent(raw.replaceAll('+', ' ')).trim().toLowerCase()
  } catch {
    return raw.toLowerCase()
  }
}
