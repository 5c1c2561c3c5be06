-- Requests whose head has about as many bytes as the first argument says.
local text

function init(arguments)
  local padding = math.max(tonumber(arguments[1]) - 80, 1)
  text = wrk.format("GET", "/small.html", { ["User-Agent"] = "bench", ["Cookie"] = string.rep("c", padding) })
end

function request()
  return text
end
