/**
 * Settings that weaken the gateway take effect only when `insecure` names them, so that nobody weakens it by
 * a slip and a reviewer finds all of it in one place.
 * @module
 */

import { parseAddress } from '../client-address/address.ts'
import { compileNetworks } from '../client-address/networks.ts'
import type { Report, SettingPath } from './problems.ts'
import type { InsecureOptOut, Settings } from './schema/settings.ts'
import { soundNetwork } from './sound-network.ts'

/** Refuses what is insecure and not named; warns of a name that nothing needs. */
export function checkOptOuts(settings: Partial<Settings>, refuse: Report, warn: Report): void {
  const { insecure } = settings
  if (insecure === undefined) return
  const found = weaknesses(settings)
  for (const { optOut, path } of found) {
    if (insecure.includes(optOut)) continue
    refuse(path, `${dangers[optOut]}; if that is meant, name «${optOut}» in insecure`)
  }
  for (const [index, optOut] of insecure.entries()) {
    if (!found.some((weakness) => weakness.optOut === optOut)) {
      warn(['insecure', index], `nothing needs «${optOut}»; remove it`)
    }
  }
}

const dangers: Readonly<Record<InsecureOptOut, string>> = {
  'trust-any-proxy': 'so wide a network lets its clients choose the address they seem to come from',
  'unverified-upstream-tls': 'without verification anybody on the way can pose as the upstream',
  'unverified-redis-tls':
    'without verification anybody on the way can pose as Redis, and learns its password',
  'public-admin': 'the admin listener has no authentication and would be open to other machines',
  'system-token-anywhere': 'so wide a network is not internal, and the system token passes every rule',
}

interface Weakness {
  readonly optOut: InsecureOptOut
  readonly path: SettingPath
}

function weaknesses({ clientAddress, upstreams, cache, admin, systemToken }: Partial<Settings>): Weakness[] {
  const found: Weakness[] = []
  for (const [index, cidr] of (clientAddress?.trustedProxies ?? []).entries()) {
    if (isVast(cidr))
      found.push({ optOut: 'trust-any-proxy', path: ['clientAddress', 'trustedProxies', index] })
  }
  for (const [name, { tls }] of Object.entries(upstreams ?? {})) {
    if (!tls.verify)
      found.push({ optOut: 'unverified-upstream-tls', path: ['upstreams', name, 'tls', 'verify'] })
  }
  if (cache?.redis?.tls?.verify === false) {
    found.push({ optOut: 'unverified-redis-tls', path: ['cache', 'redis', 'tls', 'verify'] })
  }
  if (admin !== undefined && !isLoopback(admin.address)) {
    found.push({ optOut: 'public-admin', path: ['admin', 'address'] })
  }
  for (const [index, cidr] of (systemToken?.networks ?? []).entries()) {
    if (isVast(cidr))
      found.push({ optOut: 'system-token-anywhere', path: ['systemToken', 'networks', index] })
  }
  return found
}

/**
 * Wider than any private block: an IPv4 block shorter than /8, or an IPv6 block shorter than /7 (fc00::/7 is
 * the widest that is private). Such a block holds two neighbouring ones of the allowed length, which is asked
 * here because a block has many spellings, `::ffff:0.0.0.0/96` among them.
 */
function isVast(cidr: string): boolean {
  const network = soundNetwork(cidr)
  const holds = (address: string) => network?.contains(parseAddress(address)) === true
  for (let first = 0; first < 256; first += 2) {
    if (holds(`${first}.0.0.0`) && holds(`${first + 1}.0.0.0`)) return true
  }
  for (let first = 0; first < 256; first += 4) {
    if (holds(`${hex(first)}00::`) && holds(`${hex(first + 2)}00::`)) return true
  }
  return false
}

const hex = (byte: number) => byte.toString(16)

function isLoopback(address: string): boolean {
  return address === 'localhost' || compileNetworks(['127.0.0.0/8', '::1']).contains(parseAddress(address))
}
