import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createFrame, FILL_END } from '../../src/capture/frame.ts';
import { openCapture } from '../../src/capture/open-capture.ts';
import { EXIT_USAGE, HttplogError } from '../../src/errors.ts';
import { createFrameFilter } from '../../src/worker/frame-filter.ts';
import { missingLibpcap } from '../capture/missing-libpcap.ts';
import { PCAPS_URL } from '../fixtures/built-captures.ts';
import { runChecked } from '../live/child-process.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';

const noLibpcap = missingLibpcap();
const noTcpdump = noLibpcap ?? missingTool('tcpdump');

const EXPRESSIONS = [
  'tcp',
  'udp',
  'ip6',
  'tcp port 80',
  'tcp dst port 80',
  'tcp src port 80 and greater 200',
  'not tcp',
  'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0',
  'tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420',
  'less 100',
  'host 192.0.2.1 or net 198.51.100.0/24',
];

/** libpcap has it for Ethernet only. */
const ETHERNET_EXPRESSION = 'vlan and tcp port 80';

const FILES = [
  'nginx-ipv4.pcap',
  'nginx-ipv6.pcap',
  'nginx-ipv4.pcapng',
  'vlan.pcap',
  'tun.pcap',
  'loopback.pcap',
  'any-sll.pcap',
  'any-sll2.pcap',
  'built-link-raw.pcap',
  'snaplen-96.pcap',
];

const pathOf = (file: string) => fileURLToPath(new URL(file, PCAPS_URL));

/** Frames of a fixture that the expression accepts. */
async function countAccepted(file: string, expression: string): Promise<number> {
  const frameFilter = createFrameFilter(expression);
  const source = await openCapture(pathOf(file));
  const frame = createFrame();
  let accepted = 0;
  while ((await source.fill()) !== FILL_END) {
    while (source.next(frame)) {
      accepted += frameFilter(frame) ? 1 : 0;
    }
  }
  source.close();
  return accepted;
}

/** One line a packet. */
async function countByTcpdump(file: string, expression: string): Promise<number> {
  const output = await runChecked('tcpdump', ['-nqtr', pathOf(file), expression]);
  return output.split('\n').length - 1;
}

describe('createFrameFilter', () => {
  it.skipIf(noTcpdump).each(FILES)(
    titleWithReason('accepts what tcpdump accepts, in %s', noTcpdump),
    async (file) => {
      const counts = await Promise.all(
        EXPRESSIONS.map(async (expression) => [
          expression,
          await countAccepted(file, expression),
          await countByTcpdump(file, expression),
        ]),
      );
      for (const [expression, ours, theirs] of counts) {
        expect(ours, `${expression}`).toBe(theirs);
      }
      // Neither none nor all of them for every expression: the comparison says something.
      expect(new Set(counts.map(([, ours]) => ours)).size).toBeGreaterThan(1);
    },
  );

  it.skipIf(noTcpdump)(titleWithReason('looks behind VLAN tags', noTcpdump), async () => {
    for (const file of ['vlan.pcap', 'qinq.pcap', 'nginx-ipv4.pcap']) {
      const accepted = await countAccepted(file, ETHERNET_EXPRESSION);
      expect(accepted, file).toBe(await countByTcpdump(file, ETHERNET_EXPRESSION));
      expect(accepted > 0, file).toBe(file === 'vlan.pcap');
    }
  });

  it.skipIf(noLibpcap)(
    titleWithReason(
      'an expression that a link type does not have is told at its first frame',
      noLibpcap,
    ),
    async () => {
      await expect(countAccepted('tun.pcap', ETHERNET_EXPRESSION)).rejects.toMatchObject({
        code: 'HTTPLOG_FILTER',
      });
    },
  );

  it.skipIf(noLibpcap)(
    titleWithReason('is compiled anew for each link type of one file', noLibpcap),
    async () => {
      for (const expression of EXPRESSIONS) {
        // tcpdump reads no file of two link types; this one is merged of the other two.
        const parts = [
          await countAccepted('tun.pcap', expression),
          await countAccepted('any-sll2.pcap', expression),
        ];
        const merged = await countAccepted('two-interfaces.pcapng', expression);
        expect(merged, expression).toBe(parts[0] + parts[1]);
      }
    },
  );

  it.skipIf(noLibpcap)(
    titleWithReason('a wrong expression is told before the first packet', noLibpcap),
    () => {
      for (const expression of ['tcp prot 80', 'port 99999', '((tcp)']) {
        try {
          createFrameFilter(expression);
          expect.fail(`${expression} was taken`);
        } catch (error) {
          expect(error).toBeInstanceOf(HttplogError);
          const { code, exitCode } = error as HttplogError;
          expect([code, exitCode]).toEqual(['HTTPLOG_FILTER', EXIT_USAGE]);
        }
      }
    },
  );
});
