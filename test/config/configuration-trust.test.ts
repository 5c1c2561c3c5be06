import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { loadConfiguration } from '../../src/config/configuration.ts';
import type { Configuration } from '../../src/config/settings.ts';
import { HttplogError } from '../../src/errors.ts';
import { readAddressAnonymization, readOwnPatterns } from '../../src/plan/redaction-files.ts';

/** Whose files are believed: what another user leaves where httplog is started must not say what it does. */

const OWN_UID = process.geteuid?.() ?? 0;
const isRoot = OWN_UID === 0;
const OTHER_USER = 65534;
const HOSTILE = 'HTTPLOG_USER=root\nHTTPLOG_OUTPUTS=path=/tmp/evil/\nHTTPLOG_QUIET=true\n';
const FILE_MODULE = new URL('../../src/config/configuration-file.ts', import.meta.url).href;

const folder = mkdtempSync(join(tmpdir(), 'httplog-trust-'));
const systemFile = join(folder, 'system');
let directory: string;
let localFile: string;
let directoriesCount = 0;

afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(() => {
  rmSync(systemFile, { force: true });
  directory = join(folder, `working-${++directoriesCount}`);
  localFile = join(directory, 'httplog.conf');
  mkdirSync(directory, { mode: 0o755 });
});

/** As the user of this process, or as another one, to whom its files are somebody else's. */
function load(argv: string[], callerUid = OWN_UID): Configuration {
  const commandLine = parseArguments(argv);
  return loadConfiguration({ commandLine, environment: {}, directory, systemFile, callerUid });
}

