/**
 * Text lines and exchanges of what a server is asked, and what both must say of requests whose responses repeat the
 * request's line as `X-Line`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type HttplogProcess, startHttplog } from './httplog-process.ts';
import { CAPTURING, type LogLine, parseSummary, readLinesSoFar } from './log-lines.ts';
import type { LinkEnd } from './network-namespaces.ts';
import { newDirectory } from './web-scene.ts';

/** More than a scene sends: a busy machine may keep httplog from running while it does. */
const RING_MB = 64;

/** A line of `--format json --header X-Line`, as far as it is looked at here. */
export interface ServedExchange {
  method?: string;
  target?: string;
  version?: string;
  status?: number;
  complete: boolean;
  incomplete?: string;
  request_body_bytes?: number;
  response_body_bytes?: number;
  duration_ms?: number;
  connect_ms?: number;
  response_headers?: { 'x-line'?: string };
}

export interface BothRecords {
  exchanges: ServedExchange[];
  messages: LogLine[];
}

export interface BothOptions {
  ports: readonly number[];
  /**
   * Whether responses are sent ahead of each other: a head behind the end of a body that began in an earlier segment
   * has a line only where segments are followed, so that the lines are of the httplog that writes the exchanges.
   */
  isPipelined: boolean;
}

/** Starts httplog, once or for each of the two; `end` ends it, and gives what was written. It ends with the test. */
export async function startBothRecords(
  { namespace, device }: LinkEnd,
  { ports, isPipelined }: BothOptions,
): Promise<{ end(): Promise<BothRecords> }> {
  const directory = newDirectory();
  const [json, text] = ['json', 'text'].map((name) => join(directory, name));
  // On veth segments can be longer than the MTU: heads within one are read wherever they are.
  const whole = ['-s', '0', '--complete-heads', '-b', `${RING_MB}`];
  const shared = ['-i', device, '-p', ports.join(','), ...whole];
  const outputs = [
    ['--output', `format=json,path=${json}`, '--header', 'X-Line'],
    ['--output', `format=text,path=${text}`],
  ];
  const starts = isPipelined ? [outputs.flat()] : outputs;
  const daemons: HttplogProcess[] = [];
  onTestFinished(async () => {
    await Promise.all(daemons.map((daemon) => daemon.stop()));
  });
  for (const output of starts) {
    const args = [...shared, ...output];
    daemons.push(await startHttplog({ namespace, args, ready: CAPTURING }));
  }
  return {
    async end() {
      for (const { stderr } of await Promise.all(daemons.map((daemon) => daemon.end()))) {
        expect(parseSummary(stderr), stderr).toMatchObject({ dropped: 0, linesDropped: 0 });
      }
      const lines = readFileSync(json, 'utf8').split('\n').slice(0, -1);
      return { exchanges: lines.map((line) => JSON.parse(line)), messages: readLinesSoFar(text) };
    },
  };
}

/** `GET /path HTTP/1.1`, as the server's log has it. */
export function lineOf({ method, target, version }: ServedExchange): string {
  return `${method} ${target} HTTP/${version}`;
}

/**
 * Each request is one complete exchange with its own response, one line of text, and has one line of its final
 * response.
 *
 * @param lines of the requests, by the server's word
 */
export function expectAllServed({ exchanges, messages }: BothRecords, lines: readonly string[]) {
  expect(exchanges.filter(({ complete }) => !complete)).toEqual([]);
  const wrong = exchanges.filter((one) => one.response_headers?.['x-line'] !== lineOf(one));
  expect(wrong).toEqual([]);
  expect(exchanges.map(lineOf).sort()).toEqual([...lines].sort());
  const requests = messages.filter(({ type }) => type === 'CQ');
  const asked = requests.map(({ message }) => message.split(' ').slice(0, 3).join(' '));
  expect(asked.sort()).toEqual([...lines].sort());
  const answers = messages.filter(
    ({ type, message }) => type === 'CR' && !/^HTTP\/1\.1 1/.test(message),
  );
  expect(answers).toHaveLength(lines.length);
}
