import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  type ProcessExit,
  runChecked,
  runCommand,
  startProcess,
  waitUntil,
} from '../live/child-process.ts';
import { ownSettings } from '../live/own-settings.ts';
import { canCaptureLive, titleWithReason } from '../live/requirements.ts';
import { PATIENCE_MS } from '../patience.ts';
import { PROJECT, readProjectFile } from '../structure/source-files.ts';

const { version } = JSON.parse(readProjectFile('package.json'));
const IPV4_CAPTURE = join(PROJECT, 'test/fixtures/pcaps/nginx-ipv4.pcap');
const IPV6_CAPTURE = join(PROJECT, 'test/fixtures/pcaps/nginx-ipv6.pcap');
const PACK_TIMEOUT_MS = 180_000;
const noCapture = canCaptureLive();

/**
 * The package as npm installs it: its files below a node_modules, its dependencies beside it, and the
 * link to its command. The dependencies are links to those of this checkout, so no registry is needed.
 */
let folder: string;
let files: string[];
let program: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'httplog-package-'));
  const pack = ['pack', '--json', '--loglevel', 'error', '--pack-destination', folder];
  await runChecked('npm', pack, { cwd: PROJECT, timeoutMs: PACK_TIMEOUT_MS });
  const tarball = join(folder, `httplog-${version}.tgz`);
  const list = await runChecked('tar', ['-tzf', tarball]);
  files = list
    .trim()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''));
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  await runChecked('tar', ['-xzf', tarball, '-C', folder]);
  renameSync(join(folder, 'package'), join(modules, 'httplog'));
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(modules, 'httplog/package.json'), 'utf8'),
  );
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const link = join(modules, name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(PROJECT, 'node_modules', name), link);
  }
  program = join(modules, '.bin/httplog');
  symlinkSync('../httplog/bin/httplog', program);
}, PACK_TIMEOUT_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Packages in `dist`; one of them is as much as all: they are a few files of one bundle. */
const BUNDLED = ['cli-progress', 'luxon', 'pino', 'pino-roll', 'piscina', 're2js', 'yaml'];

function readFileOfPackage(path: string): string {
  return readFileSync(join(folder, 'node_modules/httplog', path), 'utf8');
}

const manifestOfPackage = () => JSON.parse(readFileOfPackage('package.json'));
const scriptsOf = (paths: string[]): string[] => paths.filter((path) => path.endsWith('.js'));

/** What a file asks of neither Node nor its own directory. */
function packagesIn(path: string): string[] {
  const asked = readFileOfPackage(path).matchAll(
    /(?:\brequire[\w$]*|\bimport)\(["']([^"'.][^"']*)["']\)/g,
  );
  return [...asked].map(([, name]) => name).filter((name) => !isBuiltin(name));
}

/** A file of the package and all that it loads at once: what a function loads stands further right. */
function loadedWith(path: string, seen = new Set<string>()): Set<string> {
  if (!seen.has(path)) {
    seen.add(path);
    const atOnce = readFileOfPackage(path).matchAll(/^(?:const \w+ = )?require\("(\.[^"]+)"\)/gm);
    for (const [, target] of atOnce) {
      loadedWith(join(dirname(path), target), seen);
    }
  }
  return seen;
}

function run(...args: string[]): Promise<ProcessExit> {
  return runCommand(program, ownSettings(args), { cwd: folder });
}

/** The lines that this checkout's own sources write. */
async function linesOfCheckout(...args: string[]): Promise<string> {
  return runChecked(join(PROJECT, 'bin/httplog'), ownSettings(args), { cwd: folder });
}

describe('the packed files', () => {
  test('are what an operator needs', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'package.json',
        'README.md',
        'CHANGELOG.md',
        'LICENSE',
        'SECURITY.md',
        'bin/httplog',
        'bin/root-environment.sh',
        'conf/httplog.conf',
        'conf/demo.pcap',
        'conf/lnav/httplog.json',
        'scripts/start_httplog.sh',
        'dist/THIRD-PARTY-LICENSES',
        'dist/cli/httplog.js',
        'dist/cli/live-worker.js',
        'dist/cli/part-thread.js',
        'dist/cli/replay-task.js',
        'dist/cli/sqlite-thread.js',
      ]),
    );
    expect(files.some((path) => path.startsWith('docs/'))).toBe(true);
  });

  test('are nothing else: no sources, tests, benches or scripts of the project', () => {
    const meant =
      /^(package\.json|(README|CHANGELOG|SECURITY)\.md|LICENSE|bin\/(httplog|root-environment\.sh)|scripts\/start_httplog\.sh)$|^(conf|docs)\/|^dist\/(package\.json|THIRD-PARTY-LICENSES|.*\.js)$/;
    expect(files.filter((path) => !meant.test(path))).toEqual([]);
  });

  test('name no TypeScript file that is not there', () => {
    const importsOf = (path: string) =>
      readFileSync(join(folder, 'node_modules/httplog', path), 'utf8').matchAll(
        /(?:from |import ?\(?|require\()["'](\.[^"']+)["']/g,
      );
    const targets = files
      .filter((path) => path.endsWith('.js'))
      .flatMap((path) => [...importsOf(path)].map(([, target]) => join(dirname(path), target)));
    expect(targets.length).toBeGreaterThan(50);
    expect(targets.filter((target) => !files.includes(target))).toEqual([]);
  });

  test('need one package that is no part of them, and it is installed with them', () => {
    const needed = scriptsOf(files).flatMap(packagesIn);
    expect([...new Set(needed)]).toEqual(['koffi']);
    expect(Object.keys(manifestOfPackage().dependencies)).toEqual(['koffi']);
  });

  test('load no other package before it is used', () => {
    const eager = [...loadedWith('dist/cli/httplog.js'), ...loadedWith('dist/cli/live-worker.js')];
    expect(eager.length).toBeGreaterThan(5);
    expect(eager.filter((path) => /package/.test(path))).toEqual([]);
  });

  test('have the license of each package whose code is in them', () => {
    const licenses = readFileOfPackage('dist/THIRD-PARTY-LICENSES');
    const named = [...licenses.matchAll(/^(\S+) (\d+\.\d+\.\d+) \((?:MIT|ISC)\)$/gm)];
    const versions = Object.fromEntries(named.map(([, name, installed]) => [name, installed]));
    const { devDependencies } = manifestOfPackage();
    for (const name of BUNDLED) {
      expect(versions[name]).toBe(devDependencies[name]);
    }
    // Packages that those bring.
    expect(Object.keys(versions)).toEqual(expect.arrayContaining(['date-fns', 'sonic-boom']));
    expect(licenses.match(/permission notice|permission to use/gi)?.length).toBeGreaterThanOrEqual(
      named.length,
    );
  });
});

