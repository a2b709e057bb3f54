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

/** Where the packages have each kind that the chart makes. */
const modules: Readonly<Record<string, string>> = {
  ConfigMap: 'kubernetes-models/v1/ConfigMap',
  Deployment: 'kubernetes-models/apps/v1/Deployment',
  HTTPRoute: '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute',
  HorizontalPodAutoscaler: 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler',
  Ingress: 'kubernetes-models/networking.k8s.io/v1/Ingress',
  Job: 'kubernetes-models/batch/v1/Job',
  NetworkPolicy: 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy',
  PodDisruptionBudget: 'kubernetes-models/policy/v1/PodDisruptionBudget',
  PodMonitor: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor',
  PrometheusRule: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule',
  Service: 'kubernetes-models/v1/Service',
  ServiceAccount: 'kubernetes-models/v1/ServiceAccount',
  ServiceMonitor: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor',
}

const rendered = [
  ...plans.map((plan) => ({ plan: `${plan}`, objects: objectsOf(render(plan)) })),
  { plan: 'the example', objects: objectsOf(renderExample(t)) },
]

/** What the schema of its kind says against an object; `undefined` when nothing. */
async function complaintOf(object: KubernetesObject): Promise<string | undefined> {
  const place = modules[object.kind]
  if (place === undefined) return `no schema of ${object.kind} is known here`
  const models = await import(place)
  const model = new models[object.kind](object)
  if (model.apiVersion !== object.apiVersion || models[object.kind].apiVersion !== object.apiVersion) {
    return `${object.apiVersion} is not the version of the schema`
  }
  try {
    model.validate()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What the compiler says against objects that are written down as literals of their types. */
function unknownFields(objects: readonly KubernetesObject[]): string {
  const folder = mkdtempSync(join(root, 'node_modules/.cache/kubernetes-'))
  try {
    const source = objects.map((object, index) => {
      const place = modules[object.kind]
      return `import type { I${object.kind} as T${index} } from '${place}'\nexport const o${index}: T${index} = ${JSON.stringify(object, undefined, 1)}\n`
    })
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
