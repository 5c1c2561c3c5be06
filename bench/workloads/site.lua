-- A browser's requests for pages of several sizes; every fifth asks for one that is not there.
local paths = { "/small.html", "/middle.html", "/small.html", "/large.html", "/missing" }
local headers = {
  ["Host"] = "www.example.com",
  ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
  ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  ["Accept-Language"] = "en-US,en;q=0.5",
  ["Accept-Encoding"] = "gzip, deflate",
  ["Cookie"] = "session=0123456789abcdef0123456789abcdef; theme=dark",
}
local count = 0

function request()
  count = count % #paths + 1
  return wrk.format("GET", paths[count], headers)
end
