import { fileURLToPath } from 'node:url';
import { runChecked, startProcess } from '../../test/live/child-process.ts';
import { ip, type LinkedHosts } from '../../test/live/network-namespaces.ts';
import { startNginx } from '../../test/live/web-server.ts';
import type { Traffic } from './record.ts';

/** Sizes of pages in bytes. */
const PAGES: Readonly<Record<string, string>> = {
  'small.html': 'x'.repeat(270),
  'middle.html': 'x'.repeat(2_000),
  'large.html': 'x'.repeat(8_100),
  // Some 130 segments and half as many acknowledgements beside two heads.
  'bulk.bin': 'x'.repeat(190_000),
};
const ORDER = '{"order":42,"state":"paid","total":"19.90"}';
/** Longer than any recording: the load is stopped when there are packets enough. */
const WRK_DURATION = '3600s';
const WIDE_FLOWS = 100_000;
/** A client's address has some 28,000 ports to call from. */
const WIDE_ADDRESSES = [11, 12, 13, 14, 15].map((host) => `192.0.2.${host}`);
const FLOOD_PROGRAM = pathOf('flood-main.ts');
const READY_TIMEOUT_MS = 10_000;

/** nginx under wrk. */
function web(options: {
  path?: string;
  script?: string;
  scriptArgs?: readonly string[];
  connections?: number;
  host?: (pair: LinkedHosts) => string;
}): Traffic {
  const { path = '/', script, scriptArgs = [], connections = 32 } = options;
  const host = options.host ?? (({ server }) => server.ipv4);
  return {
    startServer: startWebServer,
    load: (pair) => [
      'wrk',
      ...['-t1', `-c${connections}`, `-d${WRK_DURATION}`],
      ...(script === undefined ? [] : ['-s', pathOf(script)]),
      `http://${host(pair)}${path}`,
      ...(scriptArgs.length === 0 ? [] : ['--', ...scriptArgs]),
    ],
  };
}

function startWebServer({ server }: LinkedHosts): Promise<{ stop(): Promise<void> }> {
  return startNginx({
    namespace: server.namespace,
    files: PAGES,
    serverLines: [
      'access_log off;',
      `location /orders { default_type application/json; return 200 '${ORDER}'; }`,
    ],
  });
}

const flood: Traffic = {
  // TCP timestamps would make twelve bytes more of each header.
  async prepare({ client, server }) {
    for (const { namespace } of [client, server]) {
      await runChecked('sysctl', ['-w', 'net.ipv4.tcp_timestamps=0'], { namespace });
    }
  },
  async startServer({ server: { namespace } }) {
    const server = await startProcess(process.execPath, [FLOOD_PROGRAM, 'server'], { namespace });
    await server.waitForOutput('stdout', /listening/, READY_TIMEOUT_MS);
    return server;
  },
  load: ({ server }) => [process.execPath, FLOOD_PROGRAM, 'client', server.ipv4],
};

const wide: Traffic = {
  async prepare({ client }) {
    for (const address of WIDE_ADDRESSES) {
      await ip(client.namespace, 'addr', 'add', `${address}/24`, 'dev', client.device);
    }
  },
  startServer: startWebServer,
  load: ({ server }) => [
    process.execPath,
    ...[pathOf('wide-client-main.ts'), server.ipv4, `${WIDE_FLOWS}`, ...WIDE_ADDRESSES],
  ],
};

/** What is recorded, by name. */
export const TRAFFICS = {
  site: web({ script: 'site.lua' }),
  'site-ipv6': web({ script: 'site.lua', host: ({ server }) => `[${server.ipv6}]` }),
  api: web({ script: 'api.lua' }),
  bulk: web({ path: '/bulk.bin' }),
  elephant: web({ path: '/bulk.bin', connections: 1 }),
  flood,
  wide,
} satisfies Record<string, Traffic>;

/** Requests with a head of about so many bytes. */
export function headerTraffic(headBytes: number): Traffic {
  return web({ script: 'header.lua', scriptArgs: [`${headBytes}`] });
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
