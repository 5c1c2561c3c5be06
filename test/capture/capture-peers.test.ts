import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  buildPcap,
  MAGIC_NANOSECONDS,
  patternBytes,
  pcapngBuilder,
  resolutionOption,
} from './build-capture.ts';
import { type FrameCopy, readCapture, writeCapture } from './read-frames.ts';

const corpus = fileURLToPath(new URL('../../../shared/corpus/', import.meta.url));
const index = `${corpus}INDEX.tsv`;
const hasCorpus = existsSync(index);
const rows = hasCorpus
  ? readFileSync(index, 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'))
  : [];
const hasTcpdump = runs('tcpdump');

function runs(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Some 40 frames that look like Ethernet with an EtherType nobody decodes. */
const FRAMES = Array.from({ length: 40 }, (_, count) => {
  const data = patternBytes(14 + count * 37, count);
  data.set([0x88, 0xb5], 12);
  return { sec: 1_567_349_411 + count, subsec: 123_457 + count, data, wireLength: 2000 };
});

interface PcapParserPacket {
  header: {
    timestampSeconds: number;
    timestampMicroseconds: number;
    capturedLength: number;
    originalLength: number;
  };
  data: Buffer;
}

/** What npm `pcap-parser` reads of a microsecond pcap file. */
function readWithPcapParser(path: string): Promise<Omit<FrameCopy, 'linkType'>[]> {
  const { parse } = createRequire(import.meta.url)('pcap-parser');
  return new Promise((resolve, reject) => {
    const frames: Omit<FrameCopy, 'linkType'>[] = [];
    const parser = parse(path);
    parser.on('packet', ({ header, data }: PcapParserPacket) =>
      frames.push({
        sec: header.timestampSeconds,
        ns: header.timestampMicroseconds * 1000,
        wireLength: header.originalLength,
        bytes: data,
      }),
    );
    parser.on('end', () => resolve(frames));
    parser.on('error', reject);
  });
}

/** Time and bytes of each frame as tcpdump prints them. */
function readWithTcpdump(path: string): [string, string][] {
  const options = ['-r', path, '-n', '-tt', '-xx', '--time-stamp-precision=nano'];
  const text = execFileSync('tcpdump', options, { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  const frames: [string, string][] = [];
  for (const line of text.split('\n')) {
    const time = /^(\d+\.\d{9}) /.exec(line);
    const hex = /^\t0x[0-9a-f]{4}: {2}([0-9a-f ]+)$/.exec(line);
    if (time !== null) {
      frames.push([time[1], '']);
    } else if (hex !== null) {
      frames[frames.length - 1][1] += hex[1].replaceAll(' ', '');
    }
  }
  return frames;
}

function asTcpdump({ sec, ns, bytes }: FrameCopy): [string, string] {
  return [`${sec}.${String(ns).padStart(9, '0')}`, bytes.toString('hex')];
}

async function expectSameAsPcapParser(path: string): Promise<void> {
  const { frames } = await readCapture(path);
  const theirs = await readWithPcapParser(path);
  expect(frames.map(({ linkType: _, ...frame }) => frame)).toEqual(theirs);
  expect(theirs.length).toBeGreaterThan(0);
}

async function expectSameAsTcpdump(path: string): Promise<void> {
  const { frames } = await readCapture(path);
  expect(frames.map(asTcpdump)).toEqual(readWithTcpdump(path));
  expect(frames.length).toBeGreaterThan(0);
}

describe('captures built by hand are read', () => {
  test.each([true, false])('as pcap-parser reads them, little endian %s', async (littleEndian) => {
    await expectSameAsPcapParser(writeCapture(buildPcap(FRAMES, { littleEndian })));
  });

  test.skipIf(!hasTcpdump)('as tcpdump reads them, with nanoseconds and as pcapng', async () => {
    for (const littleEndian of [true, false]) {
      const magic = MAGIC_NANOSECONDS;
      await expectSameAsTcpdump(writeCapture(buildPcap(FRAMES, { littleEndian, magic })));
      const ng = pcapngBuilder(littleEndian);
      for (const [exponent, base] of [
        [9, 10],
        [6, 10],
        [3, 10],
        [10, 2],
        [30, 2],
      ] as const) {
        const ticks = (sec: number, ns: number) =>
          BigInt(sec) * BigInt(base) ** BigInt(exponent) + BigInt(ns);
        const blocks = FRAMES.map(({ sec, subsec, ...packet }) =>
          ng.enhancedPacket({ ...packet, ticks: ticks(sec, subsec % 999) }),
        );
        const options = [resolutionOption(exponent, base)];
        const path = writeCapture(
          Buffer.concat([ng.section(), ng.interface({ options, snaplen: 65535 }), ...blocks]),
        );
        await expectSameAsTcpdump(path);
      }
    }
  });
});

/** Captures of the corpus that are counted otherwise than in its index, which tshark made. */
const OTHER_COUNTS: Readonly<Record<string, number>> = {
  // tshark counts four custom blocks as packets; tcpdump reads four packets too.
  'gopacket/pcapgo/tests/be/test018.pcapng': 4,
  'gopacket/pcapgo/tests/le/test018.pcapng': 4,
  // tshark opens no file whose link type it does not know; tcpdump reads the same numbers.
  'libpcap/tests/filter/brcm-tag-stp.pcap': 4,
  'tcpdump/juniper_monitor_invalid_cookie_length.pcap': 1,
  'tcpdump/vtp_asan-2.pcap': 1,
  // Neither pcap nor pcapng.
  'libtrace/5_packets.erf': 0,
  'libtrace/provenance.erf': 0,
};

/** Captures of the corpus that end with an error: cut, or of another version or format. */
const ERRORS: Readonly<Record<string, string>> = {
  'brimcap/extra.pcapng': 'HTTPLOG_CAPTURE_TRUNCATED',
  'dpkt/examples/data/truncated_dns_2.pcap': 'HTTPLOG_CAPTURE_TRUNCATED',
  'gopacket/pcapgo/tests/be/test901.pcapng': 'HTTPLOG_CAPTURE_DAMAGED',
  'gopacket/pcapgo/tests/le/test901.pcapng': 'HTTPLOG_CAPTURE_DAMAGED',
  'libpcap/tests/pcap-invalid-version-1.pcap': 'HTTPLOG_CAPTURE_VERSION',
  'libpcap/tests/pcapng-invalid-vers-2.pcapng': 'HTTPLOG_CAPTURE_DAMAGED',
  'libtrace/5_packets.erf': 'HTTPLOG_CAPTURE_FORMAT',
  'libtrace/provenance.erf': 'HTTPLOG_CAPTURE_FORMAT',
  'pcap2har/out-of-order.pcap': 'HTTPLOG_CAPTURE_TRUNCATED',
};

/** Nanoseconds, a swapped byte order and pcapng of several writers. */
const DUMPED = [
  'arkime/ipv6-gtp6.pcap',
  'libtrace/100_packetsns.pcap',
  'pcapplusplus/Pcap++Test/PcapExamples/file_heuristics/nanosecs.pcap',
  'scapy/netflowv9.pcap',
  'brimcap/ng.pcap',
  'gopacket/pcapgo/tests/be/test001.pcapng',
  'gopacket/pcapgo/tests/le/test001.pcapng',
  'ndpi/default/pcap/http_asymmetric.pcapng',
  'pyshark/capture_test.pcapng',
  'zeek/tcp/http-on-irc-port-missing-syn.pcapng',
];

/** Microsecond captures, one of them in the other byte order. */
const PARSED = [
  'pcapplusplus/Pcap++Test/PcapExamples/microsecs_big_endian.pcap',
  'arkime/badcurveball.pcap',
  'zeek/linux_dlt_sll2.pcap',
];

describe.skipIf(!hasCorpus)('captures of ../shared/corpus', () => {
  test('have the packets that the index says, and end as they should', async () => {
    const counts: Record<string, number> = {};
    const errors: Record<string, string> = {};
    for (const [name, , packets] of rows) {
      const { frames, error } = await readCapture(corpus + name);
      if (frames.length !== Number(packets)) {
        counts[name] = frames.length;
      }
      if (error !== undefined) {
        errors[name] = error.code;
      }
    }
    expect(counts).toEqual(OTHER_COUNTS);
    expect(errors).toEqual(ERRORS);
  });

  test.skipIf(!hasTcpdump).each(DUMPED)('%s is read as tcpdump reads it', async (name) => {
    await expectSameAsTcpdump(corpus + name);
  });

  test.each(PARSED)('%s is read as pcap-parser reads it', async (name) => {
    await expectSameAsPcapParser(corpus + name);
  });
});
