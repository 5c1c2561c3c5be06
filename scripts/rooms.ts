/**
 * The rooms of src, and what each may know. Packets flow capture -> decode -> exchange, other bytes into
 * stream; records flow from both through output (filter, redact, format) to log. Control rooms (config, plan,
 * admin, daemon, cli) touch no packet byte. A folder in a folder (`ship/nats`) is a room of its own: the row
 * with the longest name counts, and it knows none of its siblings unless its row names them.
 */

/** What the files of a room may import besides each other. */
export interface Room {
  /** Whole rooms (`worker/`), or single files of them: records, tables and constants (`capture/frame.ts`). */
  rooms: readonly string[];
  /** Modules of Node without `node:`; the hot rooms know no file, clock, logger or process. */
  node: readonly string[] | 'any';
  packages: readonly string[];
}

/** Bytes and numbers, which every room may know. */
const GROUND: readonly string[] = [
  'base64.ts',
  'big-endian.ts',
  'bytes.ts',
  'human-units.ts',
  'keyed-hash.ts',
  'limits.ts',
  'nearest-name.ts',
  'words.ts',
];
/** The same for rooms that can fail: bad packets are data, bad machines are errors. */
const FALLIBLE: readonly string[] = [...GROUND, 'errors.ts'];

export const ROOMS: Readonly<Record<string, Room>> = {
  // Ground
  'big-endian.ts': { rooms: ['words.ts'], node: [], packages: [] },
  'base64.ts': { rooms: [], node: [], packages: [] },
  'bytes.ts': { rooms: [], node: [], packages: [] },
  'errors.ts': { rooms: [], node: [], packages: [] },
  'human-units.ts': { rooms: [], node: [], packages: [] },
  'keyed-hash.ts': { rooms: [], node: [], packages: [] },
  'nearest-name.ts': { rooms: ['limits.ts'], node: [], packages: [] },
  'limits.ts': { rooms: [], node: [], packages: [] },
  'ip-address.ts': { rooms: ['late-modules.ts'], node: [], packages: [] },
  /** Modules of Node that a start does without. */
  'late-modules.ts': { rooms: [], node: 'any', packages: [] },
  /** Packages that a start does without. */
  'late-packages.ts': { rooms: [], node: ['module'], packages: ['luxon', 're2js', 'yaml'] },
  'file-modes.ts': { rooms: [], node: ['fs'], packages: [] },
  'pattern-steps.ts': { rooms: [], node: [], packages: [] },
  'regular-expression.ts': { rooms: ['late-packages.ts'], node: [], packages: ['re2js'] },
  'words.ts': { rooms: [], node: [], packages: [] },
  /** The C library: calls that Node does not offer. */
  system: {
    rooms: [...FALLIBLE, 'late-modules.ts'],
    node: ['fs', 'net', 'util'],
    packages: ['koffi'],
  },

  // Packets
  capture: {
    rooms: [...FALLIBLE, 'late-modules.ts', 'system/'],
    node: ['buffer', 'fs', 'net', 'stream', 'util'],
    packages: ['koffi'],
  },
  decode: {
    rooms: [
      ...GROUND,
      'capture/device.ts',
      'capture/frame.ts',
      'capture/link-types.ts',
      'http/',
      'record/',
    ],
    node: [],
    packages: [],
  },
  exchange: {
    rooms: [
      ...GROUND,
      'capture/frame.ts',
      'counters/exchange-counts.ts',
      'decode/message-facts.ts',
      'decode/segment.ts',
      'http/',
      'record/',
    ],
    node: [],
    packages: [],
  },

  // Records
  /** HTTP/1 on plain bytes, of packets or of streams. */
  http: { rooms: GROUND, node: [], packages: [] },
  record: { rooms: [...GROUND, 'http/'], node: [], packages: [] },
  /** Ordered bytes of a connection, of whatever source but packets, to records. */
  stream: { rooms: [...GROUND, 'http/', 'record/'], node: [], packages: [] },
  filter: {
    rooms: [...GROUND, 'http/', 'pattern-steps.ts', 'record/', 'regular-expression.ts'],
    node: [],
    packages: [],
  },
  redact: {
    rooms: [
      ...GROUND,
      'http/',
      'late-modules.ts',
      'pattern-steps.ts',
      'record/',
      'regular-expression.ts',
    ],
    node: ['buffer'],
    packages: [],
  },
  format: { rooms: [...GROUND, 'http/', 'record/'], node: [], packages: [] },
  counters: {
    rooms: [
      ...GROUND,
      'decode/verdicts.ts',
      'http/grammar.ts',
      'http/other-protocol.ts',
      'record/',
    ],
    node: [],
    packages: [],
  },
  output: {
    rooms: [
      ...GROUND,
      'counters/',
      'filter/',
      'format/',
      'http/forwarded-nodes.ts',
      'http/grammar.ts',
      'log/batch-queue.ts',
      'record/',
      'redact/',
    ],
    node: ['worker_threads'],
    packages: [],
  },
  log: {
    rooms: [
      ...FALLIBLE,
      'counters/writer-counts.ts',
      'file-modes.ts',
      'format/line-batch.ts',
      'late-modules.ts',
      'system/',
    ],
    node: ['fs', 'fs/promises', 'path', 'sqlite', 'timers/promises', 'util', 'worker_threads'],
    packages: [],
  },

  // Control
  config: {
    rooms: [
      ...FALLIBLE,
      'capture/port-range.ts',
      'file-modes.ts',
      'filter/',
      'format/format-table.ts',
      'format/template-compiler.ts',
      'http/grammar.ts',
      'ip-address.ts',
      'late-packages.ts',
      'pattern-steps.ts',
      'record/client-source.ts',
      'record/network-prefix.ts',
      'record/record-kinds.ts',
      'redact/redaction-settings.ts',
      'regular-expression.ts',
    ],
    node: 'any',
    packages: [],
  },
  /** Settings to plain values for threads and writers. */
  plan: {
    rooms: [
      ...FALLIBLE,
      'admin/version.ts',
      'capture/head-filter.ts',
      'config/',
      'counters/traffic-report.ts',
      'filter/',
      'format/',
      'http/grammar.ts',
      'late-modules.ts',
      'late-packages.ts',
      'log/',
      'output/',
      'pattern-steps.ts',
      'record/client-source.ts',
      'redact/',
      'regular-expression.ts',
      'worker/describe-filter.ts',
      'worker/live-protocol.ts',
      'worker/pipeline-settings.ts',
    ],
    node: 'any',
    packages: [],
  },
  worker: {
    rooms: [
      ...FALLIBLE,
      'capture/',
      'counters/',
      'decode/',
      'exchange/',
      'filter/',
      'format/',
      'http/',
      'late-modules.ts',
      'log/trusted-file.ts',
      'output/',
      'record/',
      'redact/',
      'system/privileges.ts',
      'system/random-word.ts',
    ],
    node: ['fs/promises', 'worker_threads'],
    packages: ['luxon'],
  },
  admin: {
    rooms: [
      ...FALLIBLE,
      'config/admin-address.ts',
      'config/admin-hosts.ts',
      'config/settings.ts',
      'counters/',
      'decode/unread-kinds.ts',
      'decode/verdicts.ts',
      'http/grammar.ts',
      'http/other-protocol.ts',
      'log/',
      'record/',
    ],
    node: 'any',
    packages: [],
  },
  daemon: {
    rooms: [
      ...FALLIBLE,
      'admin/',
      'capture/find-capture.ts',
      'capture/link-types.ts',
      'config/',
      'counters/',
      'decode/verdicts.ts',
      'format/line-batch.ts',
      'log/',
      'output/',
      'plan/',
      'record/network-prefix.ts',
      'redact/redaction-settings.ts',
      'system/',
      'worker/',
    ],
    node: 'any',
    packages: ['cli-progress', 'pino', 'pino-roll', 'piscina'],
  },
  cli: {
    rooms: [...FALLIBLE, 'admin/', 'config/', 'daemon/', 'plan/', 'system/terminal.ts'],
    node: 'any',
    packages: [],
  },
};

