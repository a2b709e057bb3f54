/**
 * What docs/kubernetes.md says to type fits the chart: images, Secrets and objects have these names, and the token that
 * its last command issues opens the gateway.
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { request } from '../support/raw-request.ts'
import { recordingUpstream } from '../support/recording-upstream.ts'
import { chartFolder, objectsOf, only, renderAlone, type Values } from './chart.ts'
import { deploy, started } from './deploy.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/kubernetes.md'), 'utf8')
const installing = page.split('\n## Installing\n')[1]?.split('\n## ')[0] ?? ''
const commands = Array.from(installing.matchAll(/^```sh\n(.*?)^```/gms), ([, block = '']) => block).join('')
const shown = parse(/^```yaml\n(.*?)^```/ms.exec(installing)?.[1] ?? '')
const defaults = parse(readFileSync(join(chartFolder, 'values.yaml'), 'utf8'))

t.test('the image that is built is the one that is run', async (t) => {
  const { appVersion } = parse(readFileSync(join(chartFolder, 'Chart.yaml'), 'utf8'))
  const image = `${shown.image.repository}:${appVersion}`
  t.strictSame(
    Array.from(commands.matchAll(/^docker (?:build --tag|push) (\S+)/gm), ([, name]) => name),
    [image, image],
  )
  t.ok(JSON.stringify(objectsOf(renderAlone(shown))).includes(`"image":"${image}"`))
})

t.test('every Secret is made that the values name, with the key that is read', async (t) => {
  const made = Array.from(
    commands.matchAll(/^kubectl create secret generic (\S+) --from-file=(\S+)=/gm),
    ([, name, key]) => ({ name, key }),
  )
  const read = Object.keys(shown.secrets).map((secret) => ({
    ...defaults.secrets[secret],
    ...shown.secrets[secret],
  }))
  t.strictSame(made, read)
})

t.test('the objects that are named are there', async (t) => {
  const names = objectsOf(renderAlone(shown)).map(
    ({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name.replace('demo-', 'gateway-')}`,
  )
  const asked = Array.from(
    installing.matchAll(/\b(?:deployment|service|job)\/gateway-\S+?(?=[\s`])/g),
    ([name]) => name,
  )
  t.strictSame(
    new Set(asked),
    new Set(
      ['deployment', 'service', 'job'].map((kind) => names.find((name) => name.startsWith(`${kind}/`))),
    ),
  )
  t.match(commands, `8080:${defaults.service.port} `)
})

t.test('every command that is run in a pod is one, with these options', async (t) => {
  const deployed = await deploy(t, 'http://127.0.0.1:9')
  const lines = page.replaceAll(/\\\n\s*/g, '').matchAll(/node dist\/main\.js ([a-z ]+?) (--.*)$/gm)
  const found = Array.from(lines, ([, command = '', options = '']) => ({ command, options }))
  t.strictSame(
    found.map(({ command }) => command),
    ['token issue', 'audit export', 'recover'],
  )
  for (const { command, options } of found) {
    const { code, stdout } = await deployed.command(...command.split(' '), '--help')
    t.equal(code, 0)
    for (const [option] of options.matchAll(/--[a-z-]+/g)) t.match(stdout, option)
  }
})

t.test('a restore begins with a policy that lets nobody in', async (t) => {
  const [, path = '', value = ''] = /--set-json '(\S+)=(\S+)'/.exec(page) ?? []
  t.equal(path, 'networkPolicy.clients')
  const isReached = (values: Values) => {
    const { ingress } = only(objectsOf(renderAlone(values)), 'NetworkPolicy').spec
    return JSON.stringify(ingress).includes('"port":8080')
  }
  t.ok(isReached(shown))
  t.notOk(isReached({ ...shown, networkPolicy: { clients: JSON.parse(value) } }))
})

t.test('the token that is issued opens the gateway', async (t) => {
  const upstream = await recordingUpstream(t)
  const deployed = await deploy(t, upstream.url)
  t.match(await deployed.prepare(), { code: 0 })
  await started(await deployed.serve())
  const [, options = ''] =
    /node dist\/main\.js token issue (.*)$/m.exec(commands.replaceAll('\\\n', '')) ?? []
  // The file is given by the deployment.
  const words = options
    .replace(/--config \S+/, '')
    .replace('"$USER"', 'root')
    .trim()
    .split(/\s+/)
  const { code, stdout, stderr } = await deployed.command('token', 'issue', ...words, '--json')
  t.equal(code, 0, stderr)
  const headers = [['Authorization', `Bearer ${JSON.parse(stdout).token}`]] as const
  t.equal((await request(deployed.port, { path: '/' })).status, 401)
  t.equal((await request(deployed.port, { path: '/', headers })).status, 200)
  t.equal(upstream.requests.length, 1)
})
