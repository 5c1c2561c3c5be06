import { VERDICT_FIRST_UNDECODABLE, VERDICT_NAMES } from '../decode/verdicts.ts';
import { METHODS_DEFAULT } from '../http/grammar.ts';
import { OTHER_PROTOCOL_NAMES } from '../http/other-protocol.ts';
import { REDACTION_COUNTS_MAX } from '../limits.ts';
import { MESSAGE_TYPE_NAMES } from '../record/message-type.ts';
import { type CounterRow, countAllSlots, layOutRows } from './counter-row.ts';
import { EXCHANGE_COUNT_ROWS } from './exchange-counts.ts';
import { UNREAD_KINDS_MAX } from './limits.ts';

const STATUS_CLASS_NAMES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** Upper bounds of the classes of time to the first byte, in seconds. */
export const FIRST_BYTE_BOUNDS_SEC: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/**
 * All that a decode worker counts. One array of doubles a worker, over shared memory: each has one writer, so plain
 * additions are enough; doubles count to 2^53. Rows whose workers have the largest stand last,
 * behind them those that are added in another way.
 */
export const COUNTER_ROWS = {
  packetsReceived: {
    metric: 'httplog_packets_received_total',
    help: "Packets that passed the kernel's filter, those that it dropped included",
    note: 'for text lines alone these are the segments that begin a message or a connection, of TLS and HTTP/2 too',
    summary: { line: 'packets', place: 1, words: 'received', of: 'run' },
    status: { key: 'packets' },
  },
  packetsDropped: {
    metric: 'httplog_packets_dropped_total',
    help: 'Packets that the kernel dropped because the ring was full',
    summary: { line: 'packets', place: 2, words: 'dropped by the kernel', of: 'run' },
    status: { key: 'packetsDropped' },
  },
  ringFreezes: {
    metric: 'httplog_ring_freezes_total',
    help: "Times that the kernel froze the ring's queue",
  },
  packetsAbandoned: {
    metric: 'httplog_packets_abandoned_total',
    help: 'Packets not read because a decode worker failed in the middle of them',
    summary: { line: 'workers', place: 2, words: 'packets not read for it', of: 'run' },
  },
  workerRestarts: {
    metric: 'httplog_worker_restarts_total',
    help: 'Times that a decode worker was started anew after a failure',
    summary: { line: 'workers', place: 1, words: 'started anew after a failure', of: 'run' },
  },
  packetsUnread: {
    metric: 'httplog_packets_unread_total',
    help: 'Packets received and not looked at because the number of -c was reached',
    summary: {
      line: 'packets',
      place: 6,
      words: 'not looked at behind the last of -c',
      of: 'run',
      leavesOut: 'row',
    },
  },
  otherSegments: {
    metric: 'httplog_other_segments_total',
    help: 'Segments on the ports read that begin something else than HTTP/1.x, by protocol',
    note:
      '`tls`, of which for text lines alone only handshakes are received, and connections of `http2`: of both httplog ' +
      'reads nothing',
    label: 'protocol',
    values: OTHER_PROTOCOL_NAMES,
  },
  frames: {
    metric: 'httplog_frames_total',
    help: 'Frames read, by what decoding made of them',
    note: 'see [decoding.md](decoding.md)',
    label: 'verdict',
    values: VERDICT_NAMES,
    summary: {
      line: 'packets',
      place: 5,
      words: 'undecodable',
      detailsFrom: VERDICT_FIRST_UNDECODABLE,
    },
  },
  framesFiltered: {
    help: 'Frames that -f refused in a replay; live the kernel refuses them and nobody counts',
    summary: {
      line: 'packets',
      place: 3,
      words: 'not in the filter',
      of: 'replay',
      leavesOut: 'row',
    },
  },
  frameBytes: {
    metric: 'httplog_frame_bytes_total',
    help: 'Bytes on the wire of the frames read',
  },
  framesTruncated: {
    metric: 'httplog_frames_truncated_total',
    help: 'Frames of which fewer bytes were captured than were on the wire',
    summary: { line: 'packets', place: 4, words: 'truncated' },
  },
  datagramsIncomplete: {
    metric: 'httplog_datagrams_incomplete_total',
    help: 'Datagrams of which fragments were missing, read as far as they went',
  },
  messages: {
    metric: 'httplog_messages_total',
    help: 'HTTP messages, by type; those sent again count once',
    label: 'type',
    values: MESSAGE_TYPE_NAMES,
    summary: { line: 'messages', place: 1 },
    status: { key: 'messages' },
  },
  requests: {
    metric: 'httplog_requests_total',
    help: 'Requests among the messages, by method',
    note: 'the nine of RFC 9110 and RFC 5789, and `other`',
    label: 'method',
    values: [...METHODS_DEFAULT, 'other'],
  },
  responses: {
    metric: 'httplog_responses_total',
    help: 'Responses among the messages, by class of status code',
    label: 'status_class',
    values: STATUS_CLASS_NAMES,
  },
  messagesRetransmitted: {
    metric: 'httplog_messages_retransmitted_total',
    help: 'Messages sent again, and not logged again',
    summary: { line: 'messages', place: 2, words: 'retransmitted' },
  },
  messagesCopied: {
    metric: 'httplog_messages_copied_total',
    help: 'Messages captured again on another device of the host, and not logged again',
    note: 'with `-i any`, and of captures that were made so: veth, bridge and port each show a packet',
    summary: { line: 'messages', place: 3, words: 'copied', leavesOut: 'row' },
  },
  messagesContradicted: {
    metric: 'httplog_messages_contradicted_total',
    help: 'Messages under sequence numbers under which another one was seen; both are logged',
    note: 'one of them is not what the other end has received: a new connection whose start was not seen, or a decoy',
    summary: { line: 'messages', place: 4, words: 'contradicted', leavesOut: 'row' },
  },
  messagesInBodies: {
    metric: 'httplog_messages_in_bodies_total',
    help: 'Bytes of bodies that look like messages, and give no line',
    note: 'where the head in front says how long its body is; who makes them may want to forge lines',
    summary: { line: 'messages', place: 5, words: 'in bodies', leavesOut: 'row' },
  },
  heads: {
    metric: 'httplog_heads_total',
    help: 'Message heads of several segments, put together or left incomplete',
    note: 'with `--complete-heads`',
    label: 'outcome',
    values: ['complete', 'incomplete'],
    summary: {
      line: 'messages',
      place: 6,
      words: ['heads put together', 'left incomplete'],
      leavesOut: 'row',
    },
  },
  ...EXCHANGE_COUNT_ROWS,
  exchangesFiltered: {
    metric: 'httplog_exchanges_filtered_total',
    help: 'Exchanges that the filters refused',
    summary: {
      line: 'exchanges',
      place: 2,
      words: 'not in the filter',
      leavesOut: 'row',
      separator: '; ',
    },
  },
  firstByte: {
    metric: 'httplog_exchange_time_to_first_byte_seconds',
    type: 'histogram',
    help: "Time from a request's first byte to the first byte of its response",
    bounds: FIRST_BYTE_BOUNDS_SEC,
  },
  redactions: {
    metric: 'httplog_redactions_total',
    help: 'Values redacted, by what they were redacted for',
    note: 'see [filters-and-redaction.md](filters-and-redaction.md)',
    label: 'pattern',
    valuesMax: REDACTION_COUNTS_MAX,
    summary: { line: 'redactions', place: 1, leavesOut: 'counts' },
  },
  lines: {
    help: 'Lines that were made and handed over or wait in an open batch',
  },
  linesDropped: {
    help: 'Lines that found no free buffer, because the disk did not keep up',
  },
  ringFill: {
    metric: 'httplog_ring_fill_ratio',
    type: 'gauge',
    help: 'Share of the packet ring that waited to be read at the fullest moment of the last 0.4 seconds',
    note:
      'of several workers the fullest ring; NaN with `--engine libpcap`, whose ring is not seen, and while the ' +
      'interface is away',
    isLargest: true,
  },
  ringFillMax: {
    metric: 'httplog_ring_fill_max_ratio',
    type: 'gauge',
    help: 'The largest share of the packet ring so far that waited to be read',
    note: '0 where none was seen',
    isLargest: true,
  },
  httpPortUnread: {
    help: 'No count: the first port on which HTTP was seen and which is not read; 0 while there is none',
    isLargest: true,
  },
  linkTypeUnread: {
    help: 'No count: a link type that is not read; 0, which is read, while there is none',
    isLargest: true,
  },
  // Several workers' are added by kind: see unread-frames.ts.
  unreadKinds: {
    help: 'No counts: kinds of frames that are not read; 0 behind the last',
    valuesMax: UNREAD_KINDS_MAX,
    isLargest: true,
  },
  unreadFrames: {
    metric: 'httplog_frames_unread_total',
    help: 'Frames that are not read, by what they carry',
    note: 'live those that pass the filter',
    label: 'kind',
    valuesMax: UNREAD_KINDS_MAX + 1,
    isLargest: true,
  },
} as const satisfies Record<string, CounterRow>;