describe('the installed command', () => {
  test('prints its version and its help', async () => {
    expect(await run('-v')).toMatchObject({ code: 0, stdout: `httplog ${version}\n`, stderr: '' });
    expect(await run('-h')).toMatchObject({ code: 0, stderr: '' });
  });

  test('replays a capture into the same lines as the checkout', async () => {
    const args = ['replay', IPV4_CAPTURE, '-p', 'any', '-o', '-', '--timezone', 'UTC'];
    const { code, stdout } = await run(...args);
    expect(code).toBe(0);
    expect(stdout).toContain(' CQ GET ');
    expect(stdout).toBe(await linesOfCheckout(...args));
  });

  test('replays several captures in its pool, in their order', async () => {
    const args = [
      'replay',
      IPV6_CAPTURE,
      IPV4_CAPTURE,
      '-p',
      'any',
      '-o',
      '-',
      '--timezone',
      'UTC',
    ];
    const { code, stdout } = await run(...args);
    expect(code).toBe(0);
    expect(stdout.indexOf('2001:db8')).toBeLessThan(stdout.indexOf('192.0.2.'));
    expect(stdout).toBe(await linesOfCheckout(...args));
  });

  /** Each uses another of the packages, which lie nowhere but in the files of httplog. */
  test.each([
    ['a named time zone: luxon', ['--timezone', 'Asia/Seoul'], ' CQ GET '],
    ['an expression: re2js', ['--include-path', '^/'], ' CQ GET '],
  ])('replays with %s', async (_, options, part) => {
    const args = ['replay', IPV4_CAPTURE, '-p', 'any', '-o', '-', ...options];
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(part);
    expect(stdout).toBe(await linesOfCheckout(...args));
  });

  test('reads patterns from a file: yaml', async () => {
    const patterns = join(folder, 'patterns.yaml');
    const replay = ['replay', IPV4_CAPTURE, '-p', 'any', '-o', '-', '--redact-file', patterns];
    writeFileSync(patterns, '- name: method\n  pattern: "GET"\n');
    expect(await run(...replay)).toMatchObject({ code: 0, stderr: '' });
    writeFileSync(patterns, '- name: [');
    const wrong = await run(...replay);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain(`Patterns file ${patterns}`);
  });

  test.skipIf(noCapture)(
    titleWithReason('keeps a service log in daily files: pino and pino-roll', noCapture),
    async () => {
      const service = join(folder, 'service');
      mkdirSync(service, { mode: 0o750 });
      const args = ['-i', 'lo', '-p', '1', '-o', '/dev/null', '--service-log', service];
      const httplog = await startProcess(program, ownSettings(args), { cwd: folder });
      onTestFinished(async () => void (await httplog.stop()));
      const told = () =>
        readdirSync(service)
          .map((file) => readFileSync(join(service, file), 'utf8'))
          .join('');
      await waitUntil('it tells that it captures', () => told().includes('\n'), PATIENCE_MS);
      expect(JSON.parse(told().split('\n')[0])).toMatchObject({ level: 'info', pid: httplog.pid });
      expect(readdirSync(service).join()).toMatch(/^httplog-service\.\d{4}-\d\d-\d\d\.1\.jsonl$/);
    },
  );

  test('finds the recording of the demo when it may not capture', async () => {
    const args = ['--bounding-set=-net_raw', '--inh-caps=-net_raw', program, 'demo'];
    const isRoot = process.getuid?.() === 0;
    const [command, ...rest] = isRoot ? ['setpriv', ...args] : [program, 'demo'];
    const { code, stdout, stderr } = await runCommand(command, rest, { cwd: folder });
    expect(code).toBe(0);
    expect(stdout).toMatch(/ CQ .* CR .* SQ .* SR /s);
    expect(isRoot || noCapture !== undefined ? stderr : 'replays').toContain('replays');
  });

  test.skipIf(noCapture)(
    titleWithReason('captures live in a thread of its own', noCapture),
    async () => {
      const { code, stdout, stderr } = await run('demo');
      expect(stderr).toBe('');
      expect(code).toBe(0);
      expect(stdout).toMatch(/httplog captures lo.* CQ .* CR /s);
    },
  );
});
