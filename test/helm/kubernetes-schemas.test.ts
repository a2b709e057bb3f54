/**
 * Kubernetes would take every object as it is rendered: it fits the schema of its kind and has no field that the kind
 * does not know, which a schema alone lets pass.
 * @module
 */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type KubernetesObject, objectsOf, plans, render, renderExample } from './chart.ts'

const root = join(import.meta.dirname, '../..')

/** The package that has the kinds of an API group; those of Kubernetes itself are in `kubernetes-models`. */
const packages: Readonly<Record<string, string>> = {
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
}

/** The module of a kind: the packages are laid out by group, version and kind. */
function moduleOf({ apiVersion, kind }: KubernetesObject): string {
  const [group = ''] = apiVersion.split('/')
  return `${packages[group] ?? 'kubernetes-models'}/${apiVersion}/${kind}`
}

const rendered = [
  ...plans.map((plan) => ({ plan: `${plan}`, objects: objectsOf(render(plan)) })),
  { plan: 'the example', objects: objectsOf(renderExample(t)) },
]

/** What the schema of its kind says against an object; `undefined` when nothing. Throws where there is no such kind. */
async function complaintOf(object: KubernetesObject): Promise<string | undefined> {
  const models = await import(moduleOf(object))
  try {
    new models[object.kind](object).validate()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What the compiler says against objects that are written down as literals of their types. */
function unknownFields(objects: readonly KubernetesObject[]): string {
  const folder = mkdtempSync(join(root, 'node_modules/.cache/kubernetes-'))
  try {
    const source = objects.map(
      (object, index) =>
        `import type { I${object.kind} as T${index} } from '${moduleOf(object)}'\nexport const o${index}: T${index} = ${JSON.stringify(object, undefined, 1)}\n`,
    )
    writeFileSync(join(folder, 'objects.ts'), source.join('\n'))
    const compilerOptions = { module: 'nodenext', strict: true, noEmit: true, skipLibCheck: true, types: [] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['objects.ts'] }))
    // Without what tap loads into every process of Node, and adds to the environment of each.
    const words = ['-u', 'NODE_OPTIONS', 'tsc', '--project', folder]
    const { status, stdout, stderr } = spawnSync('env', words, { encoding: 'utf8' })
    return status === 0 ? '' : `${stdout}${stderr}exit code ${status}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}

for (const { plan, objects } of rendered) {
  t.test(`${plan}: every object fits the schema of its kind`, async (t) => {
    for (const object of objects) {
      t.equal(await complaintOf(object), undefined, `${object.kind} ${object.metadata.name}`)
    }
  })

  t.test(`${plan}: no object has a field that its kind does not know`, async (t) => {
    t.equal(unknownFields(objects), '')
  })
}

t.test('a wrong type and an unknown field would be found', async (t) => {
  const [deployment] = objectsOf(render('standalone')).filter(({ kind }) => kind === 'Deployment')
  if (deployment === undefined) throw new Error('no Deployment')
  const wrong = structuredClone(deployment)
  wrong.spec.template.spec.containers[0].ports[0].containerPort = 'eighty'
  t.match(await complaintOf(wrong), /containerPort/)
  const unknown = structuredClone(deployment)
  unknown.spec.template.spec.containers[0].lifecyle = {}
  t.match(unknownFields([unknown]), /lifecyle/)
})
