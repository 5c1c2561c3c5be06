import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runHttplog } from '../live/httplog-process.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';
import { fixturePath, readGolden, splitLines } from './golden-lines.ts';
import { replayInProcess } from './replay-in-process.ts';

/** Several formats and sizes, the largest one not the last. */
const FILES = [
  'nginx-ipv4.pcap',
  'download.pcap',
  'retransmission-client.pcap',
  'two-interfaces.pcapng',
  'nginx-ipv4.pcapng.gz',
  'vlan.pcap.zst',
  'nginx-ipv6.pcap',
] as const;

const noFilter = missingTool('tcpdump');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'httplog-replay-'));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function golden(...files: string[]): string {
  return files.map((file) => readGolden(file)).join('');
}

/** The whole command; it must succeed and say nothing but lines. */
async function replay(args: readonly string[], input?: Uint8Array): Promise<string> {
  const all = ['replay', ...args, '--timezone', 'UTC'];
  const { code, stdout, stderr } = await runHttplog(all, {
    cwd: folder,
    ...(input !== undefined && { input }),
  });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

/** The first `count` packets of a little-endian pcap file. */
function headOfCapture(file: string, count: number): string {
  const bytes = readFileSync(fixturePath(file));
  let end = 24;
  for (let index = 0; index < count; index += 1) {
    end += 16 + bytes.readUInt32LE(end + 8);
  }
  const path = join(folder, `head-${count}-${file}`);
  writeFileSync(path, bytes.subarray(0, end));
  return path;
}

describe('several captures in one replay', () => {
  test.each([1, 2, 4])('come in the order of the arguments with -cpu %i', async (threads) => {
    const paths = FILES.map(fixturePath);
    const stdout = await replay([...paths, '-add_vlan', '-o', '-', '-cpu', `${threads}`]);
    expect(stdout).toBe(golden(...FILES));
  });

  test('give each file as often as it is named', async () => {
    const path = fixturePath('nginx-ipv4.pcap');
    expect(await replay([path, path, '-o', '-'])).toBe(
      golden('nginx-ipv4.pcap', 'nginx-ipv4.pcap'),
    );
  });

  test('may have standard input among them', async () => {
    const [first, last] = ['nginx-ipv6.pcap', 'nginx-ipv4.pcap'].map(fixturePath);
    const input = readFileSync(fixturePath('vlan.pcap.zst'));
    const stdout = await replay([first, '-', last, '-add_vlan', '-o', '-'], input);
    expect(stdout).toBe(golden('nginx-ipv6.pcap', 'vlan.pcap', 'nginx-ipv4.pcap'));
  });
});

describe('standard input', () => {
  const inputs = ['nginx-ipv4.pcap', 'nginx-ipv4.pcapng', 'nginx-ipv4.pcapng.gz', 'vlan.pcap.zst'];
  test.each(inputs)('is read as the file %s', async (file) => {
    const input = readFileSync(fixturePath(file));
    expect(await replay(['-', '-add_vlan', '-o', '-'], input)).toBe(golden(file));
  });
});

describe('the files of a replay', () => {
  test('are one a day of the packets, however late a packet comes, with mode 0640', async () => {
    const directory = mkdtempSync(join(folder, 'daily-'));
    const path = fixturePath('built-midnight.pcap');
    expect(await replay([path, '-p', 'any', '-d', directory])).toBe('');
    const paths: Record<string, string[]> = {};
    for (const file of readdirSync(directory)) {
      expect(statSync(join(directory, file)).mode & 0o777).toBe(0o640);
      const lines = splitLines(readFileSync(join(directory, file), 'utf8'));
      paths[file] = lines.map((line) => line.split(' ')[6]);
    }
    expect(paths).toEqual({
      'http-20190901.log': ['/before', '/late'],
      'http-20190902.log': ['/at'],
      'http-20190903.log': ['/next-day'],
    });
  });

  test('are four a day with -log_split, and lines keep their order in each', async () => {
    const directory = mkdtempSync(join(folder, 'split-'));
    const paths = ['nginx-ipv4.pcap', 'browser.pcap'].map(fixturePath);
    // The client of one capture is local, the server of the other.
    await replay([...paths, '-d', directory, '-log_split', '--local', '192.0.2.1']);
    await replay([paths[0], '-d', directory, '-log_split', '--local', '192.0.2.2']);
    const expected = golden('nginx-ipv4.pcap', 'browser.pcap');
    const day = expected.slice(0, 10).replaceAll('-', '');
    const read = (type: string) => readFileSync(join(directory, `http-${type}-${day}.log`), 'utf8');
    const ofType = (text: string, type: string) =>
      splitLines(text).filter((line) => line.split(' ')[4] === type);
    expect(readdirSync(directory)).toHaveLength(4);
    for (const type of ['CQ', 'CR']) {
      expect(splitLines(read(type))).toEqual(ofType(expected, type));
      const asClient = ofType(golden('nginx-ipv4.pcap'), type);
      const typeAsClient = type.replace('C', 'S');
      expect(splitLines(read(typeAsClient))).toEqual(
        asClient.map((line) => line.replace(` ${type} `, ` ${typeAsClient} `)),
      );
    }
  });

  test('are appended to by a second replay', async () => {
    const path = join(folder, 'appended');
    const capture = fixturePath('nginx-ipv4.pcap');
    await replay([capture, '-o', path]);
    await replay([capture, '-o', path]);
    expect(readFileSync(path, 'utf8')).toBe(golden('nginx-ipv4.pcap').repeat(2));
  });

  test('are none where there is no message', async () => {
    const directory = mkdtempSync(join(folder, 'none-'));
    await replay([fixturePath('built-not-requests.pcap'), '-p', 'any', '-d', directory, '--quiet']);
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('--timezone', () => {
  async function midnightIn(timezone: string): Promise<Record<string, string[]>> {
    const directory = mkdtempSync(join(folder, 'zone-'));
    const args = [fixturePath('built-midnight.pcap'), '-p', 'any', '-d', directory];
    const all = ['replay', ...args, '--timezone', timezone];
    expect(await runHttplog(all)).toMatchObject({ code: 0, stderr: '' });
    return Object.fromEntries(
      readdirSync(directory).map((file) => {
        const lines = splitLines(readFileSync(join(directory, file), 'utf8'));
        return [file, lines.map((line) => line.slice(0, 23))];
      }),
    );
  }

  test('Asia/Tokyo is nine hours ahead', async () => {
    expect(await midnightIn('Asia/Tokyo')).toEqual({
      'http-20190902.log': [
        '2019-09-02 08:59:59.999',
        '2019-09-02 09:00:00.000',
        '2019-09-02 08:59:59.500',
      ],
      'http-20190903.log': ['2019-09-03 09:00:00.001'],
    });
  });

  test('America/New_York is four hours behind in summer', async () => {
    expect(await midnightIn('America/New_York')).toEqual({
      'http-20190901.log': [
        '2019-09-01 19:59:59.999',
        '2019-09-01 20:00:00.000',
        '2019-09-01 19:59:59.500',
      ],
      'http-20190902.log': ['2019-09-02 20:00:00.001'],
    });
  });

  test('local is the zone of TZ', async () => {
    const args = ['replay', fixturePath('built-midnight.pcap'), '-p', 'any', '-o', '-'];
    const { stdout } = await runHttplog(args, { env: { TZ: 'Asia/Kolkata' } });
    expect(splitLines(stdout)[1].slice(0, 23)).toBe('2019-09-02 05:30:00.000');
  });
});

describe('which packets are read', () => {
  const withoutTime = (text: string) => splitLines(text).map((line) => line.slice(24));
  const lines = async (...args: string[]) => {
    const { text, failures } = await replayInProcess(args);
    expect(failures).toEqual([]);
    return text;
  };

  test('-s 96 cuts the frames as the capture of 96 bytes was cut', async () => {
    const text = await lines(fixturePath('snaplen-200.pcap'), '-s', '96');
    expect(withoutTime(text)).toEqual(withoutTime(golden('snaplen-96.pcap')));
    expect(await lines(fixturePath('snaplen-200.pcap'))).toBe(golden('snaplen-200.pcap'));
    // The default of -s is for live capture only.
    expect(await lines(fixturePath('snaplen-200.pcap'), '-s', '0')).toBe(
      golden('snaplen-200.pcap'),
    );
  });

  test('-c counts packets over all files', async () => {
    const [first, second] = ['nginx-ipv4.pcap', 'nginx-ipv6.pcap'];
    const paths = [first, second].map(fixturePath);
    const packetsOfFirst = 19;
    expect(await lines(...paths, '-c', `${packetsOfFirst}`)).toBe(golden(first));
    for (const count of [3, 5, 6, 9, 12, 16]) {
      const head = await lines(headOfCapture(second, count));
      expect(golden(second).startsWith(head), `${count} packets`).toBe(true);
      expect(await lines(...paths, '-c', `${packetsOfFirst + count}`)).toBe(golden(first) + head);
    }
    expect(await lines(...paths, '-c', '1000')).toBe(golden(first, second));
    expect(await lines(...paths, '-c', '-1')).toBe(golden(first, second));
  });

  test('-p takes one port, lists, ranges and any', async () => {
    const [on80, on8080] = ['nginx-ipv4.pcap', 'node-upload.pcap'];
    const paths = [on80, on8080].map(fixturePath);
    const expected: Record<string, string> = {
      '80': golden(on80),
      '8080': golden(on8080),
      '81,8079-8081': golden(on8080),
      '8081-8090': '',
      '79-80,8080': golden(on80, on8080),
      '80-8080': golden(on80, on8080),
      any: golden(on80, on8080),
    };
    for (const [ports, text] of Object.entries(expected)) {
      expect(await lines(...paths, '-p', ports), `-p ${ports}`).toBe(text);
    }
    expect(await lines(...paths)).toBe(golden(on80));
  });

  test.skipIf(noFilter)(
    titleWithReason('-f takes the place of -p on every link type', noFilter),
    async () => {
      for (const file of ['tun.pcap', 'any-sll.pcap', 'any-sll2.pcap', 'loopback.pcap']) {
        const ipv6 = splitLines(golden(file)).filter((line) => line.split(' ')[2].includes(':'));
        expect(ipv6.length).toBeGreaterThan(0);
        const text = await lines(fixturePath(file), '-f', 'ip6 and tcp', '-p', '9');
        expect(splitLines(text), file).toEqual(ipv6);
      }
      const upload = fixturePath('node-upload.pcap');
      const requests = splitLines(golden('node-upload.pcap')).filter((line) => / CQ /.test(line));
      expect(splitLines(await lines(upload, '-f', 'dst port 8080'))).toEqual(requests);
    },
  );

  test.skipIf(noFilter)(
    titleWithReason('-f sees VLAN tags as tcpdump does', noFilter),
    async () => {
      const args = ['-f', 'vlan 200 and vlan 10 and ip6', '-add_vlan'];
      const ipv6 = splitLines(golden('qinq.pcap')).filter((line) => line.includes(' 2001:db8:'));
      expect(splitLines(await lines(fixturePath('qinq.pcap'), ...args))).toEqual(ipv6);
      expect(await lines(fixturePath('vlan.pcap'), '-f', 'vlan 11')).toBe('');
    },
  );

  test('-add_vlan is what puts the tags into the line', async () => {
    const text = await lines(fixturePath('qinq.pcap'));
    expect(text).toBe(golden('qinq.pcap').replaceAll(' vlan=200.10', ''));
    expect(text).not.toBe(golden('qinq.pcap'));
  });

  test('--local decides the types, by address and by network', async () => {
    const file = 'vlan.pcap';
    const types = async (...args: string[]) => {
      const text = await lines(fixturePath(file), ...args);
      const names = splitLines(text).map((line) => {
        const [, , source, , type] = line.split(' ');
        return `${source.includes(':') ? 'IPv6' : 'IPv4'} ${type}`;
      });
      return [...new Set(names)].sort().join(', ');
    };
    const asServer = 'IPv4 CQ, IPv4 CR, IPv6 CQ, IPv6 CR';
    expect(await types()).toBe(asServer);
    expect(await types('--local', '203.0.113.1')).toBe(asServer);
    expect(await types('--local', '203.0.113.2')).toBe('IPv4 SQ, IPv4 SR, IPv6 CQ, IPv6 CR');
    expect(await types('--local', '203.0.113.2/31', '--local', '2001:db8:3::2/127')).toBe(
      'IPv4 SQ, IPv4 SR, IPv6 SQ, IPv6 SR',
    );
    // Both ends are local: the server counts.
    expect(await types('--local', '203.0.113.0/24', '--local', '2001:db8::/32')).toBe(asServer);
  });
});
