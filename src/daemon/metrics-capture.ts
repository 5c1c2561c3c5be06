import { METHODS_DEFAULT } from '../decode/http-grammar.ts';
import { OTHER_PROTOCOL_NAMES } from '../decode/other-protocol.ts';
import { VERDICT_NAMES } from '../decode/verdicts.ts';
import { INCOMPLETE_NAMES } from '../exchange/exchange.ts';
import {
  COUNT_EXCHANGES_FIRST,
  COUNT_FLOWS,
  COUNT_FLOWS_EVICTED,
  COUNT_FLOWS_EXPIRED,
  COUNT_RETRANSMITTED,
} from '../exchange/exchange-counts.ts';
import { DELETE_REASONS, type UpkeepCounters } from '../log/upkeep.ts';
import * as slots from '../worker/counters.ts';
import type { CaptureSnapshot } from './admin-capture.ts';
import {
  createHistogram,
  createLabelledMetric,
  createMetric,
  type Metric,
} from './metrics-text.ts';

type Counters = slots.Counters;

const TYPE_NAMES = ['CQ', 'CR', 'SQ', 'SR'];
const STATUS_CLASS_NAMES = ['1xx', '2xx', '3xx', '4xx', '5xx'];

/** The metrics of a capture. They are there from the start, zero where nothing has happened. */
export function collectCaptureMetrics(capture: CaptureSnapshot): Metric[] {
  return [
    ...collectPackets(capture),
    ...collectMessages(capture.counters),
    ...collectExchanges(capture.counters),
    ...collectOutput(capture),
    ...collectFiles(capture.upkeep),
  ];
}

function collectPackets({ counters, isCapturing, workersCount }: CaptureSnapshot): Metric[] {
  return [
    gauge('httplog_capturing', '1 while packets are captured, else 0', isCapturing ? 1 : 0),
    gauge('httplog_workers', 'Decode workers, each with a thread and a ring', workersCount),
    counter(
      'httplog_packets_received_total',
      "Packets that passed the kernel's filter, those that it dropped included",
      counters[slots.COUNTER_KERNEL_PACKETS],
    ),
    counter(
      'httplog_packets_dropped_total',
      'Packets that the kernel dropped because the ring was full',
      counters[slots.COUNTER_KERNEL_DROPS],
    ),
    counter(
      'httplog_ring_freezes_total',
      "Times that the kernel froze the ring's queue",
      counters[slots.COUNTER_KERNEL_FREEZES],
    ),
    gauge(
      'httplog_ring_fill_ratio',
      'Share of the packet ring that waited to be read at the fullest moment of the last 0.4 seconds',
      counters[slots.COUNTER_RING_FILL],
    ),
    gauge(
      'httplog_ring_fill_max_ratio',
      'The largest share of the packet ring so far that waited to be read',
      counters[slots.COUNTER_RING_FILL_MAX],
    ),
    counter(
      'httplog_packets_abandoned_total',
      'Packets not read because a decode worker failed in the middle of them',
      counters[slots.COUNTER_PACKETS_ABANDONED],
    ),
    counter(
      'httplog_packets_unread_total',
      'Packets received and not looked at because the number of -c was reached',
      counters[slots.COUNTER_PACKETS_UNREAD],
    ),
    labelledCounter(
      'httplog_other_segments_total',
      'Segments on the ports read that begin something else than HTTP/1.x, by protocol',
      'protocol',
      OTHER_PROTOCOL_NAMES,
      counters,
      slots.COUNTER_OTHER_PROTOCOL_FIRST,
    ),
    counter(
      'httplog_worker_restarts_total',
      'Times that a decode worker was started anew after a failure',
      counters[slots.COUNTER_RESTARTS],
    ),
    labelledCounter(
      'httplog_frames_total',
      'Frames read, by what decoding made of them',
      'verdict',
      VERDICT_NAMES,
      counters,
      slots.COUNTER_VERDICT_FIRST,
    ),
    counter(
      'httplog_frame_bytes_total',
      'Bytes on the wire of the frames read',
      counters[slots.COUNTER_FRAME_BYTES],
    ),
    counter(
      'httplog_frames_truncated_total',
      'Frames of which fewer bytes were captured than were on the wire',
      counters[slots.COUNTER_FRAMES_TRUNCATED],
    ),
  ];
}

function collectMessages(counters: Counters): Metric[] {
  return [
    labelledCounter(
      'httplog_messages_total',
      'HTTP messages, by type; those sent again count once',
      'type',
      TYPE_NAMES,
      counters,
      slots.COUNTER_MESSAGES_FIRST,
    ),
    labelledCounter(
      'httplog_requests_total',
      'Requests among the messages, by method',
      'method',
      [...METHODS_DEFAULT, 'other'],
      counters,
      slots.COUNTER_METHOD_FIRST,
    ),
    labelledCounter(
      'httplog_responses_total',
      'Responses among the messages, by class of status code',
      'status_class',
      STATUS_CLASS_NAMES,
      counters,
      slots.COUNTER_STATUS_CLASS_FIRST,
    ),
    counter(
      'httplog_messages_retransmitted_total',
      'Messages seen again, and not logged again',
      counters[slots.COUNTER_DUPLICATES],
    ),
    labelledCounter(
      'httplog_heads_total',
      'Message heads of several segments, put together or left incomplete',
      'outcome',
      ['complete', 'incomplete'],
      counters,
      slots.COUNTER_HEADS_COMPLETED,
    ),
  ];
}

