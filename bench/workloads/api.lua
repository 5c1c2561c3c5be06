-- A service's calls: three reads, one write, all of small JSON.
local headers = { ["Host"] = "api.example.com", ["User-Agent"] = "shop-client/2.1", ["Accept"] = "application/json" }
local write_headers = { ["Content-Type"] = "application/json" }
for name, value in pairs(headers) do write_headers[name] = value end
local body = '{"customer":4711,"items":[{"sku":"A-100","count":2},{"sku":"B-7","count":1}]}'
local count = 0

function request()
  count = count + 1
  if count % 4 == 0 then
    return wrk.format("POST", "/orders", write_headers, body)
  end
  return wrk.format("GET", "/orders/" .. count % 1000, headers)
end
