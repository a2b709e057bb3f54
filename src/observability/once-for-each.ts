/**
 * Makes a thing once for each key and gives the same one ever after.
 * @module
 */

/** `make`, remembered without limit: the keys must be bounded. */
export function onceForEach<Key, Value extends object>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>()
  return (key) => {
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(key)
    made.set(key, value)
    return value
  }
}
