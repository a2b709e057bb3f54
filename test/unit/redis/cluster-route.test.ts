/**
 * A connection into a cluster tries the nodes of the settings in turn, and goes where a node refers it to.
 * @module
 */

import t from 'tap'
import { ClusterRoute } from '../../../src/redis/cluster-route.ts'
import { hostPort } from '../../../src/redis/node-address.ts'

const nodes = ['redis://a:7001', 'redis://[fd00::1]:7002/']
const [a, b] = [
  { host: 'a', port: 7001 },
  { host: 'fd00::1', port: 7002 },
]

t.test('nodes are tried in turn, for ever', async (t) => {
  const route = new ClusterRoute({ nodes, followers: 0 })
  t.same([route.next(), route.next(), route.next(), route.next()], [a, b, a, b])
})

t.test('a referral is followed once, and takes no turn', async (t) => {
  const route = new ClusterRoute({ nodes, followers: 0 })
  route.next()
  route.refer('MOVED 3999 10.0.0.3:7003')
  t.same([route.next(), route.next()], [{ host: '10.0.0.3', port: 7003 }, b])
  route.refer('MOVED 3999 fd00::9:7009')
  t.same(route.next(), { host: 'fd00::9', port: 7009 })
})

t.test('a node that does not know its name is the one that was asked', async (t) => {
  const route = new ClusterRoute({ nodes, followers: 0 })
  route.next()
  route.refer('MOVED 3999 :7004')
  t.same(route.next(), { host: 'a', port: 7004 })
})

t.test('an address that is reached otherwise is replaced', async (t) => {
  const addresses = { '10.0.0.3:7003': 'redis.example:17003', '[fd00::9]:7009': 'redis.example:17009' }
  const route = new ClusterRoute({ nodes, addresses, followers: 0 })
  route.refer('MOVED 3999 10.0.0.3:7003')
  t.same(route.next(), { host: 'redis.example', port: 17003 })
  route.refer('MOVED 3999 fd00::9:7009')
  t.same(route.next(), { host: 'redis.example', port: 17009 })
})

t.test('any other answer leads nowhere', async (t) => {
  const route = new ClusterRoute({ nodes, followers: 0 })
  for (const answer of ['CLUSTERDOWN The cluster is down', 'MOVED', 'MOVED x a:1', 'ERR MOVED 1 a:1', '']) {
    route.refer(answer)
  }
  t.same(route.next(), a)
})

t.test('addresses are read as settings and servers write them', async (t) => {
  t.same(hostPort('rediss://redis.internal:6379'), { host: 'redis.internal', port: 6379 })
  t.same(hostPort('[::1]:6379'), { host: '::1', port: 6379 })
  t.same(hostPort('::1:6379'), { host: '::1', port: 6379 })
})
