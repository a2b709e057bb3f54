/**
 * `serve` told by SIGHUP to read its configuration again.
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { newInstallation } from '../../support/installation.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

t.test(
  'SIGHUP puts a changed file in force, says what is wrong with a broken one, and stops nothing',
  async (t) => {
    const upstream = await recordingUpstream(t)
    const routes = (path: string) => [
      { name: 'only', match: { path }, upstream: 'legacy', authorize: { public: true } },
    ]
    const installation = newInstallation(t, { upstream: upstream.url, routes: routes('/one') })
    const gateway = await installation.serve()
    const statusOf = async (path: string) => (await gateway.request({ path })).status
    t.equal(await statusOf('/one'), 200)

    const good = JSON.parse(readFileSync(installation.config, 'utf8'))
    writeFileSync(installation.config, JSON.stringify({ ...good, routes: routes('/two') }))
    process.kill(gateway.pid, 'SIGHUP')
    await until(async () => (await statusOf('/two')) === 200)
    t.equal(await statusOf('/one'), 404)

    writeFileSync(installation.config, JSON.stringify({ ...good, routes: routes('two') }))
    process.kill(gateway.pid, 'SIGHUP')
    await until(() =>
      /"problems":\["[^"]*sallyport\.yaml:1: routes\[0\]\.match\.path: /.test(gateway.output()),
    )
    t.equal(await statusOf('/two'), 200)
    t.equal(await gateway.metric('sallyport_config_last_reload_success'), 0)

    gateway.terminate()
    t.equal(await gateway.ended, 0)
  },
)