function loadError(argv: string[], callerUid?: number): HttplogError {
  try {
    load(argv, callerUid);
  } catch (error) {
    if (error instanceof HttplogError) {
      return error;
    }
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Writes it with exactly that mode, whatever the umask. */
function write(path: string, text: string, mode: number): void {
  writeFileSync(path, text);
  chmodSync(path, mode);
}

const ADVICE = 'name it with --config, or start in another directory';

describe('./httplog.conf', () => {
  test('of the caller, writable for nobody else, is read, and that is said', () => {
    write(localFile, 'HTTPLOG_PORT=81\n', 0o644);
    const { origins, notes } = load([]);
    expect(origins.ports).toBe('./httplog.conf line 1');
    expect(notes).toEqual([`Configuration file ./httplog.conf was read in ${directory}`]);
    expect(load(['check-config']).origins.ports).toBe('./httplog.conf line 1');
    rmSync(localFile);
    expect(load([]).notes).toEqual([]);
  });

  test.runIf(isRoot)('of root is read by everybody', () => {
    write(localFile, 'HTTPLOG_PORT=81\n', 0o644);
    expect(load([], OTHER_USER).origins.ports).toBe('./httplog.conf line 1');
  });

  test('of another user ends the start, exit 4', () => {
    write(localFile, HOSTILE, 0o644);
    if (isRoot) {
      chownSync(localFile, OTHER_USER, OTHER_USER);
    }
    const owner = isRoot ? OTHER_USER : OWN_UID;
    expect(loadError([], isRoot ? 0 : OWN_UID + 1)).toMatchObject({
      exitCode: 4,
      message: `Configuration file ./httplog.conf is not read: it belongs to user ${owner}, neither to root nor to who starts httplog: ${ADVICE}`,
    });
  });

  test.each([
    ['0666', 0o666],
    ['0664', 0o664],
    ['0602', 0o602],
  ])('of mode %s ends the start, exit 4', (text, mode) => {
    write(localFile, HOSTILE, mode);
    expect(loadError([])).toMatchObject({
      exitCode: 4,
      message: `Configuration file ./httplog.conf is not read: others may write it (mode ${text}): ${ADVICE}`,
    });
  });

  test('that is a link ends the start, exit 4, wherever it leads', () => {
    write(join(directory, 'other.conf'), HOSTILE, 0o644);
    symlinkSync('other.conf', localFile);
    expect(loadError([])).toMatchObject({
      exitCode: 4,
      message: `Configuration file ./httplog.conf is not read: it is a symbolic link: ${ADVICE}`,
    });
  });

  test('in a directory that others may write ends the start, but for one with the sticky bit', () => {
    write(localFile, 'HTTPLOG_PORT=81\n', 0o644);
    chmodSync(directory, 0o777);
    expect(loadError([])).toMatchObject({
      exitCode: 4,
      message: `Configuration file ./httplog.conf is not read: others may put another one in its place, in ${directory} (mode 0777): ${ADVICE}`,
    });
    chmodSync(directory, 0o1777);
    expect(load([]).origins.ports).toBe('./httplog.conf line 1');
  });

  test.runIf(isRoot)('in a directory of another user ends the start, exit 4', () => {
    write(localFile, HOSTILE, 0o644);
    chownSync(directory, OTHER_USER, OTHER_USER);
    expect(loadError([]).message).toContain(
      `is not read: ${directory} belongs to user ${OTHER_USER}`,
    );
  });

  test('that is a pipe ends the start at once, exit 4', () => {
    execFileSync('mkfifo', ['-m', '644', localFile]);
    const search = JSON.stringify({ directory, systemFile, commandLine: { command: 'run' } });
    const script = `import { findConfigurationFile } from '${FILE_MODULE}';
      process.stdout.write(JSON.stringify(findConfigurationFile(${search}).mistakes));`;
    const argv = ['--input-type=module-typescript', '-e', script];
    const child = spawnSync(process.execPath, argv, { encoding: 'utf8', timeout: 20_000 });
    expect(child.signal).toBeNull();
    expect(JSON.parse(child.stdout)).toEqual([
      {
        message: `Configuration file ./httplog.conf is not read: it is no regular file: ${ADVICE}`,
        exitCode: 4,
      },
    ]);
  });

  test.each([
    ['replay', ['replay', 'a.pcap']],
    ['status', ['status']],
    ['demo', ['demo']],
  ])('is nothing to %s', (_, argv) => {
    write(localFile, 'HTTPLOG_TIMEZONE=UTC\nHTTPLOG_LISTEN_ADMIN=9\n', 0o644);
    const { origins, notes } = load(argv);
    expect([origins.timezone, origins.listenAdmin]).toEqual(['default', 'default']);
    expect(notes).toEqual([]);
    chmodSync(localFile, 0o666);
    expect(load(argv).notes).toEqual([]);
  });

  test('stands back where there is a system file, whatever it is like', () => {
    write(localFile, HOSTILE, 0o666);
    write(systemFile, 'HTTPLOG_PORT=81\n', 0o644);
    expect(load([]).origins.ports).toBe(`${systemFile} line 1`);
    expect(load([]).notes).toEqual([]);
  });
});

describe('the system file', () => {
  test('that others may write ends the start, exit 4', () => {
    write(systemFile, HOSTILE, 0o646);
    expect(loadError(['replay', 'a.pcap'])).toMatchObject({
      exitCode: 4,
      message: `Configuration file ${systemFile} is not read: others may write it (mode 0646): chown it to root, chmod go-w it`,
    });
  });

  test('may be a link', () => {
    const target = join(directory, 'target');
    write(target, 'HTTPLOG_PORT=81\n', 0o644);
    symlinkSync(target, systemFile);
    expect(load([]).origins.ports).toBe(`${systemFile} line 1`);
    chmodSync(target, 0o666);
    expect(loadError([]).exitCode).toBe(4);
  });

  test.runIf(isRoot)('of user httplog gives root nothing, at the start and after the drop', () => {
    write(systemFile, HOSTILE, 0o644);
    chownSync(systemFile, OTHER_USER, OTHER_USER);
    expect(loadError([], 0).exitCode).toBe(4);
    // As in the daemon: started as root, and the file is read again by the user that it became.
    const search = JSON.stringify({ directory, systemFile, commandLine: { command: 'run' } });
    const script = `import { findConfigurationFile } from '${FILE_MODULE}';
      process.setuid(${OTHER_USER});
      process.stdout.write(JSON.stringify(findConfigurationFile(${search}).mistakes));`;
    chmodSync(folder, 0o755);
    const argv = ['--input-type=module-typescript', '-e', script];
    const mistakes = JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8' }));
    expect(mistakes).toEqual([expect.objectContaining({ exitCode: 4 })]);
  });
});

describe('a file that is named', () => {
  test.runIf(isRoot)('is not read by root when everybody may write it, exit 4', () => {
    write(localFile, HOSTILE, 0o666);
    expect(loadError(['--config', 'httplog.conf'])).toMatchObject({
      exitCode: 4,
      message:
        'Configuration file httplog.conf is not read: everybody may write it (mode 0666): chmod o-w it',
    });
    chmodSync(localFile, 0o644);
    chmodSync(directory, 0o777);
    expect(loadError(['--config', 'httplog.conf']).message).toBe(
      `Configuration file httplog.conf is not read: everybody may put another one in its place, in ${directory} (mode 0777): chmod o-w that directory`,
    );
  });

  test('is the will of who named it otherwise', () => {
    write(localFile, 'HTTPLOG_PORT=81\n', 0o664);
    expect(load(['--config', 'httplog.conf']).origins.ports).toBe('httplog.conf line 1');
    chmodSync(localFile, 0o666);
    const user = OWN_UID === 0 ? OTHER_USER : OWN_UID;
    expect(load(['--config', 'httplog.conf'], user).origins.ports).toBe('httplog.conf line 1');
    expect(load(['--config', '/dev/null']).origins.ports).toBe('default');
  });

  test.runIf(isRoot)('as patterns or key is not read by root when everybody may write it', () => {
    const path = join(directory, 'file');
    write(path, '- { name: a, pattern: b }\n', 0o666);
    const reason = `is not read: everybody may write it (mode 0666): chmod o-w it`;
    expect(() => readOwnPatterns(path)).toThrow(
      expect.objectContaining({ exitCode: 4, message: `Patterns file ${path} ${reason}` }),
    );
    expect(() => readAddressAnonymization({ method: 'hash', keyFile: path })).toThrow(
      expect.objectContaining({ exitCode: 4, message: `Key file ${path} ${reason}` }),
    );
    chmodSync(path, 0o664);
    expect(readOwnPatterns(path)).toHaveLength(1);
  });
});
