import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  BRIDGE,
  BRIDGE_IP,
  type ContainerHost,
  createContainerHost,
  filterBridge,
  MASQUERADED_SERVICE_IP,
  OUTSIDE_IP,
  POD_IPS,
  SERVICE_IP,
} from './container-host.ts';
import { startHttplog } from './httplog-process.ts';
import {
  CAPTURING,
  countTypes,
  makeLogDirectory,
  parseLines,
  parseSummary,
  removeLogDirectory,
} from './log-lines.ts';
import {
  canCaptureLive,
  canTranslateAddresses,
  missingTool,
  titleWithReason,
} from './requirements.ts';
import { keepAliveRequests } from './web-client.ts';
import { type NginxServer, startNginx } from './web-server.ts';

const noLive = canCaptureLive() ?? missingTool('nginx') ?? canTranslateAddresses();
const REQUESTS = 50;
const CONNECTIONS = 10;
const TIMEOUT = { timeout: 240_000 };
const [CLIENT_POD_IP, SERVER_POD_IP] = POD_IPS;

interface Exchange {
  target: string;
  status: number;
  complete: boolean;
  client_ip: string;
  server_ip: string;
  nat_client_ip?: string;
  nat_server_ip?: string;
  retransmitted_segments?: number;
}

/** Who asks whom, and what is shown of the ends. */
interface Way {
  name: string;
  from: 'pod' | 'outside' | 'host';
  to: string;
  ends: Partial<Exchange>;
  /** The bridge passes it by the host's rules, or has no need to. */
  isFiltered?: boolean;
}

const fromPod = { client_ip: CLIENT_POD_IP };
const service = { server_ip: SERVICE_IP, nat_server_ip: SERVER_POD_IP };
const masquerade = {
  server_ip: MASQUERADED_SERVICE_IP,
  nat_client_ip: BRIDGE_IP,
  nat_server_ip: SERVER_POD_IP,
};
const WAYS: Way[] = [
  {
    name: 'from pod to pod',
    from: 'pod',
    to: SERVER_POD_IP,
    ends: { ...fromPod, server_ip: SERVER_POD_IP },
  },
  {
    name: 'from pod to pod by a service address, DNAT',
    from: 'pod',
    to: SERVICE_IP,
    ends: { ...fromPod, ...service },
    // Otherwise the answer does not pass the host, and is not taken for one.
    isFiltered: true,
  },
  {
    name: 'from pod to pod by a service address, DNAT and SNAT',
    from: 'pod',
    to: MASQUERADED_SERVICE_IP,
    ends: { ...fromPod, ...masquerade },
    isFiltered: false,
  },
  {
    name: 'the same where the bridge filters',
    from: 'pod',
    to: MASQUERADED_SERVICE_IP,
    ends: { ...fromPod, ...masquerade },
    isFiltered: true,
  },
  {
    name: 'from outside by a service address, DNAT',
    from: 'outside',
    to: SERVICE_IP,
    ends: { client_ip: OUTSIDE_IP, ...service },
  },
  {
    name: 'from outside by a service address, DNAT and SNAT, where the bridge filters',
    from: 'outside',
    to: MASQUERADED_SERVICE_IP,
    ends: { client_ip: OUTSIDE_IP, ...masquerade },
    isFiltered: true,
  },
  { name: 'from the host', from: 'host', to: SERVER_POD_IP, ends: { server_ip: SERVER_POD_IP } },
  {
    name: 'from the host by a service address, where the bridge filters',
    from: 'host',
    to: MASQUERADED_SERVICE_IP,
    // Its own packets are translated before any device shows them.
    ends: { client_ip: BRIDGE_IP, server_ip: SERVER_POD_IP },
    isFiltered: true,
  },
];

describe.skipIf(noLive)(titleWithReason('a host of containers', noLive), () => {
  let scene: ContainerHost;
  let nginx: NginxServer;
  const directory = makeLogDirectory();

  beforeAll(async () => {
    scene = await createContainerHost();
    nginx = await startNginx({ namespace: scene.pods[1], ports: [80] });
  });
  afterAll(async () => {
    await nginx?.stop();
    await scene?.stop();
    removeLogDirectory(directory);
  });

  const capture = (...args: string[]) =>
    startHttplog({ namespace: scene.host, args: ['-s', '0', ...args], ready: CAPTURING });

  const ask = async ({ from, to }: Pick<Way, 'from' | 'to'>) => {
    const namespace = { pod: scene.pods[0], outside: scene.outside, host: scene.host }[from];
    const load = { count: REQUESTS, connections: CONNECTIONS };
    const report = await keepAliveRequests({ namespace, url: `http://${to}/`, ...load });
    expect(report).toMatchObject({ answered: REQUESTS, failed: 0 });
  };

  /** What one daemon writes of exchanges, and another one of messages. */
  const captureAll = async (way: Pick<Way, 'from' | 'to'>, ...args: string[]) => {
    const [json, text] = ['json', 'text'].map((name) => join(directory, name));
    const daemons = await Promise.all([
      capture('-i', 'any', '--format', 'json', '-o', json, ...args),
      capture('-i', 'any', '-o', text, ...args),
    ]);
    await ask(way);
    const exits = await Promise.all(daemons.map((daemon) => daemon.end()));
    for (const { stderr } of exits) {
      expect(parseSummary(stderr)).toMatchObject({ dropped: 0 });
    }
    const exchanges = readAndEmpty(json).map((line): Exchange => JSON.parse(line));
    const lines = parseLines(`${readAndEmpty(text).join('\n')}\n`);
    return { exchanges, lines };
  };

  test.for(WAYS)('$name: one exchange a request', TIMEOUT, async (way, { skip }) => {
    const canFilter = await filterBridge(scene, way.isFiltered === true);
    skip(!canFilter && way.isFiltered === true, 'no br_netfilter in this kernel');
    const { exchanges, lines } = await captureAll(way);
    expect(exchanges).toHaveLength(REQUESTS);
    expect(new Set(exchanges.map(({ target }) => target)).size).toBe(REQUESTS);
    const expected = { status: 200, complete: true, ...way.ends };
    for (const exchange of exchanges) {
      expect(exchange).toMatchObject(expected);
      expect('nat_server_ip' in exchange).toBe('nat_server_ip' in way.ends);
    }
    const [query, response] = way.from === 'host' ? ['SQ', 'SR'] : ['CQ', 'CR'];
    expect(countTypes(lines)).toEqual({ [query]: REQUESTS, [response]: REQUESTS });
  });

  test('--no-fold shows what each device does', TIMEOUT, async () => {
    await filterBridge(scene, false);
    const way = { from: 'pod', to: MASQUERADED_SERVICE_IP } as const;
    const { exchanges, lines } = await captureAll(way, '--no-fold');
    expect(exchanges.length).toBeGreaterThanOrEqual(2 * REQUESTS);
    expect(lines.length).toBeGreaterThanOrEqual(4 * REQUESTS);
  });

  test("who listens on the bridge's own device sees nothing, and is told so", TIMEOUT, async () => {
    await filterBridge(scene, false);
    const daemon = await capture('-i', BRIDGE, '-o', '-');
    await ask({ from: 'pod', to: SERVER_POD_IP });
    const { stdout, stderr } = await daemon.end();
    expect(stdout).toBe('');
    expect(stderr).toContain(
      `${BRIDGE} is a bridge: what goes from one of its ports to another does not pass its own ` +
        'device; -i any, or one of its ports (pod0, pod1), shows it',
    );
  });
});

/** The lines of an output, which the next test has anew. */
function readAndEmpty(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  removeLogDirectory(path);
  return text.split('\n').slice(0, -1);
}