function collectExchanges(counters: Counters): Metric[] {
  const first = slots.COUNTER_TRACKER_FIRST;
  const firstByte = slots.COUNTER_FIRST_BYTE_FIRST;
  return [
    labelledCounter(
      'httplog_exchanges_total',
      'Exchanges that have ended, by what they are missing',
      'outcome',
      INCOMPLETE_NAMES.map((name) => name || 'complete'),
      counters,
      first + COUNT_EXCHANGES_FIRST,
    ),
    counter(
      'httplog_exchanges_filtered_total',
      'Exchanges that the filters refused',
      counters[slots.COUNTER_EXCHANGES_FILTERED],
    ),
    gauge('httplog_flows', 'TCP connections followed now', counters[first + COUNT_FLOWS]),
    counter(
      'httplog_flows_evicted_total',
      'Connections forgotten because the flow table was full',
      counters[first + COUNT_FLOWS_EVICTED],
    ),
    counter(
      'httplog_flows_expired_total',
      'Connections forgotten, or their exchange ended, after a long silence',
      counters[first + COUNT_FLOWS_EXPIRED],
    ),
    counter(
      'httplog_segments_retransmitted_total',
      'Segments of followed connections whose bytes had all been seen before',
      counters[first + COUNT_RETRANSMITTED],
    ),
    createHistogram(
      'httplog_exchange_time_to_first_byte_seconds',
      "Time from a request's first byte to the first byte of its response",
      slots.FIRST_BYTE_BOUNDS_SEC,
      [...counters.subarray(firstByte, firstByte + slots.FIRST_BYTE_COUNTS_COUNT)],
      counters[slots.COUNTER_FIRST_BYTE_SEC],
    ),
  ];
}

function collectOutput(capture: CaptureSnapshot): Metric[] {
  const { counters, writer, pendingBatches, failingPaths, redactionNames } = capture;
  return [
    labelledCounter(
      'httplog_redactions_total',
      'Values redacted, by what they were redacted for',
      'pattern',
      redactionNames,
      counters,
      slots.COUNTER_REDACTIONS_FIRST,
    ),
    counter('httplog_lines_written_total', 'Lines or rows written', writer.linesWritten),
    counter('httplog_written_bytes_total', 'Bytes of the lines written', writer.bytesWritten),
    createLabelledMetric(
      'counter',
      'httplog_lines_dropped_total',
      'Lines lost: no buffer was free, or they were given up at the disk',
      'reason',
      [
        ['no_buffer', counters[slots.COUNTER_LINES_DROPPED]],
        ['given_up', writer.linesDropped],
      ],
    ),
    counter('httplog_write_errors_total', 'Writes and opens that failed', writer.writeErrors),
    counter('httplog_files_opened_total', 'Log files or databases opened', writer.filesOpened),
    gauge('httplog_batches_pending', 'Batches of lines that wait for the disk', pendingBatches),
    gauge('httplog_files_failing', 'Files that cannot be written now', failingPaths.length),
  ];
}

function collectFiles(upkeep: UpkeepCounters): Metric[] {
  return [
    counter(
      'httplog_files_rotated_total',
      'Daily files that were full and are followed by another one',
      upkeep.filesRotated,
    ),
    counter('httplog_files_compressed_total', 'Files compressed', upkeep.filesCompressed),
    counter(
      'httplog_compression_input_bytes_total',
      'Bytes of the compressed files before',
      upkeep.compressionInputBytes,
    ),
    counter(
      'httplog_compression_output_bytes_total',
      'Bytes of the compressed files after',
      upkeep.compressionOutputBytes,
    ),
    createLabelledMetric(
      'counter',
      'httplog_files_deleted_total',
      'Files deleted, by the option that asked for it',
      'reason',
      DELETE_REASONS.map((reason) => [reason.replace('-', '_'), upkeep.filesDeleted[reason]]),
    ),
    counter(
      'httplog_upkeep_errors_total',
      'Files that could not be compressed or deleted, and directories that could not be read',
      upkeep.upkeepErrors,
    ),
  ];
}

function counter(name: string, help: string, value: number): Metric {
  return createMetric('counter', name, help, value);
}

function gauge(name: string, help: string, value: number): Metric {
  return createMetric('gauge', name, help, value);
}

/** Counters that stand one behind the other, each with its label's value. */
function labelledCounter(
  name: string,
  help: string,
  label: string,
  labelValues: readonly string[],
  counters: Counters,
  first: number,
): Metric {
  const values = labelValues.map((labelValue, index) => {
    return [labelValue, counters[first + index]] as const;
  });
  return createLabelledMetric('counter', name, help, label, values);
}
