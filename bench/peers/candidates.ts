import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownSettings } from '../../test/live/own-settings.ts';
import { BYTES_PER_MEBIBYTE } from '../measure/units.ts';
import {
  buildCap,
  buildGopacket,
  CAP_PROGRAM,
  CAP_VERSION,
  GOPACKET_PROGRAM,
  OUTER_NODE,
} from './build-peers.ts';
import type { Candidate } from './candidate.ts';
import { HTTPLOG_PROGRAM, installHttplog } from './install-httplog.ts';

const PCAP_PARSER_PROGRAM = fileURLToPath(new URL('pcap-parser-main.ts', import.meta.url));
const GO_SOURCES = '/usr/share/gocode/src';
const PORT_FILTER = 'tcp port 80';
const START_LINE = '^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) |^HTTP/1';
const DATE_FIRST = '^[0-9]{4}-';
const TSHARK_FIELDS = [
  ...['frame.time_epoch', 'ip.src', 'ipv6.src', 'tcp.srcport', 'ip.dst', 'ipv6.dst', 'tcp.dstport'],
  ...['http.request.method', 'http.request.uri', 'http.host', 'http.user_agent'],
  ...['http.response.code', 'http.content_length_header', 'http.content_type'],
];
const TSHARK_LINES = [
  ...['-n', '-Y', 'http.request or http.response', '-T', 'fields'],
  ...TSHARK_FIELDS.flatMap((field) => ['-e', field]),
];
const NGREP_LINES = ['-q', '-t', '-R', '-W', 'single'];

/** httplog with so many decode workers. */
function httplog(name: string, does: string, options: readonly string[]): Candidate {
  return {
    name,
    does,
    parsesHttp: true,
    needs: {},
    prepare: installHttplog,
    version: [HTTPLOG_PROGRAM, '-v'],
    readsCapture: (capture, output) => [
      HTTPLOG_PROGRAM,
      ...ownSettings(['replay', capture, '-o', output, ...options]),
    ],
    listens: {
      command: (device, output, ring) => [
        ...[
          HTTPLOG_PROGRAM,
          ...ownSettings(['-i', device, '-o', output, '-b', `${ring}`, ...options]),
        ],
      ],
      endSignal: 'SIGTERM',
      drops: /(\d+) dropped by the kernel/,
    },
    messagePattern: DATE_FIRST,
  };
}

function offlineOnly(candidate: Candidate): Candidate {
  const { listens: _, ...offline } = candidate;
  return offline;
}

function liveOnly(candidate: Candidate, countsLike: string): Candidate {
  const { readsCapture: _, ...live } = candidate;
  return { ...live, countsLike };
}

