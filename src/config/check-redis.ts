/**
 * What is wrong with `cache.redis` as a whole: servers that are named twice or not at all, and settings that would have
 * no effect.
 * @module
 */

import type { Report } from './problems.ts'
import type { RedisSettings } from './schema/redis.ts'

const at = ['cache', 'redis']

/** Nothing is refused where there is no Redis. */
export function checkRedis(redis: RedisSettings | undefined, refuse: Report): void {
  if (redis === undefined) return
  const { url, sentinel, cluster, lease } = redis
  if ([url, sentinel, cluster].filter((servers) => servers !== undefined).length !== 1) {
    refuse(at, 'expected exactly one of url, sentinel and cluster')
  }
  if (lease < 500 || lease > 10_000) {
    refuse(
      [...at, 'lease'],
      'expected 500ms to 10s: beats must fit into it, and a revocation waits for one that is silent',
    )
  }
  checkNodes(redis, 'sentinel', refuse)
  checkNodes(redis, 'cluster', refuse)
  if (sentinel?.sentinelUsername !== undefined && sentinel.sentinelPassword === undefined) {
    refuse([...at, 'sentinel', 'sentinelUsername'], 'has no effect without sentinelPassword')
  }
  checkTls(redis, refuse)
  checkPrefix(redis, refuse)
}

function checkNodes(redis: RedisSettings, kind: 'sentinel' | 'cluster', refuse: Report): void {
  const { nodes = [], username, password } = redis[kind] ?? {}
  for (const [index, node] of nodes.entries()) {
    const path = [...at, kind, 'nodes', index]
    if (!URL.canParse(node)) refuse(path, 'expected redis://host:port with a port up to 65535')
    else if (isTls(node) !== isTls(nodes[0])) {
      refuse(path, 'expected rediss:// for all of them or for none: it holds for every connection')
    } else if (nodes.indexOf(node) !== index) refuse(path, 'is there already')
  }
  if (username !== undefined && password === undefined) {
    refuse([...at, kind, 'username'], 'has no effect without password')
  }
}

function checkTls({ url, sentinel, cluster, tls }: RedisSettings, refuse: Report): void {
  const first = url ?? sentinel?.nodes[0] ?? cluster?.nodes[0]
  if (tls !== undefined && first !== undefined && !isTls(first)) {
    refuse([...at, 'tls'], 'has no effect on redis://; write rediss:// where TLS is meant')
  }
}

/** The part of a key in braces chooses its place in a cluster. */
function checkPrefix({ cluster, prefix }: RedisSettings, refuse: Report): void {
  if (cluster !== undefined && /[{}]/.test(prefix)) {
    refuse([...at, 'prefix'], 'expected no «{» or «}», which would put every key on one node of the cluster')
  }
}

function isTls(url: string | undefined): boolean {
  return url?.startsWith('rediss://') === true
}
