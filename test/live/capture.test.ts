import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { waitUntil } from './child-process.ts';
import { type HttplogProcess, startHttplog } from './httplog-process.ts';
import {
  CAPTURING,
  countTypes,
  type LogLine,
  makeLogDirectory,
  parseLines,
  parseSummary,
  readLogDirectory,
  removeLogDirectory,
  waitForLines,
} from './log-lines.ts';
import type { LinkEnd } from './network-namespaces.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { curl, keepAliveRequests } from './web-client.ts';
import { useWebScene } from './web-scene.ts';
import { startNginx } from './web-server.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx', 'curl');

/** Without the daemon's lock, which stands beside them while it runs. */
function listLogs(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith('http-'));
}

describe.skipIf(noLive)(titleWithReason('live capture on a veth pair', noLive), () => {
  const { hosts, nginx } = useWebScene();

  function newDirectory(): string {
    const directory = makeLogDirectory();
    onTestFinished(() => removeLogDirectory(directory));
    return directory;
  }

  async function startOn(end: LinkEnd, ...args: string[]): Promise<HttplogProcess> {
    const { namespace, device } = end;
    const all = ['-i', device, ...args];
    const httplog = await startHttplog({ namespace, args: all, ready: CAPTURING });
    onTestFinished(async () => void (await httplog.stop()));
    return httplog;
  }

  const ask = (path: string, ...args: string[]) =>
    curl([`http://${hosts().server.ipv4}${path}`, '-o', '/dev/null', ...args], {
      namespace: hosts().client.namespace,
    });

  /** What nginx wrote: `ADDRESS PORT STATUS REQUEST_LINE`; as the message of CQ and the source. */
  const asAccessLog = (request: LogLine, response: LogLine) =>
    [
      request.source.replace('#', ' '),
      response.message.split(' ')[1],
      request.message.split(' ').slice(0, 3).join(' '),
    ].join(' ');

  test('server and client both see each exchange, over IPv4 and IPv6, as nginx logs it', async () => {
    const { client, server } = hosts();
    const [atServer, atClient] = [newDirectory(), newDirectory()];
    const logged = nginx().readAccessLog().length;
    const daemons = [await startOn(server, '-d', atServer), await startOn(client, '-d', atClient)];
    for (const host of [server.ipv4, `[${server.ipv6}]`]) {
      const agent = ['-A', 'Mozilla/5.0 (X11; é)', '-H', 'Host: www.example.com'];
      const url = `http://${host}`;
      const place = { namespace: client.namespace };
      await curl([`${url}/`, '-o', '/dev/null', ...agent], place);
      await curl([`${url}/missing?a=b%20c`, '-o', '/dev/null'], place);
      await curl(['-I', `${url}/`, '-o', '/dev/null'], place);
    }
    const serverLines = await waitForLines(() => readLogDirectory(atServer), 12);
    const clientLines = await waitForLines(() => readLogDirectory(atClient), 12);
    const summaries = [];
    for (const daemon of daemons) {
      const { code, stderr } = await daemon.end();
      expect(code).toBe(0);
      summaries.push(parseSummary(stderr));
    }
    expect(summaries[0]).toMatchObject({ dropped: 0, written: 12, linesDropped: 0 });
    expect(summaries[0].messages).toEqual({ CQ: 6, CR: 6, SQ: 0, SR: 0 });
    expect(summaries[1].messages).toEqual({ CQ: 0, CR: 0, SQ: 6, SR: 6 });

    const requests = serverLines.filter(({ type }) => type === 'CQ');
    const responses = serverLines.filter(({ type }) => type === 'CR');
    // nginx writes a line when the client has its response already.
    const readLogged = () => nginx().readAccessLog().slice(logged);
    await waitUntil('nginx has logged all', () => readLogged().length >= 6, PATIENCE_MS);
    const accessLog = readLogged();
    expect(requests.map((line, index) => asAccessLog(line, responses[index]))).toEqual(accessLog);
    expect(requests.map(({ message }) => message)).toEqual(
      [server.ipv4, `[${server.ipv6}]`].flatMap((host) => [
        'GET / HTTP/1.1 www.example.com Mozilla/5.0 (X11; é)',
        expect.stringMatching(/^GET \/missing\?a=b%20c HTTP\/1\.1 \S+ curl\/\S+$/),
        expect.stringContaining(`HEAD / HTTP/1.1 ${host} curl/`),
      ]),
    );
    const page = '<!doctype html><title>It works</title>\n'.length;
    const answers = [
      `HTTP/1.1 200 OK ${page} text/html`,
      expect.stringMatching(/^HTTP\/1\.1 404 Not Found \d+ text\/html$/),
      `HTTP/1.1 200 OK ${page} text/html`,
    ];
    expect(responses.map(({ message }) => message)).toEqual([...answers, ...answers]);
    for (const [index, { source, target }] of responses.entries()) {
      expect([target, source]).toEqual([requests[index].source, requests[index].target]);
    }
    // The other end tells the same but for the types, and its own clock reading.
    const asServer = ({ text, type }: LogLine) =>
      text.slice(24).replace(` ${type} `, ` ${type.replace('S', 'C')} `);
    expect(clientLines.map(asServer)).toEqual(serverLines.map(({ text }) => text.slice(24)));
    expect(countTypes(clientLines)).toEqual({ SQ: 6, SR: 6 });
  });

  test('keep-alive connections give one CQ and one CR a request', async () => {
    const directory = newDirectory();
    const daemon = await startOn(hosts().server, '-d', directory);
    const report = await keepAliveRequests({
      namespace: hosts().client.namespace,
      url: `http://[${hosts().server.ipv6}]/index.html`,
      count: 500,
      connections: 5,
    });
    expect(report).toMatchObject({ answered: 500, failed: 0 });
    const { code, stderr } = await daemon.end();
    expect(code).toBe(0);
    const lines = readLogDirectory(directory);
    expect(countTypes(lines)).toEqual({ CQ: 500, CR: 500 });
    const paths = lines.filter(({ type }) => type === 'CQ').map((line) => line.message);
    expect(new Set(paths).size).toBe(500);
    expect(parseSummary(stderr)).toMatchObject({ dropped: 0, written: 1000, linesDropped: 0 });
  });

  test('the daily file has the day of the lines in its name and the mode 0640', async () => {
    const directory = newDirectory();
    await startOn(hosts().server, '-d', directory);
    await ask('/daily');
    const [line] = await waitForLines(() => readLogDirectory(directory), 2);
    const day = line.text.slice(0, 10).replaceAll('-', '');
    expect(listLogs(directory)).toEqual([`http-${day}.log`]);
    expect(statSync(join(directory, `http-${day}.log`)).mode & 0o777).toBe(0o640);
  });

  test('-log_split writes each type to a file of its own, and none for a type without lines', async () => {
    const directory = newDirectory();
    await startOn(hosts().server, '-d', directory, '-log_split');
    await ask('/split');
    const [{ text }] = await waitForLines(() => readLogDirectory(directory), 2);
    const day = text.slice(0, 10).replaceAll('-', '');
    const types = listLogs(directory).map((file) => [
      file,
      countTypes(parseLines(readFileSync(join(directory, file), 'utf8'))),
    ]);
    expect(Object.fromEntries(types)).toEqual({
      [`http-CQ-${day}.log`]: { CQ: 1 },
      [`http-CR-${day}.log`]: { CR: 1 },
    });
  });

  test('-o FILE takes all lines, and -o - standard output', async () => {
    const path = join(newDirectory(), 'lines');
    const daemons = [
      await startOn(hosts().server, '-o', path),
      await startOn(hosts().server, '-o', '-'),
    ];
    await ask('/output');
    await waitForLines(() => parseLines(readFileSync(path, 'utf8')), 2);
    await daemons[1].waitForOutput('stdout', / CR .*\n/, PATIENCE_MS);
    const [, { stdout }] = await Promise.all(daemons.map((daemon) => daemon.end()));
    expect(stdout).toBe(readFileSync(path, 'utf8'));
    expect(countTypes(parseLines(stdout))).toEqual({ CQ: 1, CR: 1 });
  });

  test('lines are there though nothing more comes, so that tail -f shows them', async () => {
    const directory = newDirectory();
    await startOn(hosts().server, '-d', directory);
    await ask('/soon');
    await waitForLines(() => readLogDirectory(directory), 2);
  });

  test('the ports of -p are captured, and others are not', async () => {
    const directory = newDirectory();
    const other = await startNginx({ namespace: hosts().server.namespace, ports: [8081, 8082] });
    onTestFinished(() => other.stop());
    const daemon = await startOn(hosts().server, '-d', directory, '-p', '81,8080-8081');
    for (const port of ['', ':8081', ':8082']) {
      const url = `http://${hosts().server.ipv4}${port}/port${port}`;
      await curl([url, '-o', '/dev/null'], { namespace: hosts().client.namespace });
    }
    await daemon.end();
    const lines = readLogDirectory(directory);
    expect(countTypes(lines)).toEqual({ CQ: 1, CR: 1 });
    expect(lines[0].message).toContain('GET /port:8081 ');
  });

  test('-p any captures every port', async () => {
    const directory = newDirectory();
    const other = await startNginx({ namespace: hosts().server.namespace, ports: [8083] });
    onTestFinished(() => other.stop());
    const daemon = await startOn(hosts().server, '-d', directory, '-p', 'any');
    await ask('/any');
    const url = `http://${hosts().server.ipv4}:8083/any`;
    await curl([url, '-o', '/dev/null'], { namespace: hosts().client.namespace });
    await daemon.end();
    expect(countTypes(readLogDirectory(directory))).toEqual({ CQ: 2, CR: 2 });
  });

  test('-s cuts what is read of each packet', async () => {
    const directory = newDirectory();
    const daemon = await startOn(hosts().server, '-d', directory, '-s', '90');
    await ask('/cut/at/byte/ninety/of/the/frame');
    const { stderr } = await daemon.end();
    const frameHeaders = 14 + 20 + 32;
    const [request] = readLogDirectory(directory);
    const whole = 'GET /cut/at/byte/ninety/of/the/frame HTTP/1.1';
    expect(request.message).toBe(`${whole.slice(0, 90 - frameHeaders)} - -`);
    expect(stderr).toMatch(/Packets: \d+ received, 0 dropped by the kernel, [1-9]\d* truncated/);
  });

  test('--local decides the types instead of the addresses of the host', async () => {
    const directory = newDirectory();
    const { client, server } = hosts();
    const locals = ['--local', client.ipv4, '--local', '2001:db8:1::2/127'];
    const daemon = await startOn(server, '-d', directory, ...locals);
    await ask('/local');
    const url = `http://[${server.ipv6}]/local`;
    await curl([url, '-o', '/dev/null'], { namespace: client.namespace });
    await daemon.end();
    expect(countTypes(readLogDirectory(directory))).toEqual({ SQ: 2, SR: 2 });
  });
});
