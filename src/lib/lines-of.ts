/**
 * Lines of a text that may come from anywhere: one that never ends costs no more memory than the longest that counts.
 * @module
 */

/** Every line without its end; of a longer one than `lengthMax` the first `lengthMax + 1` characters. */
export async function* linesOf(chunks: AsyncIterable<string>, lengthMax: number): AsyncGenerator<string> {
  let line = ''
  const grown = (more: string) => (line.length > lengthMax ? line : (line + more).slice(0, lengthMax + 1))
  for await (const chunk of chunks) {
    const [rest = '', ...lines] = chunk.split('\n')
    line = grown(rest)
    for (const next of lines) {
      yield line
      line = ''
      line = grown(next)
    }
  }
  if (line !== '') yield line
}
