/** Tests that hold on any machine: none needs it to be quick or idle. */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readProjectFile } from './source-files.ts';

/** A wait after which nothing is looked at but that nothing has happened, or that all has. */
const BARE_WAIT = /await sleep\(|setTimeout\((?:resolve|done)\b/;
/** Something is so or not so long after something else. */
const CLOCK_IN_EXPECT =
  /expect\([^;]*?(?:performance\.now|Date\.now|hrtime|\b(?:elapsed|took|duration)(?:Ms|Sec)\b)[^;]*?\.toBe(?:Less|Greater)/;
/** Its own deadline is a second, unless it is given another one. */
const SHORT_POLL = /(?:vi\.waitFor|vi\.waitUntil|expect\.poll)\((?![^;]*(?:timeout|, [A-Z_]+\)$))/;

/** Seconds that a number here allows, and PATIENCE_MS does not: on a busy machine they are over at once. */
const SHORT_WAIT =
  /(?:waitUntil|waitForOutput|waitForExit|waitForLines)\([^;]*, \d[\d_]{3,},?\s*\)$/;

/** What may stay, and why: `waitUntil` and the order of events are for all others. */
const ALLOWED: Readonly<Record<string, string>> = {
  'capture/libpcap-engine.test.ts': 'a baseline for waits; packets are not from the future',
  'admin/server.test.ts': 'deadlines of the server are not injected',
  'admin/metrics.test.ts': 'a start within the last hour, in seconds since 1970',
  'daemon/systemd-notify.test.ts': 'the order of three readings of one clock',
  'live/admin.test.ts': 'the kernel takes so long to hand over a block of a stopped process',
  'live/exchanges.test.ts': 'between two of many reads',
  'live/network-namespaces.test.ts': 'deadlines of the helpers themselves',
  'live/kill.test.ts': 'a kill at a random moment, and a loss beside the delay of the same life',
  'live/systemd-notify.test.ts': 'between two of many signals',
  'scripts/bin.test.ts': 'between two of many signals',
};

const SELF = 'structure/quiet-machine.test.ts';

/** Statements of tests, by file; programs that tests start (`*-main.ts`) are what they are. */
const files = readdirSync(new URL('..', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts') && path !== SELF)
  .sort()
  .map((path) => ({ path, text: readProjectFile(`test/${path}`) }));

function findUnquiet(text: string): string[] {
  const statements = text.split(/;\n/);
  return [BARE_WAIT, CLOCK_IN_EXPECT, SHORT_POLL, SHORT_WAIT].flatMap((pattern) =>
    statements.filter((statement) => pattern.test(statement)).map((each) => each.trim()),
  );
}

describe('the tests', () => {
  test('are found', () => {
    expect(files.length).toBeGreaterThan(150);
  });

  test('neither wait for a time nor compare with the clock', () => {
    const found = files.flatMap(({ path, text }) =>
      findUnquiet(text).map((statement) => `${path}: ${statement}`),
    );
    expect(found.filter((each) => ALLOWED[each.split(':')[0]] === undefined)).toEqual([]);
  });

  test.each(Object.keys(ALLOWED))('have %s, which may', (path) => {
    expect(files.map((file) => file.path)).toContain(path);
  });

  test('start httplog without what this machine has set up for it', () => {
    const starts =
      /(?:runCommand|runChecked|startProcess|spawn(?:Sync)?)\((?:'setpriv', \[[^;]*)?\bPROGRAM,(?![^;]*(?:ownSettings|'-v'|'demo'))/;
    const found = files.filter(({ text }) => text.split(/;\n/).some((each) => starts.test(each)));
    expect(found.map(({ path }) => path)).toEqual([]);
  });
});

test.each([
  ['    await sleep(300)'],
  ['  await new Promise((resolve) => setTimeout(resolve, 100))'],
  ['  expect(performance.now() - startMs).toBeLessThan(500)'],
  ['  expect(report.elapsedMs).toBeLessThan(1000)'],
  ['  expect(Date.now() - before).toBeGreaterThanOrEqual(50)'],
  ['  await vi.waitFor(() => expect(faults).not.toEqual([]))'],
  ["  await waitUntil('a line', () => lines > 0, 15_000)"],
  ["  await daemon.waitForOutput('stderr', /ready/, 5000)"],
])('%j is found', (statement) => {
  expect(findUnquiet(`first();\n${statement};\nlast();\n`)).toEqual([statement.trim()]);
});

test.each([
  ["  await waitUntil('a line', () => lines > 0, WAIT_MS)"],
  ["  await waitUntil('a line', () => lines > 0)"],
  ['  await waitForLines(() => readLogDirectory(directory), 2)'],
  ["  const late = sleep(150).then(() => order.push('deadline'))"],
  ['  expect(Math.min(...times) / Math.min(...baselines)).toBeLessThan(3)'],
  ['  await vi.waitFor(condition, { timeout: WAIT_MS })'],
  ['  await vi.waitFor(() => expect(faults).toEqual([]), WAIT)'],
])('%j is not', (statement) => {
  expect(findUnquiet(`first();\n${statement};\nlast();\n`)).toEqual([]);
});
