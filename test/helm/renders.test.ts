/**
 * Every mode of the chart is what it was: the golden files are what a release consists of, to be read and reviewed.
 * `UPDATE_GOLDEN=1 npm run test:helm` writes them.
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { lint, plans, type Rendered, render, renderExample } from './chart.ts'

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
