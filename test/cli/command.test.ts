import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runCommand, startProcess } from '../live/child-process.ts';
import { runHttplog } from '../live/httplog-process.ts';
import { ownSettings } from '../live/own-settings.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';
import { PATIENCE_MS } from '../patience.ts';
import {
  FILE_HEADER_LENGTH,
  folder,
  IPV4,
  IPV4_LINES,
  PROGRAM,
  REPLAY,
  replay,
  writeTemporary,
} from './run-replay.ts';

/** The command itself, as people start it: exit codes, and every word on standard error. */

const noTerminal = missingTool('script');

test('no name, of an archive say, plays with the terminal in a message', async () => {
  const names = ['hostile\x1b]0;title\x07.pcap', 'hostile\u009b31m.pcap'];
  writeTemporary(names[0], Buffer.from('no capture'));
  const { code, stdout, stderr } = await replay(names);
  expect(code).not.toBe(0);
  expect(stderr).toContain('hostile\\u001b]0;title\\u0007.pcap is not a capture file');
  expect(stderr).toContain('hostile\\u009b31m.pcap');
  expect(`${stdout}${stderr}`.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});

describe('wrong usage', () => {
  test('of an option names the nearest one, exit 2', async () => {
    expect(await runHttplog(['--timezon', 'UTC'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr:
        'httplog: Unknown option "--timezon", did you mean --timezone\n' +
        '  Run httplog --help for what is allowed\n',
    });
  });

  test('of a command names the nearest one, exit 2', async () => {
    expect(await runHttplog(['reply', IPV4])).toMatchObject({
      code: 2,
      stderr:
        'httplog: Unknown command "reply", did you mean replay; commands are run, replay, top, demo,' +
        ' doctor, interfaces, check-config, print-systemd, status, help, version\n  Run httplog --help for what is allowed\n',
    });
  });

  test('of a path in the place of the command names replay, exit 2', async () => {
    const exit = await runHttplog([IPV4]);
    expect(exit.code).toBe(2);
    expect(exit.stderr).toContain(`did you mean replay ${IPV4}`);
  });

  test('in many ways is told all at once, exit 2', async () => {
    const exit = await runHttplog(
      ['-p', '70000', '-b', '0', '--engine=other', '--no-such', '--timezone', 'Mars/North'],
      { env: { HTTPLOG_SNAPLEN: 'long', HTTPLOG_CPUNO: '65' } },
    );
    expect(exit.code).toBe(2);
    const [head, ...mistakes] = exit.stderr.trimEnd().split('\n');
    const hint = mistakes.pop();
    expect(hint).toBe('  Run httplog --help for what is allowed');
    const expected = [
      /^httplog: Unknown option "--no-such"$/,
      /^Option -p cannot be "70000" \(from option -p\), allowed is a port/,
      /^Option --timezone cannot be "Mars\/North" \(from option --timezone\), allowed is local,/,
      /^Option -s cannot be "long" \(from environment HTTPLOG_SNAPLEN\), allowed is a whole/,
      /^Option -b cannot be "0" \(from option -b\), allowed is a whole number from 1/,
      /^Option -cpu cannot be "65" \(from environment HTTPLOG_CPUNO\), allowed is a whole/,
      /^Option --engine cannot be "other" \(from option --engine\), allowed is afpacket or libpcap$/,
    ];
    const sentences = [head, ...mistakes];
    expect(sentences).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) {
      expect(sentences[index]).toMatch(pattern);
    }
  });

  test('of replay without a file is said so, exit 2', async () => {
    const exit = await runHttplog(['replay']);
    expect(exit.code).toBe(2);
    expect(exit.stderr).toMatch(/^httplog: Command replay needs at least one FILE/);
  });

  test('of a filter quotes it, exit 2', async () => {
    const exit = await replay([IPV4], '-f', 'tcp prot 80');
    expect(exit).toMatchObject({ code: 2, stdout: '' });
    expect(exit.stderr).toMatch(/^httplog: Filter "tcp prot 80" is not valid: .*syntax error\n/);
  });
});

describe('what succeeds', () => {
  test('-v prints the version, -h the help, on standard output, exit 0', async () => {
    const version = await runHttplog(['-v']);
    expect(version).toMatchObject({ code: 0, stderr: '' });
    expect(version.stdout).toMatch(/^httplog \d+\.\d+\.\d+\n$/);
    const help = await runHttplog(['replay', '-h']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/^httplog replay: .*Usage:\n {2}httplog replay FILE/s);
  });

  test('-v costs little more than the start of Node itself', async () => {
    // Of the processor, not of the clock: other programs run beside this one.
    const measure = async (command: string): Promise<number> => {
      const script = `TIMEFORMAT='%3U %3S'; time ${command} >/dev/null`;
      const env = { NODE_COMPILE_CACHE: join(folder, 'compiled') };
      const { stderr } = await runCommand('bash', ['-c', script], { env });
      const [user, system] = stderr.split(' ').map(Number);
      return user + system;
    };
    const versions: number[] = [];
    const baselines: number[] = [];
    for (let run = 0; run < 5; run += 1) {
      versions.push(await measure(`${PROGRAM} -v`));
      baselines.push(await measure(`${process.execPath} -e 0`));
    }
    // To load the configuration alone makes it more than three times.
    expect(Math.min(...versions) / Math.min(...baselines)).toBeLessThan(3);
  });

  test('says nothing on standard error while it is not a terminal', async () => {
    expect(await replay([IPV4])).toMatchObject({ code: 0, stdout: IPV4_LINES, stderr: '' });
  });

  test('works through a symbolic link from any directory', async () => {
    const link = join(folder, 'linked-httplog');
    symlinkSync(PROGRAM, link);
    const args = ownSettings(['replay', IPV4, '-o', '-', '--timezone', 'UTC']);
    const exit = await runHttplog(args, { program: link, cwd: '/' });
    expect(exit).toMatchObject({ code: 0, stdout: IPV4_LINES, stderr: '' });
  });

  test('writes a profile that has nodes, samples and times', async () => {
    const path = join(folder, 'profile');
    expect(await replay([IPV4], '-cpuprofile', path)).toMatchObject({ code: 0, stderr: '' });
    const profile = JSON.parse(readFileSync(path, 'utf8'));
    expect(profile.nodes.length).toBeGreaterThan(1);
    expect(profile.samples.length).toBe(profile.timeDeltas.length);
    expect(profile.endTime).toBeGreaterThan(profile.startTime);
  });
});

describe.skipIf(noTerminal)(titleWithReason('on a terminal', noTerminal), () => {
  /** Runs a shell command on a terminal of its own; gives all that it wrote there. */
  async function runOnTerminal(command: string): Promise<string> {
    const exit = await runCommand('script', ['-qec', command, '/dev/null'], { cwd: folder });
    expect(exit.code).toBe(0);
    return exit.stdout.replaceAll('\r\n', '\n');
  }

  const SUMMARY =
    /Packets: \d+ read, 0 truncated, 0 undecodable\nMessages: 3 CQ, 3 CR, 0 SQ, 0 SR, \d+ retransmitted\nLines: 6 written, 0 dropped\n$/;

  const COPIES_A_FRAME = 4000;
  const FRAMES = 10;
  /** Each copy has its SYNs, and so connections of its own. */
  const LONG_SUMMARY = new RegExp(
    SUMMARY.source
      .replaceAll(/3(?= C[QR])/g, String(3 * COPIES_A_FRAME * FRAMES))
      .replace('6 written', `${6 * COPIES_A_FRAME * FRAMES} written`),
  );

  /** As many frames of zstd as are enough work for a bar to appear. */
  function writeLongCapture(): string {
    const bytes = readFileSync(IPV4);
    const records = Buffer.concat(Array(COPIES_A_FRAME).fill(bytes.subarray(FILE_HEADER_LENGTH)));
    const header = zstdCompressSync(bytes.subarray(0, FILE_HEADER_LENGTH));
    const frame = zstdCompressSync(records);
    return writeTemporary('long.pcap.zst', Buffer.concat([header, ...Array(FRAMES).fill(frame)]));
  }

  test('a replay shows a bar, takes it away, and ends with the summary', async () => {
    const file = writeLongCapture();
    const text = await runOnTerminal(`${REPLAY} ${file} -o long.lines`);
    expect(text).toMatch(/replay [#-]+ \d+% \| \d+ MB \| \d+s/);
    const afterBar = text.slice(text.lastIndexOf('replay '));
    // Erase the whole line (EL 2), and the cursor is to be seen again.
    expect(afterBar).toContain('\x1b[2K');
    expect(afterBar).toContain('\x1b[?25h');
    expect(afterBar).toMatch(LONG_SUMMARY);
  });

  test('a replay of standard input shows how much it has read, without a share', async () => {
    const rest = `until [ -e seen ]; do sleep 0.02; done; tail -c +2001 ${IPV4}`;
    const command = `(head -c 2000 ${IPV4}; ${rest}) | ${REPLAY} - -o slow.lines`;
    const terminal = await startProcess('script', ['-qec', command, '/dev/null'], { cwd: folder });
    onTestFinished(async () => void (await terminal.stop()));
    await terminal.waitForOutput('stdout', /replay 0 MB \| \d+s/, PATIENCE_MS);
    writeTemporary('seen', Buffer.alloc(0));
    const { code, stdout } = await terminal.waitForExit(PATIENCE_MS);
    expect(code).toBe(0);
    expect(stdout).not.toContain('%');
    expect(stdout.replaceAll('\r\n', '\n')).toMatch(SUMMARY);
  });

  test('a replay that is interrupted leaves the terminal as it was', async () => {
    const replaying = `echo pid=$$; exec ${REPLAY} - -o interrupted.lines`;
    const rest = 'until [ -e interrupted ]; do sleep 0.02; done';
    const command = `(head -c 2000 ${IPV4}; ${rest}) | sh -c '${replaying}'`;
    const terminal = await startProcess('script', ['-qec', command, '/dev/null'], { cwd: folder });
    onTestFinished(async () => void (await terminal.stop()));
    const [, pid] = await terminal.waitForOutput('stdout', /pid=(\d+)/, PATIENCE_MS);
    await terminal.waitForOutput('stdout', /replay 0 MB/, PATIENCE_MS);
    process.kill(Number(pid), 'SIGINT');
    writeTemporary('interrupted', Buffer.alloc(0));
    const { code, stdout } = await terminal.waitForExit(PATIENCE_MS);
    expect(code).toBe(128 + 2);
    // The bar is gone, the cursor is there and lines wrap.
    for (const sequence of ['\x1b[2K', '\x1b[?25h', '\x1b[?7h']) {
      expect(stdout.slice(stdout.lastIndexOf('replay '))).toContain(sequence);
    }
  });

  test('a short replay leaves the summary only', async () => {
    const text = await runOnTerminal(`${REPLAY} ${IPV4} -o short.lines`);
    expect(text).toMatch(SUMMARY);
    // Where the machine takes its time there is a bar, which is taken away.
    const bar = text.replace(SUMMARY, '');
    expect(bar === '' || bar.slice(bar.lastIndexOf('replay ')).includes('\x1b[?25h')).toBe(true);
  });

  test('lines on the terminal have no bar among them', async () => {
    // As long as a bar takes to appear elsewhere: a busy machine shows less of them, not more.
    const slowly = `(head -c 2000 ${IPV4}; sleep 0.6; tail -c +2001 ${IPV4})`;
    const command = `${slowly} | ${REPLAY} - -o - --timezone UTC --color never`;
    const text = await runOnTerminal(command);
    expect(text.slice(0, IPV4_LINES.length)).toBe(IPV4_LINES);
    expect(text.slice(IPV4_LINES.length)).toMatch(new RegExp(`^${SUMMARY.source}`));
  });

  test('lines are in colour, and the short ones as wide as it is', async () => {
    const command = `export TERM=xterm; stty cols 90; ${REPLAY} ${IPV4} --timezone UTC --quiet`;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    const withoutColors = (text: string) => text.replace(/\x1b\[\d+m/g, '');
    const text = await runOnTerminal(command);
    expect(text).toContain(' \x1b[36mCQ\x1b[0m \x1b[1mGET\x1b[0m ');
    expect(withoutColors(text)).toBe(IPV4_LINES);
    const short = await runOnTerminal(`${command} --format short`);
    expect(short).toContain('\x1b[33m404\x1b[0m');
    const widths = withoutColors(short)
      .trimEnd()
      .split('\n')
      .map((line) => line.length);
    expect(widths).toEqual([90, 90, 90]);
    expect(await runOnTerminal(`NO_COLOR=1 ${REPLAY} ${IPV4} --timezone UTC --quiet`)).toBe(
      IPV4_LINES,
    );
  });

  test('a replay whose lines are of exchanges ends with the report of them', async () => {
    const text = await runOnTerminal(`${REPLAY} ${IPV4} -o report.json --format json`);
    expect(text).toContain('\n3 exchanges in ');
    expect(text).toContain('\nStatus: 2xx 2, 4xx 1\n');
    const quiet = await runOnTerminal(`${REPLAY} ${IPV4} -o report.json --format json --quiet`);
    expect(quiet).toBe('');
  });

  test('--quiet shows neither bar nor summary', async () => {
    expect(await runOnTerminal(`${REPLAY} ${IPV4} -o quiet.lines --quiet`)).toBe('');
  });

  test('standard input that is the terminal is refused, exit 2', async () => {
    const text = await runOnTerminal(`${REPLAY} - -o -; [ $? = 2 ]`);
    expect(text).toContain('httplog: Standard input is a terminal, not a capture\n');
  });
});
