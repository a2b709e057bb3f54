/**
 * Text with `{name}` in it, filled in from what is known at the time.
 * @module
 */

/** The text; `undefined` when `find` does not know one of the names. */
export type Template = (find: (name: string) => string | undefined) => string | undefined

/** Throws a `RangeError` that says which `{name}` is not among `names`, which are `what`. */
export function compileTemplate(template: string, names: readonly string[], what: string): Template {
  const parts = template.split(/\{([^{}]*)\}/)
  const unknown = parts.find((part, index) => index % 2 === 1 && !names.includes(part))
  if (unknown !== undefined) throw new RangeError(`{${unknown}} is no ${what}`)
  if (parts.length === 3 && parts[0] === '' && parts[2] === '') {
    const name = parts[1] ?? ''
    return (find) => find(name)
  }
  return (find) => {
    const texts = parts.map((part, index) => (index % 2 === 1 ? find(part) : part))
    return texts.includes(undefined) ? undefined : texts.join('')
  }
}
