/**
 * The conformance cases of account ACLs, played against Swift.
 * @module
 */

import t from 'tap'
import { startSwift } from '../support/swift.ts'
import { aclCases } from './acl-cases.ts'
import { playCases } from './cases.ts'
import { startSwiftGateway } from './gateway.ts'
import { guardCases } from './guard-cases.ts'
import { callerOf, directly } from './ways.ts'

for (const way of [directly(), (await startSwiftGateway(t)).way]) {
  t.test(`${way.name}, an account ACL grants what it says`, (t) => playCases(t, way, aclCases))
  t.test(`${way.name}, what belongs to owners is guarded`, (t) => playCases(t, way, guardCases))
}

t.test(
  'S29: an account that was deleted is gone to those who might read it, and to nobody else',
  async (t) => {
    const swift = await startSwift({ allowAccountManagement: true })
    t.teardown(() => swift.stop())
    const gateway = await startSwiftGateway(t, { swiftUrl: swift.url })
    const reseller = await callerOf(gateway.way, 'admin:admin')
    t.equal((await reseller('PUT', '/v1/AUTH_cases')).status, 201)
    t.equal((await reseller('DELETE', '/v1/AUTH_cases')).status, 204)
    for (const way of [directly(swift.port), gateway.way]) {
      const [owner, stranger] = [await callerOf(way, 'cases:owner'), await callerOf(way, 's:stranger')]
      const anonymous = await callerOf(way)
      t.equal((await owner('HEAD', '/v1/AUTH_cases')).status, 410, way.name)
      t.equal((await owner('GET', '/v1/AUTH_cases')).status, 410, way.name)
      t.equal((await stranger('HEAD', '/v1/AUTH_cases')).status, 403, way.name)
      t.equal((await anonymous('HEAD', '/v1/AUTH_cases')).status, 401, way.name)
    }
  },
)

t.test('a memcached that is started again forgets every token', async (t) => {
  const swift = await startSwift()
  t.teardown(() => swift.stop())
  const before = await callerOf(directly(swift.port), 'cases:owner')
  t.equal((await before('GET', '/v1/AUTH_cases')).status, 204)
  await swift.memcached.restart()
  t.equal((await before('GET', '/v1/AUTH_cases')).status, 401)
  const after = await callerOf(directly(swift.port), 'cases:owner')
  t.equal((await after('GET', '/v1/AUTH_cases')).status, 204)
})