/** Everything that can be measured, in the order of the report. */
export const CANDIDATES: readonly Candidate[] = [
  httplog(
    'httplog',
    'a line a message, addresses, ports, two fields; no reassembly; live one worker, of a large capture one a core',
    [],
  ),
  offlineOnly(httplog('httplog-1', 'the same with one decode worker; offline only', ['-cpu', '1'])),
  httplog('httplog-2', 'the same with two decode workers', ['-cpu', '2']),
  liveOnly(
    httplog('httplog-libpcap', 'the same, through libpcap in place of the ring; live only', [
      ...['--engine', 'libpcap'],
    ]),
    'httplog',
  ),
  {
    name: 'httpry',
    does: 'a line a message, addresses without ports; requests: method, host, path; no reassembly',
    parsesHttp: true,
    needs: { httpry: 'httpry' },
    version: ['httpry', '-h'],
    readsCapture: (capture, output, filter) => [
      ...['httpry', '-q', '-r', capture, '-o', output, filter],
    ],
    listens: {
      command: (device, output) => ['httpry', '-i', device, '-o', output, PORT_FILTER],
      endSignal: 'SIGINT',
      drops: /(\d+) packets dropped/,
    },
    messagePattern: DATE_FIRST,
  },
  {
    name: 'gopacket',
    does: 'the usual shape of a Go program: copies each packet, decodes all layers, a line a message; no reassembly',
    parsesHttp: true,
    needs: {
      go: 'golang',
      gcc: 'gcc',
      [`${GO_SOURCES}/github.com/google/gopacket`]: 'golang-github-google-gopacket-dev',
      [`${GO_SOURCES}/golang.org/x/net`]: 'golang-golang-x-net-dev',
      [`${GO_SOURCES}/golang.org/x/sys`]: 'golang-golang-x-sys-dev',
    },
    prepare: buildGopacket,
    version: ['go', 'version'],
    readsCapture: (capture, output) => [GOPACKET_PROGRAM, '-r', capture, '-o', output],
    listens: {
      command: (device, output, ring) => [
        ...[GOPACKET_PROGRAM, '-i', device, '-o', output, '-b', `${ring}`],
      ],
      endSignal: 'SIGTERM',
      drops: /(\d+) dropped/,
    },
    messagePattern: DATE_FIRST,
  },
  {
    name: 'tshark',
    does: 'dissects every layer, reassembles TCP and bodies, a line a message',
    parsesHttp: true,
    needs: { tshark: 'tshark' },
    version: ['tshark', '--version'],
    readsCapture: (capture) => ['tshark', '-r', capture, ...TSHARK_LINES],
    listens: {
      command: (device, _output, ring) => [
        ...['tshark', '-i', device, '-B', `${ring}`, '-f', PORT_FILTER, ...TSHARK_LINES],
      ],
      endSignal: 'SIGINT',
      drops: /(\d+) packets? dropped/,
    },
    messagePattern: '^[0-9]+\\.',
  },
  {
    name: 'ngrep',
    does: 'matches the payload against start lines, prints the whole segment; knows no field',
    parsesHttp: false,
    needs: { ngrep: 'ngrep' },
    version: ['ngrep', '-V'],
    readsCapture: (capture, _output, filter) => [
      ...['ngrep', ...NGREP_LINES, '-I', capture, START_LINE, filter],
    ],
    // 1 where nothing has matched.
    exitCodes: [0, 1],
    listens: {
      command: (device) => ['ngrep', ...NGREP_LINES, '-d', device, START_LINE, PORT_FILTER],
      endSignal: 'SIGINT',
    },
    messagePattern: '^T ',
  },
  {
    name: 'tcpflow',
    does: 'reassembles TCP and prints every byte of each stream, bodies too; knows no message',
    parsesHttp: false,
    needs: { tcpflow: 'tcpflow' },
    version: ['tcpflow', '-V'],
    // Its report goes where the output goes, not into the working directory.
    readsCapture: (capture, output) => ['tcpflow', '-r', capture, '-C', '-o', dirname(output)],
    listens: {
      command: (device, output) => [
        'tcpflow',
        '-i',
        device,
        '-C',
        '-o',
        dirname(output),
        PORT_FILTER,
      ],
      endSignal: 'SIGINT',
    },
    messagePattern: START_LINE,
    isOutputDiscarded: true,
  },
  {
    name: 'pcap-parser',
    does: 'npm: an event a packet; a plain decoder of ours makes a line a message; captures only',
    parsesHttp: true,
    needs: {},
    version: [process.execPath, '-p', "require('pcap-parser/package.json').version"],
    readsCapture: (capture, output) => [process.execPath, PCAP_PARSER_PROGRAM, capture, output],
    messagePattern: DATE_FIRST,
  },
  {
    name: 'cap',
    does: 'npm: libpcap, an event a packet; the same plain decoder makes a line a message; live only',
    parsesHttp: true,
    needs: { gcc: 'build-essential', 'pcap-config': 'libpcap-dev' },
    prepare: buildCap,
    version: [...OUTER_NODE, '-p', `'${CAP_VERSION} on Node ' + process.version`],
    listens: {
      command: (device, output, ring) => [
        ...[...OUTER_NODE, CAP_PROGRAM, device, output, `${ring * BYTES_PER_MEBIBYTE}`],
      ],
      endSignal: 'SIGINT',
    },
    messagePattern: DATE_FIRST,
    countsLike: 'pcap-parser',
  },
  {
    name: 'tcpdump',
    does: 'copies the packets to its output, which is thrown away; parses nothing',
    parsesHttp: false,
    needs: { tcpdump: 'tcpdump' },
    version: ['tcpdump', '--version'],
    // Onto standard output: as root it would give /dev/null another owner.
    readsCapture: (capture) => ['tcpdump', '-r', capture, '-w', '-'],
    listens: {
      command: (device, _output, ring) => [
        ...['tcpdump', '-i', device, '-B', `${ring * 1024}`, '-Z', 'root', '-w', '-', PORT_FILTER],
      ],
      endSignal: 'SIGINT',
      drops: /(\d+) packets dropped by kernel/,
    },
    isOutputDiscarded: true,
  },
];