/** Files of capture that work on bytes alone, so that they can be tested without a network card. */
export const PURE_CAPTURE_FILES: ReadonlySet<string> = new Set([
  'capture/bpf-assembler.ts',
  'capture/bpf-code.ts',
  'capture/bpf-interpreter.ts',
  'capture/default-filter.ts',
  'capture/device.ts',
  'capture/frame.ts',
  'capture/link-types.ts',
  'capture/port-filter.ts',
  'capture/port-range.ts',
  'capture/tpacket-v3.ts',
]);

/**
 * The files that may wait for each other: a packet within a packet is read by the layer that it begins with, IP
 * in GRE in IP; so is what fragments are put together to. A table of layers in between would cost a call a layer.
 */
export const LAYER_CIRCLE: ReadonlySet<string> = new Set([
  'decode/ether-type.ts',
  'decode/ethernet.ts',
  'decode/gre.ts',
  'decode/gtp-u.ts',
  'decode/ip-payload.ts',
  'decode/ipv4.ts',
  'decode/ipv6.ts',
  'decode/l2tp.ts',
  'decode/link-tags.ts',
  'decode/llc.ts',
  'decode/mpls.ts',
  'decode/nsh.ts',
  'decode/ppp.ts',
  'decode/raw-ip.ts',
  'decode/take-fragment.ts',
  'decode/teredo.ts',
  'decode/udp.ts',
  'decode/vxlan-gpe.ts',
]);
