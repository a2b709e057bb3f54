/**
 * A program that reports to Sentry with its own SDK: an error, a traced operation, a release's session and a check-in,
 * twice over. Prints what each event was answered with, as JSON. `SENTRY_DSN` and `SENTRY_TUNNEL` say where to.
 * @module
 */

import * as Sentry from '@sentry/node'

const { SENTRY_DSN: dsn, SENTRY_TUNNEL: tunnel } = process.env
const answers: { readonly type: string; readonly status: number | undefined }[] = []

const client = Sentry.init({
  ...(dsn === undefined ? {} : { dsn }),
  ...(tunnel === undefined ? {} : { tunnel }),
  release: 'sdk-client@1.0.0',
  tracesSampleRate: 1,
  traceLifecycle: 'static',
  // Node keeps errors that nobody catches to itself here.
  defaultIntegrations: false,
})
client?.on('afterSendEvent', (event, response) => {
  answers.push({ type: event.type ?? 'error', status: response.statusCode })
})

for (const round of [1, 2]) {
  Sentry.startSession()
  Sentry.captureException(new Error(`round ${round}`), { extra: { payload: 'x'.repeat(round * 40_000) } })
  Sentry.startSpan({ name: `operation ${round}`, op: 'test' }, () => {})
  Sentry.captureCheckIn({ monitorSlug: 'nightly', status: 'ok' })
  Sentry.endSession()
  await Sentry.flush(5_000)
}
process.stdout.write(JSON.stringify(answers))
