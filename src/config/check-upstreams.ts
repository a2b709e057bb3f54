/**
 * What the settings of an upstream have to agree on: where it is, whom the gateway is there, and what may be sent twice.
 * @module
 */

import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Report, SettingPath } from './problems.ts'
import type { Settings, UpstreamSettings } from './schema/settings.ts'

/** Of the shortest limit among the systems in use. */
const socketPathBytesMax = 103

export function checkUpstreams({ upstreams, listen, routes }: Partial<Settings>, refuse: Report): void {
  for (const [name, upstream] of Object.entries(upstreams ?? {})) {
    const path = ['upstreams', name]
    checkTargets(upstream, path, refuse)
    checkClientCertificate(upstream.tls, [...path, 'tls'], refuse)
    if (listen !== undefined && upstream.timeouts.headers >= listen.timeouts.idle) {
      refuse(
        [...path, 'timeouts', 'headers'],
        'expected less than listen.timeouts.idle, or the client is cut off while its answer is awaited',
      )
    }
  }
  for (const [index, { upstream, upgrade }] of (routes ?? []).entries()) {
    if (upgrade.protocols.length > 0 && upstreams?.[upstream]?.protocol === 'http2') {
      refuse(
        ['routes', index, 'upgrade', 'protocols'],
        `expected none, because «${upstream}» speaks http2, where nothing is upgraded; give the route an upstream with protocol: http1`,
      )
    }
  }
}

function checkTargets(
  { url, targets, retry, protocol: spoken }: UpstreamSettings,
  path: SettingPath,
  refuse: Report,
): void {
  if ((url === undefined) === (targets === undefined)) {
    refuse(path, 'expected exactly one of url and targets')
    return
  }
  const seen = new Set<string>()
  const check = (text: string, at: SettingPath) => {
    if (!URL.canParse(text)) {
      refuse(at, 'expected a URL such as https://host:8443')
      return
    }
    const { href, protocol, pathname } = new URL(text)
    if (protocol === 'unix:' && Buffer.byteLength(pathname) > socketPathBytesMax) {
      refuse(at, `expected a path of at most ${socketPathBytesMax} bytes, as the system does`)
    }
    if (seen.has(href)) refuse(at, 'stands there already; each target is given once')
    seen.add(href)
    if (protocol === 'https:' && spoken === 'http1' && retry.idempotent) {
      refuse(
        [...path, 'retry', 'idempotent'],
        'expected false with https over http1, where nobody can tell whether an answer had begun',
      )
    }
  }
  if (url !== undefined) check(url, [...path, 'url'])
  for (const [index, target] of (targets ?? []).entries()) check(target, [...path, 'targets', index])
}

function checkClientCertificate(
  { certificate, key }: UpstreamSettings['tls'],
  path: SettingPath,
  refuse: Report,
): void {
  if (certificate === undefined && key === undefined) return
  if (certificate === undefined || key === undefined) {
    refuse(path, 'expected both of certificate and key, or neither')
    return
  }
  try {
    if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) return
    refuse([...path, 'key'], 'is not the key of tls.certificate')
  } catch {
    refuse(path, 'expected a certificate and an unencrypted key, both PEM')
  }
}
