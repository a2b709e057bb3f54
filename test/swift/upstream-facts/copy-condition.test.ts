/**
 * A condition on a copy holds for its source, through a symlink for the object that it leads to.
 * @module
 */

import t from 'tap'
import { callerOf, directly } from '../ways.ts'

t.test('a copy whose If-Match is not the ETag of the source is 412, and copies nothing', async (t) => {
  const owner = await callerOf(directly(), 'facts:owner')
  const box = '/v1/AUTH_facts/copied'
  await owner('PUT', box)
  await owner('PUT', `${box}/one`, {}, 'one')
  await owner('PUT', `${box}/two`, {}, 'two')
  await owner('PUT', `${box}/link`, { 'X-Symlink-Target': 'copied/two' })
  const [tag = ''] = (await owner('HEAD', `${box}/one`)).header('etag')
  for (const [source, status] of [
    ['one', 201],
    ['two', 412],
    ['link', 412],
  ] as const) {
    const headers = { 'If-Match': `"${tag}"` }
    const copied = await owner('COPY', `${box}/${source}`, { ...headers, Destination: `copied/${source}-a` })
    t.equal(copied.status, status, `COPY of ${source}`)
    const put = await owner('PUT', `${box}/${source}-b`, { ...headers, 'X-Copy-From': `copied/${source}` })
    t.equal(put.status, status, `PUT from ${source}`)
    const there = (await owner('HEAD', `${box}/${source}-a`)).status
    t.equal(there, status === 201 ? 200 : 404)
  }
})
