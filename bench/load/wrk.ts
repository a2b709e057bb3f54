/**
 * wrk: its script, which sends what the traffic says and prints what came of it as one line of JSON.
 * @module
 */

import { headersOf, type Load, type Traffic } from './traffic.ts'

/** Tokens are read from a file, one a line. Requests that are all alike are made once and cost wrk no call. */
export function wrkScript(traffic: Traffic, tokenFile: string): string {
  const { method, path, bodyBytes, tokens } = traffic
  const headers = headersOf({ ...traffic, tokens: [] }).map(([name, value]) => `[${lua(name)}]=${lua(value)}`)
  return `
wrk.method = ${lua(method)}
wrk.path = ${lua(path)}
wrk.headers = {${headers.join(', ')}}
${bodyBytes > 0 ? `wrk.body = string.rep("x", ${bodyBytes})` : ''}
local tokens = {}
for line in io.lines(${lua(tokenFile)}) do tokens[#tokens + 1] = "Bearer " .. line end
wrk.headers["Authorization"] = tokens[1]
${tokens.length > 1 ? inTurn : ''}
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests":%d,"us":%d,"refused":%d,"lost":%d,"p50Us":%d,"p99Us":%d,"p999Us":%d}\\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
`
}

const inTurn = `
local requests, turn = {}, 0
function init()
  for number, token in ipairs(tokens) do
    wrk.headers["Authorization"] = token
    requests[number] = wrk.format()
  end
  -- Short runs, too, are to meet all of them in the end.
  math.randomseed(os.time())
  turn = math.random(#requests)
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
`

/** Throws when a connection or an answer was lost. */
export function parseWrk(output: string): Load {
  const { us, lost, ...figures } = JSON.parse(/^\{.*\}$/m.exec(output)?.[0] ?? '{}')
  if (lost !== 0 || !(figures.requests > 0)) throw new Error(`load failed:\n${output}`)
  return { ...figures, seconds: us / 1e6 }
}

/** A text of printable ASCII, as Lua writes it. */
function lua(text: string): string {
  return JSON.stringify(text)
}
