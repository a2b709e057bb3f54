/**
 * Whoever has logged in through the gateway gets the answers that Swift itself would give: the same requests on two
 * accounts alike, one straight at Swift, one through the gateway.
 * @module
 */

import t from 'tap'
import { type Comparison, differences } from './compare.ts'
import { startSwiftGateway } from './gateway.ts'
import { type GeneratedRequest, generatedRequests } from './generated-requests.ts'
import { intendedDifferences } from './intended-differences.ts'
import { prepareTwin } from './twins.ts'
import { directly } from './ways.ts'

const seed = 20_140_118

t.test("every answer through the gateway is Swift's own, but for what is written down", async (t) => {
  const { way } = await startSwiftGateway(t)
  const twins = [await prepareTwin('twine', directly()), await prepareTwin('twinf', way)] as const
  const alike: Comparison = { alike: twins.map(({ name }) => name), isExact: true }
  const [met, statuses] = [new Set<string>(), new Set<number>()]
  for (const request of generatedRequests(800, seed).filter(leavesTwinsAlike)) {
    const [swift, gateway] = [await twins[0].make(request), await twins[1].make(request)]
    statuses.add(swift.status)
    const found = differences(swift, gateway, alike)
    const intended = intendedDifferences.find(({ fits }) => fits(request, swift, gateway))
    if (found.length > 0 && intended !== undefined) met.add(intended.says)
    else t.strictSame(found, [], sentenceOf(request))
  }
  for (const { says } of intendedDifferences) t.ok(met.has(says), `${says}: met`)
  for (const status of [200, 201, 202, 204, 400, 401, 403, 404, 405, 406, 412])
    t.ok(statuses.has(status), `${status} is among Swift's answers`)
})

/** Of what only the gateway refuses, nothing may change at Swift. */
function leavesTwinsAlike({ target, method }: GeneratedRequest): boolean {
  return !target.includes('#') || ['GET', 'HEAD', 'OPTIONS'].includes(method)
}

function sentenceOf({ who, method, target, headers }: GeneratedRequest): string {
  return `${method} ${target} by ${who} ${JSON.stringify(headers)}`
}
