/**
 * `cache.redis` says once, and without contradiction, where Redis is.
 * @module
 */

import t from 'tap'
import { accepted, minimal, problemsOf } from './load.ts'

const withRedis = (redis: string) => `${minimal}\ncache: { redis: { ${redis} } }`
const sentinel = (rest: string) => withRedis(`sentinel: { name: main, ${rest} }`)

t.test('one server, Sentinels and a cluster are each accepted, with what they need', async (t) => {
  const { settings } = accepted(
    t,
    sentinel('nodes: ["redis://a:26379", "redis://[fd00::1]:26379"], password: "${env:P}", db: "3"'),
    { P: 'secret' },
  )
  const { redis } = settings.cache
  t.match(redis?.sentinel, { name: 'main', password: 'secret', db: 3, followers: 1 })
  for (const servers of [
    'url: "redis://user:pass@h:6379/2"',
    'cluster: { nodes: ["rediss://a:6379"], username: u, password: p }, tls: { serverName: redis.internal }',
    'cluster: { nodes: ["redis://a:6379"], addresses: { "10.0.0.1:6379": "a:7001" } }',
  ]) {
    t.same(problemsOf(t, withRedis(servers)), [], servers)
  }
})

t.test('exactly one of the three is given', async (t) => {
  const cluster = 'cluster: { nodes: ["redis://a:1"] }'
  for (const servers of ['prefix: p', `url: "redis://h", ${cluster}`]) {
    t.match(problemsOf(t, withRedis(servers)), [
      /cache\.redis: expected exactly one of url, sentinel and cluster/,
    ])
  }
})

t.test('a node is an address and nothing else, in one way for all', async (t) => {
  const refused = (nodes: string) => problemsOf(t, sentinel(`nodes: [${nodes}]`))
  for (const node of [
    'a:26379',
    'redis://a',
    'redis://u:p@a:1',
    'redis://a:1/0',
    'http://a:1',
    'redis://fd00::1:1',
  ]) {
    t.match(refused(`"${node}"`), [/cache\.redis\.sentinel\.nodes\[0\]: expected redis:\/\/host:port/], node)
  }
  t.match(refused('"redis://a:65536"'), [/nodes\[0\]: expected redis:\/\/host:port with a port up to 65535/])
  t.match(refused('"redis://a:1", "rediss://b:1"'), [
    /nodes\[1\]: expected rediss:\/\/ for all of them or for none/,
  ])
  t.match(refused('"redis://a:1", "redis://a:1"'), [/nodes\[1\]: is there already/])
  t.match(refused(''), [/nodes: must not be empty/])
  t.match(problemsOf(t, withRedis('cluster: { nodes: ["redis://a:1"], addresses: { a: "b:1" } }')), [
    /cache\.redis\.cluster\.addresses/,
  ])
})

t.test('what would have no effect is refused', async (t) => {
  const nodes = 'nodes: ["redis://a:1"]'
  t.match(problemsOf(t, sentinel(`${nodes}, username: u`)), [
    /sentinel\.username: has no effect without password/,
  ])
  t.match(problemsOf(t, sentinel(`${nodes}, sentinelUsername: u`)), [
    /sentinelUsername: has no effect without sentinelPassword/,
  ])
  t.match(problemsOf(t, withRedis('url: "redis://h", tls: { verify: true }')), [
    /cache\.redis\.tls: has no effect on redis:\/\//,
  ])
  t.match(problemsOf(t, sentinel(`${nodes}, followers: 0`)), [
    /followers: expected a whole number from 1|at least 1/,
  ])
})

t.test('a prefix cannot gather all keys on one node of a cluster', async (t) => {
  t.match(problemsOf(t, withRedis('cluster: { nodes: ["redis://a:1"] }, prefix: "{x}:"')), [
    /cache\.redis\.prefix/,
  ])
  t.same(problemsOf(t, withRedis('url: "redis://h", prefix: "{x}:"')), [])
})

t.test('no problem repeats a password', async (t) => {
  const secret = 'S3CR3T-value'
  for (const redis of [
    'sentinel: { name: main, nodes: ["${env:X}"], password: "${env:X}" }',
    'sentinel: { name: main, nodes: [], sentinelPassword: { a: "${env:X}" } }',
    'cluster: { nodes: ["redis://${env:X}@a:1"], password: ["${env:X}"] }',
  ]) {
    const problems = problemsOf(t, withRedis(redis), { X: secret })
    t.ok(problems.length > 0, redis)
    t.notMatch(problems.join('\n'), secret, redis)
  }
})
