/**
 * The stages of a request know no service by name: what is particular to one is in its profile, in the format of its
 * tokens and in its part of the settings. What stays are names of headers that are guarded whatever is behind.
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const src = join(import.meta.dirname, '../../../src')
const stages = [
  'listen',
  'client-address',
  'route',
  'limits',
  'authenticate',
  'facts',
  'authorize',
  'rewrite',
  'forward',
  'request',
  'tokens/cache',
  'tokens/keys',
  'tokens/life',
  'tokens/stores',
]
const services = /swift|openstack|sentry|gocd|cruise|read ?the ?docs|gitlab|docker|skopeo/i
/** Headers by which whole families of services are spoken to. */
const guarded = /x-sentry-auth|sentry-auth\b|\(`swift_owner_headers`\)/

t.test('no stage names a service', async (t) => {
  for (const stage of stages) {
    const files = readdirSync(join(src, stage), { recursive: true, encoding: 'utf8' })
    for (const file of files.filter((name) => /\.(ts|sql)$/.test(name))) {
      const lines = readFileSync(join(src, stage, file), 'utf8').split('\n')
      const naming = lines.filter((line) => services.test(line) && !guarded.test(line))
      t.strictSame(naming, [], `${stage}/${file}`)
    }
  }
})
