import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { runHttplog } from '../live/httplog-process.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';
import {
  FILE_HEADER_LENGTH,
  fixturePath,
  folder,
  IPV4,
  IPV4_LINES,
  IPV6,
  IPV6_LINES,
  isRoot,
  replay,
  runAsNobody,
  TEXT,
  writeTemporary,
} from './run-replay.ts';

/** The real command with captures that are none, or not whole. */

const RECORD_HEADER_LENGTH = 16;

const noUser = isRoot ? missingTool('setpriv') : undefined;

describe('a file that is no capture', () => {
  test('of text is named with what it begins with, exit 1', async () => {
    expect(await replay(['text.txt'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr:
        'httplog: text.txt is not a capture file: it begins with 41 20 70 61 67 65 20 6f' +
        ' ("A page o")\n  Captures are pcap or pcapng, plain or compressed with gzip or zstd\n',
    });
  });

  test('because it is empty is said so, exit 1', async () => {
    const stderr = 'httplog: empty.pcap is empty\n';
    expect(await replay(['empty.pcap'])).toMatchObject({ code: 1, stdout: '', stderr });
  });

  test('because it is a directory is said so, exit 1', async () => {
    const stderr =
      'httplog: . is a directory, not a capture file\n  Name the capture files in it\n';
    expect(await replay(['.'])).toMatchObject({ code: 1, stdout: '', stderr });
  });

  test('because it is not there is said so, exit 3', async () => {
    const stderr = 'httplog: There is no capture file nosuch.pcap\n  Check the path\n';
    expect(await replay(['nosuch.pcap'])).toMatchObject({ code: 3, stdout: '', stderr });
  });

  test('because it is not there is said before anything else that is wrong', async () => {
    const exit = await replay(['nosuch.pcap', 'absent.pcap'], '-d', '/no/such');
    expect(exit).toMatchObject({
      code: 3,
      stdout: '',
      stderr:
        'httplog: There is no capture file nosuch.pcap\n  Check the path\n' +
        'httplog: There is no capture file absent.pcap\n  Check the path\n',
    });
    const oneThere = await replay(['nosuch.pcap', IPV4], '-d', '/no/such');
    expect(oneThere.stderr).toContain('httplog: Directory /no/such does not exist\n');
  });

  test('of text in gzip is no capture either, exit 1', async () => {
    const file = writeTemporary('text.gz', gzipSync(TEXT));
    const exit = await replay([file]);
    expect(exit).toMatchObject({ code: 1, stdout: '' });
    expect(exit.stderr).toContain('text.gz is not a capture file: it begins with 41 20 70 61');
  });

  test('on an empty standard input is said so, exit 1', async () => {
    const exit = await runHttplog(['replay', '-', '-o', '-'], { input: '' });
    expect(exit).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'httplog: Standard input is empty\n',
    });
  });

  test.skipIf(noUser)(
    titleWithReason('that this user may not read is said so, exit 4', noUser),
    async () => {
      const file = writeTemporary('private.pcap', readFileSync(IPV4));
      chmodSync(join(folder, file), 0o000);
      const exit = await runAsNobody(['replay', file, '-o', '-']);
      expect(exit).toMatchObject({ code: 4, stdout: '' });
      expect(exit.stderr).toMatch(/^httplog: .*private\.pcap.*\n {2}.*\n$/);
    },
  );

  test('of a link type that httplog does not read says how many packets have it, exit 1', async () => {
    const exit = await replay([fixturePath('built-link-unknown.pcap')], '-p', 'any');
    expect(exit).toMatchObject({ code: 1, stdout: '' });
    expect(exit.stderr).toMatch(
      /^httplog: .*built-link-unknown\.pcap: 1 of 1 packets have a link type that httplog does not read: 147 \(USER0\)\n/,
    );
  });
});

describe('a capture that is cut short', () => {
  const bytes = readFileSync(IPV4);
  /** Where each record ends. */
  const recordEnds: number[] = [];
  for (let at = FILE_HEADER_LENGTH; at < bytes.length; recordEnds.push(at)) {
    at += RECORD_HEADER_LENGTH + bytes.readUInt32LE(at + 8);
  }
  const cuts = [
    ...[3, FILE_HEADER_LENGTH - 1, FILE_HEADER_LENGTH + 1, recordEnds[0] - 1],
    ...[recordEnds[3] - 1, recordEnds[3] + 1, recordEnds[8] + 7, bytes.length - 1],
  ];

  test.each(cuts)('at byte %i gives the lines before the cut, exit 1', async (end) => {
    const file = writeTemporary(`cut-${end}.pcap`, bytes.subarray(0, end));
    const wholeEnd = recordEnds.findLast((recordEnd) => recordEnd <= end) ?? FILE_HEADER_LENGTH;
    const whole = writeTemporary(`whole-${end}.pcap`, bytes.subarray(0, wholeEnd));
    const [cut, expected] = await Promise.all([replay([file]), replay([whole])]);
    if (end >= FILE_HEADER_LENGTH) {
      expect(expected.code).toBe(0);
      expect(expected.stderr === '').toBe(expected.stdout !== '');
      expect(cut.stdout).toBe(expected.stdout);
    }
    expect(IPV4_LINES.startsWith(cut.stdout)).toBe(true);
    expect(cut.code).toBe(1);
    expect(cut.stderr).toMatch(
      end < 4
        ? /^httplog: \S+ is not a capture file: .*\n.*\n$/
        : /^httplog: \S+ is cut short: .*\n(Packets: \d+ read, .*\n(.+\n)+)?$/,
    );
  });

  test('right after a record is whole, exit 0', async () => {
    const file = writeTemporary('whole.pcap', bytes.subarray(0, recordEnds[6]));
    const exit = await replay([file]);
    expect(exit).toMatchObject({ code: 0, stderr: '' });
    expect(exit.stdout.split('\n')).toHaveLength(2);
  });

  test('in its compression gives the lines before the cut, exit 1', async () => {
    const compressed = readFileSync(fixturePath('nginx-ipv4.pcap.gz'));
    const file = writeTemporary('cut.pcap.gz', compressed.subarray(0, compressed.length - 100));
    const { code, stdout, stderr } = await replay([file]);
    expect(code).toBe(1);
    expect(stdout).not.toBe('');
    expect(IPV4_LINES.startsWith(stdout)).toBe(true);
    expect(stderr).toMatch(/^httplog: cut\.pcap\.gz is cut short: its gzip stream has no end; /);
  });
});

describe('several captures of which some are bad', () => {
  test('give the lines of the good ones, and the exit code of the first bad one', async () => {
    const missingFirst = await replay(['nosuch.pcap', IPV4, 'text.txt', IPV6]);
    expect(missingFirst).toMatchObject({ code: 3, stdout: IPV4_LINES + IPV6_LINES });
    expect(missingFirst.stderr.match(/^httplog: /gm)).toHaveLength(2);
    const textFirst = await replay(['text.txt', 'nosuch.pcap', IPV6]);
    expect(textFirst).toMatchObject({ code: 1, stdout: IPV6_LINES });
    expect(textFirst.stderr).toMatch(/text\.txt is not a capture file.*no capture file nosuch/s);
  });

  test('do so in turn too, where -c counts over all of them', async () => {
    const exit = await replay(['nosuch.pcap', IPV4], '-c', '1000');
    expect(exit).toMatchObject({ code: 3, stdout: IPV4_LINES });
  });
});
