/** What the tests of faults share: a server with nginx, its client, and a count of what became of requests. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished } from 'vitest';
import { makeDirectory, removeDirectory } from '../log/small-disk.ts';
import { PATIENCE_MS } from '../patience.ts';
import { type HttplogExit, type HttplogProcess, startHttplog } from './httplog-process.ts';
import { CAPTURING, type LogLine, parseSummary } from './log-lines.ts';
import { createVethPair, type LinkedHosts } from './network-namespaces.ts';
import { type KeepAliveOptions, type KeepAliveReport, keepAliveRequests } from './web-client.ts';
import { type NginxOptions, type NginxServer, startNginx } from './web-server.ts';

/** Milliseconds in which a fault, or its end, must have been told: it is looked for every second. */
export const NOTICE_TIMEOUT_MS = PATIENCE_MS;

export interface WebScene {
  /** **Only within tests**, as all that follows. */
  hosts(): LinkedHosts;
  nginx(): NginxServer;
  /** Starts httplog beside the server, and ends it with the test. */
  startDaemon(args: readonly string[], wrap?: DaemonWrap): Promise<HttplogProcess>;
  /** Asks for /NAME?n=0 and so on; every request must be answered. */
  ask(name: string, count: number, options?: Partial<KeepAliveOptions>): Promise<KeepAliveReport>;
}

/** Another program that becomes httplog, and what it has in its environment. */
export interface DaemonWrap {
  program?: string;
  /** The program enters the server's namespace by itself. */
  isOutside?: boolean;
  env?: Record<string, string>;
}

/**
 * Makes hosts and server before the tests of a `describe`, and removes them after it.
 *
 * @param isForEach where tests leave the link other than they found it: hosts and server are made for each of them
 */
export function useWebScene(
  nginxOptions: NginxOptions = {},
  { isForEach = false }: { isForEach?: boolean } = {},
): WebScene {
  let hosts: LinkedHosts;
  let nginx: NginxServer;

  const make = async () => {
    hosts = await createVethPair();
    nginx = await startNginx({ namespace: hosts.server.namespace, ...nginxOptions });
  };
  const remove = async () => {
    await nginx?.stop();
    await hosts?.stop();
  };
  if (isForEach) {
    beforeEach(make);
    afterEach(remove);
  } else {
    beforeAll(make);
    afterAll(remove);
  }

  return {
    hosts: () => hosts,
    nginx: () => nginx,
    async startDaemon(args, { isOutside = false, ...wrap } = {}) {
      const place = isOutside ? {} : { namespace: hosts.server.namespace };
      const httplog = await startHttplog({ ...place, args, ready: CAPTURING, ...wrap });
      onTestFinished(async () => void (await httplog.stop()));
      return httplog;
    },
    async ask(name, count, options = {}) {
      const url = `http://${hosts.server.ipv4}/${name}`;
      const { namespace } = hosts.client;
      const report = await keepAliveRequests({ namespace, url, count, ...options });
      expect(report).toMatchObject({ answered: count, failed: 0 });
      return report;
    },
  };
}

/** A directory that is removed with the test. */
export function newDirectory(): string {
  const directory = makeDirectory();
  onTestFinished(() => removeDirectory(directory));
  return directory;
}

/** Requests found, by the name that was asked for. */
export function countNames(lines: LogLine[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { message } of lines.filter(isRequest)) {
    const name = message.split(/[ /?]/)[2];
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/**
 * Checks that each line of so many requests, and of their responses, is there once or counted as lost. Gives
 * how many are lost.
 */
export function expectAllCounted(lines: LogLine[], requests: number, exit: HttplogExit): number {
  const linesDropped = 2 * requests - lines.length;
  expect(parseSummary(exit.stderr), exit.stderr).toMatchObject({
    dropped: 0,
    messages: { CQ: requests, CR: requests },
    written: lines.length,
    linesDropped,
  });
  const asked = lines.filter(isRequest).map(({ message }) => message);
  expect(new Set(asked).size).toBe(asked.length);
  return linesDropped;
}

const isRequest = ({ type }: LogLine) => type === 'CQ';
