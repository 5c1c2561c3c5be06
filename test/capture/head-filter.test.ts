import { describe, expect, it } from 'vitest';
import { createBpfCode } from '../../src/capture/bpf-code.ts';
import { runBpf } from '../../src/capture/bpf-interpreter.ts';
import { buildDefaultFilter, type FilterLinkLayer } from '../../src/capture/default-filter.ts';
import { createFrame } from '../../src/capture/frame.ts';
import { canMatchHeads } from '../../src/capture/head-filter.ts';
import { LINKTYPE_ETHERNET } from '../../src/capture/link-types.ts';
import { decodeFrame } from '../../src/decode/decode-frame.ts';
import { createSegment } from '../../src/decode/segment.ts';
import { VERDICT_SEGMENT } from '../../src/decode/verdicts.ts';
import { classifySegment } from '../../src/http/classify.ts';
import { createMethodTable, METHODS_DEFAULT, METHODS_REGISTERED } from '../../src/http/grammar.ts';
import { createHttpMessage, MESSAGE_NONE } from '../../src/http/message.ts';
import {
  bytesOf,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ethernet,
  extensionHeader,
  ipv4,
  ipv6,
  joinBytes,
  PROTOCOL_HOP_BY_HOP,
  TPID_8021Q,
  taggedEthernet,
  tcp,
} from '../fixtures/build-packets.ts';
import { titleWithReason } from '../live/requirements.ts';
import { listCorpus, missingCorpus, readClassicPcap } from './classic-pcap.ts';

const SNAPLEN = 1560;
const TCP_OPTIONS = [[], [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2], new Array(40).fill(1)];
const IPV4_OPTIONS = [[], [7, 7, 4, 0, 0, 0, 0, 0], new Array(40).fill(1)];

function segmentOf(text: string, options: readonly number[] = []): Uint8Array {
  const source = { address: '192.0.2.1', port: 50_000 };
  return tcp({ source, target: { address: '192.0.2.2', port: 80 }, options }, bytesOf(text));
}

function packetV4(segment: Uint8Array, options: readonly number[] = []): Uint8Array {
  return ipv4({ source: '192.0.2.1', target: '192.0.2.2', options }, segment);
}

function packetV6(segment: Uint8Array): Uint8Array {
  return ipv6({ source: '2001:db8::1', target: '2001:db8::2' }, segment);
}

/** Whether the filter lets it pass. */
function passes(
  frame: Uint8Array,
  linkLayer: FilterLinkLayer = 'ethernet',
  headMethods: readonly string[] = METHODS_DEFAULT,
): boolean {
  const ports = [{ first: 80, last: 80 }];
  const program = buildDefaultFilter({ ports, linkLayer, snaplen: SNAPLEN, headMethods });
  const kept = runBpf(createBpfCode(program), frame, 0, frame.length, frame.length, null);
  expect([0, SNAPLEN]).toContain(kept);
  return kept !== 0;
}

/** As `passes`, however the segment comes. */
function passesAnyhow(text: string): boolean {
  const verdicts = TCP_OPTIONS.flatMap((options) => {
    const segment = segmentOf(text, options);
    return [
      ...IPV4_OPTIONS.map((ipOptions) =>
        passes(ethernet(ETHERTYPE_IPV4, packetV4(segment, ipOptions))),
      ),
      passes(ethernet(ETHERTYPE_IPV6, packetV6(segment))),
      passes(taggedEthernet([{ tpid: TPID_8021Q, id: 7 }], ETHERTYPE_IPV4, packetV4(segment))),
      passes(packetV4(segment), 'ip'),
      passes(packetV6(segment), 'ip'),
    ];
  });
  expect(new Set(verdicts).size).toBe(1);
  return verdicts[0];
}

