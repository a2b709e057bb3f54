/**
 * What a profile remembers outlives a reload exactly where nothing of its route or its upstream has changed.
 * @module
 */

import t from 'tap'
import { type Settings, settings as settingsSchema } from '../../../src/config/schema/settings.ts'
import type { Upstream } from '../../../src/forward/upstreams.ts'
import type { RouteProfile } from '../../../src/profiles/profile.ts'
import { RouteProfiles } from '../../../src/profiles/route-profiles.ts'

type Route = Settings['routes'][number]

/** As it is read from a file: another object each time. */
function read(realm = 'sallyport'): Route {
  const { routes } = settingsSchema.parse({
    keys: { ring: 'x' },
    store: { sqlite: { path: 'x' } },
    upstreams: {},
    routes: [{ name: 'one', match: { path: '/' }, upstream: 'legacy', realm }],
  })
  return routes[0] as Route
}

const upstream = { name: 'legacy' } as Upstream
const compile = (): RouteProfile => ({})

t.test('a profile is kept over any number of reloads that leave its route alone', async (t) => {
  let profiles = new RouteProfiles()
  const first = profiles.profileOf(read(), upstream, compile)
  for (let count = 0; count < 3; count++) {
    profiles = new RouteProfiles(profiles)
    t.equal(profiles.profileOf(read(), upstream, compile), first)
  }
})

t.test(
  'a setting of the route, another upstream, or a reload without the route make a new one',
  async (t) => {
    const profiles = new RouteProfiles()
    const first = profiles.profileOf(read(), upstream, compile)
    t.not(new RouteProfiles(profiles).profileOf(read('another'), upstream, compile), first)
    t.not(new RouteProfiles(profiles).profileOf(read(), { ...upstream }, compile), first)
    const without = new RouteProfiles(profiles)
    t.not(new RouteProfiles(without).profileOf(read(), upstream, compile), first)
  },
)
