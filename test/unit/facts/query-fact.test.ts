/**
 * A value in the query counts only where no server could read another one under the name.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { queryFact } from '../../../src/facts/query-fact.ts'

const fact = (query: string) => queryFact(query, 'project__slug')

t.test('a parameter that stands once says its value, however it is spelled', async (t) => {
  const spellings = [
    '?project__slug=pip',
    '?a=1&project__slug=pip&b',
    '?&&project__slug=pip&',
    '?%70roject__slug=%70ip',
    '?project%5f%5Fslug=pip',
    '?a=project__slug&project__slug=pip',
    '?a;b=c&project__slug=pip',
  ]
  for (const query of spellings) t.equal(fact(query), 'pip', query)
  t.equal(fact('?project__slug=a%20b+c'), 'a b c')
  t.equal(fact('?project__slug=a=b'), 'a=b')
  t.equal(fact('?project__slug=%C3%A9'), 'é')
})

t.test('a query in which a server could find another value says nothing', async (t) => {
  const unclear = [
    '?project__slug=pip&project__slug=pip',
    '?project__slug=pip&project__slug=tox',
    '?project__slug=pip&%70roject__slug=tox',
    '?project__slug=pip&Project__Slug=tox',
    '?project__slug=pip&+project__slug=tox',
    '?project__slug=pip&project.%5fslug=tox',
    '?project__slug=pip&project__slug[]=tox',
    '?project__slug=pip&project[_slug=tox',
    '?project__slug=pip;project__slug=tox',
    '?project__slug=pip;x',
    '?x;project__slug=pip',
    '?x=1;project__slug=tox&project__slug=pip',
    '?project__slug=pip&x=%ff',
    '?project__slug=%ff',
    '?project__slug=pip%',
    '?project__slug=pip%00tox',
    '?project__slug%00=pip',
    '?project__slug=pip%0a',
  ]
  for (const query of unclear) t.equal(fact(query), undefined, query)
})

t.test('no such parameter, and one without a value, say nothing', async (t) => {
  for (const query of ['', '?', '?project__slug', '?project__slug=', '?slug=pip', '?PROJECT__SLUG=pip'])
    t.equal(fact(query), undefined, query)
})

t.test(
  'whatever it says, a server that takes the first and one that takes the last read the same',
  async () => {
    const piece = fc.constantFrom(
      'project__slug',
      '%70roject__slug',
      'pip',
      'tox',
      '=',
      '&',
      ';',
      '+',
      '%',
      '[',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const query = `?${pieces.join('')}`
        const said = fact(query)
        if (said === undefined) return
        for (const splitter of ['&', /[&;]/]) {
          const values = query
            .slice(1)
            .split(splitter)
            .flatMap((part) => [...new URLSearchParams(part).entries()])
            .filter(([name]) => name === 'project__slug')
            .map(([, value]) => value)
          if (values.length !== 1 || values[0] !== said)
            throw new Error(`${query}: ${values}, and not ${said}`)
        }
      }),
    )
  },
)
