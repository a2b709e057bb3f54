/**
 * «Did you mean …?»: the known name that a mistyped one is closest to.
 * @module
 */

/** `undefined` when no name is near enough to be worth suggesting: a third of the letters, and at most two, may differ. */
export function nearestName(mistyped: string, names: readonly string[]): string | undefined {
  // A distance costs the product of both lengths; nobody mistypes a name that is this long.
  if (mistyped.length > 64) return undefined
  const allowed = Math.min(2, Math.ceil(mistyped.length / 3))
  let best: string | undefined
  let bestDistance = allowed + 1
  for (const name of names) {
    const distance = editDistance(mistyped.toLowerCase(), name.toLowerCase())
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

/** Levenshtein distance: how many letters must be added, dropped or replaced. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [above, letter] of [...from].entries()) {
    const next = [above + 1]
    for (const [left, other] of [...to].entries()) {
      const replaced = (row[left] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, (row[left + 1] ?? 0) + 1, (next[left] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