const slots = layOutRows(COUNTER_ROWS);

/** First slot of each row, by its name. */
export const COUNTER_SLOTS: Readonly<Record<keyof typeof COUNTER_ROWS, number>> = slots;
export const COUNTERS_COUNT = countAllSlots(COUNTER_ROWS);

// Constants of their own: the loops that count know them at compile time.
export const COUNTER_KERNEL_PACKETS = slots.packetsReceived;
export const COUNTER_KERNEL_DROPS = slots.packetsDropped;
export const COUNTER_KERNEL_FREEZES = slots.ringFreezes;
export const COUNTER_PACKETS_ABANDONED = slots.packetsAbandoned;
export const COUNTER_RESTARTS = slots.workerRestarts;
export const COUNTER_PACKETS_UNREAD = slots.packetsUnread;
/** By protocol less one. */
export const COUNTER_OTHER_PROTOCOL_FIRST = slots.otherSegments;
/** By verdict. Together with `framesFiltered` they add up to the frames read. */
export const COUNTER_VERDICT_FIRST = slots.frames;
export const COUNTER_FRAMES_FILTERED = slots.framesFiltered;
export const COUNTER_FRAME_BYTES = slots.frameBytes;
export const COUNTER_FRAMES_TRUNCATED = slots.framesTruncated;
export const COUNTER_DATAGRAMS_INCOMPLETE = slots.datagramsIncomplete;
/** By message type less one. */
export const COUNTER_MESSAGES_FIRST = slots.messages;
/** By index of the method in METHODS_DEFAULT; the last one of all others. */
export const COUNTER_METHOD_FIRST = slots.requests;
/** By the first digit of the status less one. */
export const COUNTER_STATUS_CLASS_FIRST = slots.responses;
export const STATUS_CLASSES_COUNT = STATUS_CLASS_NAMES.length;
export const COUNTER_DUPLICATES = slots.messagesRetransmitted;
export const COUNTER_COPIES = slots.messagesCopied;
export const COUNTER_CONTRADICTED = slots.messagesContradicted;
export const COUNTER_IN_BODIES = slots.messagesInBodies;
export const COUNTER_HEADS_COMPLETED = slots.heads;
export const COUNTER_HEADS_INCOMPLETE = slots.heads + 1;
/** The tracker's counts: see exchange-counts.ts. */
export const COUNTER_TRACKER_FIRST = slots.exchanges;
export const COUNTER_EXCHANGES_FILTERED = slots.exchangesFiltered;
/** Each exchange in one class; the last one of all that took longer. */
export const COUNTER_FIRST_BYTE_FIRST = slots.firstByte;
export const FIRST_BYTE_COUNTS_COUNT = FIRST_BYTE_BOUNDS_SEC.length + 1;
/** Sum of the times to the first byte, in seconds. */
export const COUNTER_FIRST_BYTE_SEC = slots.firstByte + FIRST_BYTE_COUNTS_COUNT;
export const COUNTER_REDACTIONS_FIRST = slots.redactions;
export const COUNTER_LINES = slots.lines;
export const COUNTER_LINES_DROPPED = slots.linesDropped;
/** NaN while no ring is to be seen. */
export const COUNTER_RING_FILL = slots.ringFill;
export const COUNTER_RING_FILL_MAX = slots.ringFillMax;
export const COUNTER_HTTP_PORT_UNREAD = slots.httpPortUnread;
export const COUNTER_LINK_TYPE_UNREAD = slots.linkTypeUnread;
export const COUNTER_UNREAD_KINDS_FIRST = slots.unreadKinds;
export const COUNTER_UNREAD_FRAMES_FIRST = slots.unreadFrames;
