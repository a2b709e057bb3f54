/**
 * Reads a list of items as RFC 9651 section 4.2 does, as far as strings and integers go; throws for all else.
 * @module
 */

export interface StringItem {
  readonly value: string
  readonly parameters: ReadonlyMap<string, number>
}

export function parseItems(field: string): readonly StringItem[] {
  const items: StringItem[] = []
  let rest = field
  const take = (pattern: RegExp): readonly string[] | undefined => {
    const match = pattern.exec(rest)
    if (match === null) return undefined
    rest = rest.slice(match[0].length)
    return match
  }
  while (rest !== '') {
    const [, value] = take(/^"([\x20\x21\x23-\x5b\x5d-\x7e]*)"/) ?? []
    if (value === undefined) throw new Error(`no string at «${rest}»`)
    const parameters = new Map<string, number>()
    for (
      let pair = take(/^;([a-z*][a-z0-9_.*-]*)=(-?\d{1,15})/);
      pair;
      pair = take(/^;([a-z*][a-z0-9_.*-]*)=(-?\d{1,15})/)
    ) {
      parameters.set(pair[1] ?? '', Number(pair[2]))
    }
    items.push({ value, parameters })
    if (rest !== '' && take(/^[ \t]*,[ \t]*(?=.)/) === undefined) throw new Error(`no comma at «${rest}»`)
  }
  return items
}
