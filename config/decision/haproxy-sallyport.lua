-- Asks Sallyport what may become of a request, and does as it says. haproxy.cfg beside this file uses it:
--
--   http-request lua.sallyport <URL of the question> <milliseconds of an attempt> <headers that the gateway sets, with commas>
--
-- Only when the gateway has allowed the request and all of it is done, `txn.sallyport` is «allowed». Whatever goes wrong
-- before, in here too, leaves it unset, and the configuration has to refuse. The secret is SALLYPORT_SECRET.

local secret = os.getenv("SALLYPORT_SECRET") or error("SALLYPORT_SECRET is not set")

-- Of the connection and the framing of a message: the question has its own.
local own = { "connection", "content-length", "expect", "host", "transfer-encoding" }
local of_connection = { "connection", "content-length", "date", "keep-alive", "transfer-encoding", "x-sallyport-status" }

-- HAProxy counts the lines of a header from 0.
local function lines_of(values)
  local lines = {}
  for place = 0, #(values or {}) do lines[#lines + 1] = values and values[place] end
  return lines
end

-- The value of what stands there once, and is not empty.
local function only(values)
  local lines = lines_of(values)
  return #lines == 1 and lines[1] ~= "" and lines[1] or nil
end

-- Path and query as they go up. HTTP/2 has no other form; of HTTP/1, neither `*` nor a whole URL goes up as it is asked about.
local function target_of(txn)
  local target = txn.sf:pathq()
  local is_sent_so = txn.sf:req_ver():sub(1, 1) ~= "1" or txn.sf:url() == target
  return target ~= "" and is_sent_so and target or nil
end

-- The head of the question; nil where the request cannot be told.
local function question_of(txn)
  local received = txn.http:req_get_headers()
  local host, target = only(received["host"]), target_of(txn)
  if not host or not target then return nil end
  local question = {}
  for name, values in pairs(received) do question[name] = lines_of(values) end
  for _, name in ipairs(own) do question[name] = nil end
  -- The client's own lines under these names are replaced. Its hops stay, and the last is who it is.
  question["x-sallyport-proxy"] = { secret }
  question["x-forwarded-method"] = { txn.sf:method() }
  question["x-forwarded-proto"] = { txn.sf:ssl_fc() == "1" and "https" or "http" }
  question["x-forwarded-host"] = { host }
  question["x-forwarded-uri"] = { target }
  local hops = lines_of(received["x-forwarded-for"])
  hops[#hops + 1] = txn.sf:src()
  question["x-forwarded-for"] = hops
  return question
end

-- What the answer has is set in place of the client's, what it lacks is removed. False where it has more than one line.
local function apply(txn, headers, copies)
  for name in copies:lower():gmatch("[^,]+") do
    local lines = lines_of(headers[name])
    if #lines > 1 then return false end
    if lines[1] then txn.http:req_set_header(name, lines[1]) else txn.http:req_del_header(name) end
  end
  return true
end

-- The refusal as the gateway words it.
local function reply_with(txn, answer)
  local reply = txn:reply({ status = answer.status, reason = answer.reason, body = answer.body })
  for _, name in ipairs(of_connection) do answer.headers[name] = nil end
  for name, values in pairs(answer.headers) do
    for _, value in ipairs(lines_of(values)) do reply:add_header(name, value) end
  end
  txn:done(reply)
end

core.register_action("sallyport", { "http-req" }, function(txn, url, timeout_ms, copies)
  local question = question_of(txn)
  if not question then return end
  local answer = core.httpclient():get({ url = url, headers = question, timeout = tonumber(timeout_ms) })
  if not answer or not answer.headers then return end
  -- Whoever else may answer at that address does not say these.
  local owner, refusal = only(answer.headers["x-sallyport-owner"]), only(answer.headers["x-sallyport-status"])
  if answer.status == 200 and owner and not refusal then
    if not apply(txn, answer.headers, copies) then return end
    txn:set_var("txn.sallyport_owner", owner)
    txn:set_var("txn.sallyport", "allowed")
  elseif answer.status >= 400 and refusal == tostring(answer.status) then
    reply_with(txn, answer)
  end
end, 3)