describe('the filter of heads', () => {
  it.each([
    ...METHODS_DEFAULT.map((method) => `${method} /a HTTP/1.1\r\n`),
    'GET ',
    'PUT x',
    'GET\t/',
    'HEAD\t/',
  ])('lets %j pass', (text) => {
    expect(passesAnyhow(text)).toBe(true);
  });

  it.each(['HTTP/1.1 200 OK\r\n', 'HTTP/1.1\t200', 'HTTP/2 200\r\n', 'HTTP/1.0', 'HTTP'])(
    'lets %j pass',
    (text) => {
      expect(passesAnyhow(text)).toBe(true);
    },
  );

  it.each([
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01',
    '\x16\x03\x03\x00\x7a\x02',
  ])('lets %j pass, which says that there is no HTTP/1.x', (text) => {
    expect(passesAnyhow(text)).toBe(true);
  });

  it.each([
    '\r\nGET / HTTP/1.1',
    '\r\n\r\n',
    '\nGET / HTTP/1.1',
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\n',
    '\r\n\r\n\0\r\nQUIT\n',
  ])('lets %j pass, which may stand before a message', (text) => {
    expect(passesAnyhow(text)).toBe(true);
  });

  it.each([
    '\x17\x03\x03\x01\x00x',
    '\x16\x04\x03\x01\x00x',
    'PRIM',
    '',
    'G',
    'GET',
    'get / HTTP/1.1',
    'GETT / HTTP/1.1',
    'body',
    'HTT',
    'http/1.1',
  ])('refuses %j', (text) => {
    expect(passesAnyhow(text)).toBe(false);
  });

  it('lets a SYN of the client pass, and no other segment without payload', () => {
    const source = { address: '192.0.2.1', port: 50_000 };
    const target = { address: '192.0.2.2', port: 80 };
    const flagsPassed = Array.from({ length: 64 }, (_, flags) => flags).filter((flags) =>
      passes(ethernet(ETHERTYPE_IPV4, packetV4(tcp({ source, target, flags }, bytesOf(''))))),
    );
    const hasSynAlone = (flags: number) => (flags & 0x12) === 0x02;
    expect(flagsPassed).toEqual(
      Array.from({ length: 64 }, (_, flags) => flags).filter(hasSynAlone),
    );
  });

  it('refuses a segment without payload that Ethernet has padded', () => {
    const frame = ethernet(ETHERTYPE_IPV4, packetV4(segmentOf('')));
    expect(passes(joinBytes(frame, new Uint8Array(60 - frame.length)))).toBe(false);
  });

  it('refuses other ports, and lets what it cannot follow pass', () => {
    const source = { address: '192.0.2.1', port: 50_000 };
    const target = { address: '192.0.2.2', port: 81 };
    const other = tcp({ source, target }, bytesOf('GET / HTTP/1.1\r\n\r\n'));
    expect(passes(ethernet(ETHERTYPE_IPV4, packetV4(other)))).toBe(false);
    const extended = joinBytes(extensionHeader(6, []), segmentOf('body'));
    const packet = ipv6(
      { source: '2001:db8::1', target: '2001:db8::2', nextHeader: PROTOCOL_HOP_BY_HOP },
      extended,
    );
    expect(passes(ethernet(ETHERTYPE_IPV6, packet))).toBe(true);
  });

  it('knows the methods that it is given, and no others', () => {
    const frame = (text: string) => ethernet(ETHERTYPE_IPV4, packetV4(segmentOf(text)));
    expect(passes(frame('PROPFIND / HTTP/1.1'), 'ethernet', METHODS_REGISTERED)).toBe(true);
    expect(passes(frame('PROPFIND / HTTP/1.1'))).toBe(false);
    expect(passes(frame('GET / HTTP/1.1'), 'ethernet', ['PROPFIND'])).toBe(false);
  });

  it('needs methods that four bytes tell', () => {
    expect(canMatchHeads(METHODS_REGISTERED)).toBe(true);
    expect(canMatchHeads([...METHODS_DEFAULT, 'DO'])).toBe(false);
  });

  const reason = missingCorpus();
  it.skipIf(reason !== undefined)(
    titleWithReason('lets every message of the corpus pass, and few other packets', reason),
    () => {
      const tunnels = { vxlanPorts: [] };
      const filter = { ports: 'any', linkLayer: 'ethernet', snaplen: SNAPLEN, tunnels } as const;
      const code = createBpfCode(buildDefaultFilter({ ...filter, headMethods: METHODS_DEFAULT }));
      const methods = createMethodTable(METHODS_DEFAULT);
      const segment = createSegment();
      const message = createHttpMessage();
      const totals = { packets: 0, messages: 0, passed: 0 };
      for (const path of listCorpus('EN10MB=1')) {
        for (const [index, { bytes, wireLength }] of (readClassicPcap(path) ?? []).entries()) {
          const frame = { ...createFrame(), bytes, end: bytes.length, linkType: LINKTYPE_ETHERNET };
          const isMessage =
            decodeFrame(frame, segment) === VERDICT_SEGMENT &&
            classifySegment(bytes, segment.payloadOffset, segment.payloadEnd, methods, message) !==
              MESSAGE_NONE;
          const isPassed = runBpf(code, bytes, 0, bytes.length, wireLength, null) !== 0;
          if (isMessage && !isPassed) {
            expect.fail(`${path}: packet ${index + 1} begins a message`);
          }
          totals.packets += 1;
          totals.messages += isMessage ? 1 : 0;
          totals.passed += isPassed ? 1 : 0;
        }
      }
      expect(totals.messages).toBeGreaterThan(1000);
      expect(totals.passed).toBeLessThan(totals.packets / 2);
    },
  );
});
