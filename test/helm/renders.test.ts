/**
 * Every mode of the chart is what it was: the golden files are what a release consists of, to be read and reviewed.
 * `UPDATE_GOLDEN=1 npm run test:helm` writes them.
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { lint, plans, type Rendered, render, renderAlone, renderExample } from './chart.ts'

const root = join(import.meta.dirname, '../..')

function compare(t: Test, name: string, rendered: Rendered): void {
  const file = join(import.meta.dirname, 'golden', `${name}.yaml`)
  if (!rendered.ok) {
    t.fail(rendered.error)
    return
  }
  if (process.env.UPDATE_GOLDEN !== undefined) writeFileSync(file, rendered.text)
  t.equal(rendered.text, readFileSync(file, 'utf8'), `golden/${name}.yaml holds what is rendered`)
}

for (const plan of plans) {
  t.test(`the chart with values/${plan}.yaml passes lint and renders its golden file`, async (t) => {
    const { ok, output } = lint(t, plan)
    t.ok(ok, output)
    compare(t, plan, render(plan))
  })
}

t.test('the example passes lint and renders its golden file', async (t) => {
  const { ok, output } = lint(t)
  t.ok(ok, output)
  compare(t, 'legacy-service', renderExample(t))
})

t.test('a Kubernetes that is too old is refused', async (t) => {
  const rendered = render('standalone', {}, '1.29.5')
  t.match(rendered, { ok: false, error: /requires kubeVersion/ })
})

t.test(
  'the values that the page on Kubernetes shows are enough, and the example includes what it shows',
  async (t) => {
    const page = readFileSync(join(root, 'docs/kubernetes.md'), 'utf8')
    const shownValues = Array.from(
      page.matchAll(/^```yaml\n(# values\.yaml\n.*?)^```/gms),
      ([, text = '']) => text,
    )
    t.equal(shownValues.length, 2)
    for (const values of shownValues) t.match(renderAlone(parse(values)), { ok: true })
    const example = join(root, 'helm/examples/legacy-service/templates/deployment.yaml')
    const text = readFileSync(example, 'utf8')
    const shown = page.split('\n').filter((line) => line.includes('"sallyport.sidecar.'))
    t.equal(shown.length, 6)
    for (const line of shown) t.ok(text.includes(line.trim()), line.trim())
  },
)
