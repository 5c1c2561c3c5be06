/**
 * Records the capture that `bench/offline.ts` replays: a real nginx under wrk with a browser's headers and
 * pages of several sizes, over a veth pair between two namespaces of our own.
 *
 *     node bench/record-site.ts CAPTURE [--seconds 12]
 *
 * Needs root, nginx, wrk, tcpdump and ethtool. Some 80,000 packets a second on two cores.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runChecked, startProcess } from '../test/live/child-process.ts';
import { createVethPair, runInNamespace } from '../test/live/network-namespaces.ts';
import { startNginx } from '../test/live/web-server.ts';

/** Sizes of the pages in bytes; every fifth request asks for one that is not there. */
const PAGES: Record<string, string> = {
  'small.html': 'x'.repeat(270),
  'middle.html': 'x'.repeat(2_000),
  'large.html': 'x'.repeat(8_100),
};

const WRK_SCRIPT = `
local paths = { "/small.html", "/middle.html", "/small.html", "/large.html", "/missing" }
local next = 0
request = function()
  next = next % #paths + 1
  return wrk.format("GET", paths[next], {
    ["Host"] = "www.example.com",
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ["Accept-Language"] = "en-US,en;q=0.5",
    ["Accept-Encoding"] = "gzip, deflate",
    ["Cookie"] = "session=0123456789abcdef0123456789abcdef; theme=dark",
  })
end
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '12' } },
});
const [capture] = positionals;
if (capture === undefined) {
  console.error('usage: node bench/record-site.ts CAPTURE [--seconds N]');
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), 'httplog-bench-'));
const script = join(directory, 'site.lua');
writeFileSync(script, WRK_SCRIPT);
const pair = await createVethPair();
const { client, server } = pair;
const nginx = await startNginx({ namespace: server.namespace, files: PAGES });
try {
  // Without offloads the frames are those of a wire: no longer than its MTU.
  for (const { namespace, device } of [client, server]) {
    await runInNamespace(namespace, 'ethtool', [
      '-K',
      device,
      'tso',
      'off',
      'gso',
      'off',
      'gro',
      'off',
    ]);
  }
  const tcpdump = await startProcess(
    'tcpdump',
    ['-i', client.device, '-B', '65536', '-s', '0', '-Z', 'root', '-w', capture],
    { namespace: client.namespace },
  );
  await tcpdump.waitForOutput('stderr', /listening on/, 5000);
  const wrk = await runChecked(
    'wrk',
    ['-t1', '-c32', `-d${values.seconds}s`, '-s', script, `http://${server.ipv4}/`],
    { namespace: client.namespace, timeoutMs: Number(values.seconds) * 1000 + 15_000 },
  );
  await delay(500);
  await tcpdump.signal('SIGINT');
  await tcpdump.waitForExit(10_000);
  console.log(wrk.match(/\d+ requests in .*/)?.[0]);
  console.log(tcpdump.stderr().trim());
  console.log(`${capture}: ${(statSync(capture).size / 1e6).toFixed(0)} MB`);
} finally {
  await nginx.stop();
  await pair.stop();
  rmSync(directory, { recursive: true });
}
