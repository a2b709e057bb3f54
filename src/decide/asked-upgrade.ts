/**
 * Whether a connection may become something else. The gateway as the proxy would serve what its route does not allow as
 * the plain request that it also is; another proxy switches whatever its own settings say, so it is refused.
 * @module
 */

import { findUpgrade, screenUpgrade } from '../request/find-upgrade.ts'
import { valuesOfHeader, withoutHeaders } from '../request/header-name.ts'
import type { Plan } from '../request/plan.ts'
import { type Refusal, refuse } from '../request/refusal.ts'
import type { AskedRequest } from './asked-request.ts'

const connect = refuse('method_not_supported', 'CONNECT')
const notAllowed = refuse(
  'undecidable',
  'an upgrade that the route does not allow, and that the asking proxy may make',
)

/** `undefined` for every request that asks for no upgrade, and for one that its route allows. */
export function refusalOfUpgrade(
  asked: AskedRequest,
  plan: Pick<Plan, 'routes' | 'headLimits'>,
): Refusal | undefined {
  if (asked.method === 'CONNECT') return connect
  const protocol = askedProtocol(asked)
  if (protocol === undefined) return undefined
  const rawHeaders = withUpgrade(asked.rawHeaders, protocol)
  const allowed = findUpgrade({ ...asked, httpVersion: '1.1', rawHeaders }, plan)
  return allowed === undefined ? notAllowed : screenUpgrade(allowed.protocol, rawHeaders)
}

/** Proxies that do not show `Upgrade` itself show the key of a WebSocket. */
function askedProtocol({ rawHeaders }: AskedRequest): string | undefined {
  const named = valuesOfHeader(rawHeaders, 'upgrade')
  if (named.length > 0) return named.join()
  return valuesOfHeader(rawHeaders, 'sec-websocket-key').length > 0 ? 'websocket' : undefined
}

/** As the client must have sent it: what is left out of a question was of the connection. */
function withUpgrade(rawHeaders: readonly string[], protocol: string): readonly string[] {
  return [...withoutHeaders(rawHeaders, ofConnection), 'connection', 'upgrade', 'upgrade', protocol]
}

const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'upgrade',
  'content-length',
  'transfer-encoding',
])
