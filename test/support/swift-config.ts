/**
 * What a Swift for tests is configured to be: the pipeline that Debian ships and the filters that sites add to
 * it, and one user of TempAuth for every standing that a caller can have.
 * @module
 */

/** Users of TempAuth as `account:user`, each with its key and its groups. */
export const swiftUsers = {
  'admin:admin': ['admin', '.admin', '.reseller_admin'],
  'test:tester': ['testing', '.admin'],
  'test:tester2': ['testing2', '.admin'],
  'test:tester3': ['testing3'],
  'test2:tester2': ['testing2', '.admin'],
  'test5:tester5': ['testing5', 'service'],
  // Owners of accounts that one test has for itself.
  'facts:owner': ['owning', '.admin'],
  'matrix:owner': ['owning', '.admin'],
  'vectors:owner': ['owning', '.admin'],
  'cases:owner': ['owning', '.admin'],
  'client:owner': ['owning', '.admin'],
  // The owner of one account who may do everything in another.
  'narrow:owner': ['owning', '.admin'],
  'vault:owner': ['owning', '.admin'],
  'facing:owner': ['owning', '.admin'],
  'leaving:owner': ['owning', '.admin'],
  'open:owner': ['owning', '.admin'],
  'names:owner': ['owning', '.admin'],
  'kept:owner': ['owning', '.admin'],
  'again:owner': ['owning', '.admin'],
  // Owners of pairs of accounts that are prepared alike, for requests that are made twice.
  'twina:owner': ['owning', '.admin'],
  'twinb:owner': ['owning', '.admin'],
  'twinc:owner': ['owning', '.admin'],
  'twind:owner': ['owning', '.admin'],
  'twine:owner': ['owning', '.admin'],
  'twinf:owner': ['owning', '.admin'],
  'twing:owner': ['owning', '.admin'],
  // Grantees of account ACLs, and those whom no ACL names.
  'a:adm': ['adm'],
  'b:both': ['both'],
  'r:rw': ['rw'],
  'o:ro': ['ro'],
  's:stranger': ['stranger'],
  'reader:reader': ['reader', '.reseller_reader'],
} as const satisfies Record<string, readonly [key: string, ...groups: string[]]>

export type SwiftUser = keyof typeof swiftUsers

export interface SwiftOptions {
  /** PUT and DELETE of accounts, for those whom TempAuth lets: off unless told otherwise. */
  readonly allowAccountManagement?: boolean
}

export type StorageServer = 'account' | 'container' | 'object'

type Ini = Record<string, Record<string, string | number | boolean>>

/** From the client inwards; where the name of the filter's factory is another, it stands behind the colon. */
const pipeline = [
  'catch_errors',
  'gatekeeper',
  'healthcheck',
  'proxy-logging:proxy_logging',
  'cache:memcache',
  'listing_formats',
  'container_sync',
  'bulk',
  'tempurl',
  'formpost',
  'tempauth',
  'staticweb',
  'copy',
  'container-quotas:container_quotas',
  'account-quotas:account_quotas',
  'slo',
  'dlo',
  'versioned_writes',
  'symlink',
].map((filter) => filter.split(':'))

/**
 * With one replica, a server that answers late on a busy machine must be waited for: Swift would otherwise say
 * 503, avoid it for a minute, or put off what belongs into a listing.
 */
const patience = {
  conn_timeout: 10,
  node_timeout: 30,
  container_update_timeout: 30,
  error_suppression_limit: 1_000_000,
}

export const swiftConf = ini({
  'swift-hash': { swift_hash_path_prefix: 'before', swift_hash_path_suffix: 'behind' },
  'storage-policy:0': { name: 'gold', default: true },
})

/** Of one of the three servers behind the proxy. */
export function storageConf(name: StorageServer, port: number, folder: string): string {
  return ini({
    DEFAULT: {
      ...common(port, folder),
      devices: `${folder}/devices`,
      mount_check: false,
      disable_fallocate: true,
    },
    'pipeline:main': { pipeline: `${name}-server` },
    [`app:${name}-server`]: { use: `egg:swift#${name}`, ...patience },
  })
}

export function proxyConf(
  port: number,
  memcachedPort: number,
  folder: string,
  { allowAccountManagement = false }: SwiftOptions,
): string {
  const factories = pipeline.map(([name, factory = name]) => [
    `filter:${name}`,
    { use: `egg:swift#${factory}` },
  ])
  const {
    'filter:cache': cache,
    'filter:tempauth': tempauth,
    ...filters
  }: Ini = Object.fromEntries(factories)
  return ini({
    DEFAULT: common(port, folder),
    'pipeline:main': { pipeline: [...pipeline.map(([name]) => name), 'proxy-server'].join(' ') },
    'app:proxy-server': {
      use: 'egg:swift#proxy',
      account_autocreate: true,
      allow_account_management: allowAccountManagement,
      ...patience,
    },
    ...filters,
    'filter:cache': { ...cache, memcache_servers: `127.0.0.1:${memcachedPort}` },
    'filter:tempauth': { ...tempauth, ...users() },
    // One at a time, so that failures are listed in the order of the request.
    'filter:bulk': { ...filters['filter:bulk'], delete_concurrency: 1 },
    'filter:versioned_writes': {
      ...filters['filter:versioned_writes'],
      allow_versioned_writes: true,
      allow_object_versioning: true,
    },
  })
}

function common(port: number, folder: string): Ini[string] {
  return {
    bind_ip: '127.0.0.1',
    bind_port: port,
    // None but the process itself, which is the one that is stopped.
    workers: 0,
    user: 'root',
    swift_dir: `${folder}/etc`,
    // No such socket: the log goes nowhere.
    log_address: `${folder}/nowhere`,
  }
}

function users(): Ini[string] {
  const lines = Object.entries(swiftUsers).map(([name, words]) => [
    `user_${name.replace(':', '_')}`,
    words.join(' '),
  ])
  return Object.fromEntries(lines)
}

function ini(sections: Ini): string {
  const lines = Object.entries(sections).flatMap(([section, settings]) => [
    `[${section}]`,
    ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`),
  ])
  return `${lines.join('\n')}\n`
}
