import {
  COUNTER_DUPLICATES,
  COUNTER_EXCHANGES_FILTERED,
  COUNTER_FRAMES_FILTERED,
  COUNTER_FRAMES_TRUNCATED,
  COUNTER_HEADS_COMPLETED,
  COUNTER_HEADS_INCOMPLETE,
  COUNTER_HTTP_PORT_UNREAD,
  COUNTER_KERNEL_DROPS,
  COUNTER_KERNEL_FREEZES,
  COUNTER_KERNEL_PACKETS,
  COUNTER_LINES_DROPPED,
  COUNTER_MESSAGES_FIRST,
  COUNTER_OTHER_PROTOCOL_FIRST,
  COUNTER_PACKETS_ABANDONED,
  COUNTER_PACKETS_UNREAD,
  COUNTER_REDACTIONS_FIRST,
  COUNTER_RESTARTS,
  COUNTER_TRACKER_FIRST,
  COUNTER_VERDICT_FIRST,
} from '../counters/counter-table.ts';
import { type Counters, countFrames } from '../counters/counters.ts';
import { COUNT_EXCHANGES_FIRST } from '../counters/exchange-counts.ts';
import { KIND_OTHER, readUnreadFrames } from '../counters/unread-frames.ts';
import { describeUnreadKind, isTold } from '../decode/unread-kinds.ts';
import { VERDICT_FIRST_UNDECODABLE, VERDICT_NAMES, VERDICTS_COUNT } from '../decode/verdicts.ts';
import { OTHER_PROTOCOL_NAMES } from '../http/other-protocol.ts';
import type { LogWriterCounters } from '../log/batch-queue.ts';
import { INCOMPLETE_NAMES } from '../record/exchange.ts';

const TYPE_NAMES = ['CQ', 'CR', 'SQ', 'SR'];

/** The counts of a run at one moment, as people want them: the summary, and the loss report. */
export interface Tally {
  framesRead: number;
  /** Live only: what passed the kernel's filter. */
  kernelPackets: number;
  kernelDrops: number;
  kernelFreezes: number;
  /** Live: packets not read because a worker failed in the middle of them. */
  packetsAbandoned: number;
  workerRestarts: number;
  /** Received, and not looked at because the number of `-c` was reached. */
  packetsUnread: number;
  /** Segments on the ports read that begin something else, in the order of OTHER_PROTOCOL_NAMES. */
  otherProtocols: number[];
  /** What is not read and may carry HTTP, by name. */
  framesUnread: [name: string, count: number][];
  /** A port that is not read and has HTTP; 0 when none was seen. */
  httpPortUnread: number;
  framesFiltered: number;
  framesTruncated: number;
  /** By verdict name, those that are not zero: frames that should have been decodable. */
  framesUndecodable: [name: string, count: number][];
  /** In the order CQ, CR, SQ, SR. */
  messages: number[];
  duplicates: number;
  /** With `--complete-heads` only: heads of several segments, put together or written as far as known. */
  headsCompleted: number;
  headsIncomplete: number;
  /** Exchanges by reason of their incompleteness, the complete ones first; undefined when none were looked for. */
  exchanges: number[] | undefined;
  exchangesFiltered: number;
  /** Values redacted, by what for, those that are not zero. */
  redactions: [name: string, count: number][];
  linesWritten: number;
  /** Lines that found no buffer, and lines given up at the disk. */
  linesDropped: number;
  /** Of these, the lines that the last seconds of a stop could not write. */
  linesGivenUp: number;
}

/** @param redactionNames what redactions are counted for, as `patternNames` gives them */
export function takeTally(
  counters: Counters,
  writer: LogWriterCounters,
  redactionNames: readonly string[] = [],
): Tally {
  const framesUndecodable: [string, number][] = [];
  for (let verdict = VERDICT_FIRST_UNDECODABLE; verdict < VERDICTS_COUNT; verdict++) {
    const count = counters[COUNTER_VERDICT_FIRST + verdict];
    if (count > 0) {
      framesUndecodable.push([VERDICT_NAMES[verdict], count]);
    }
  }
  return {
    framesRead: countFrames(counters),
    kernelPackets: counters[COUNTER_KERNEL_PACKETS],
    kernelDrops: counters[COUNTER_KERNEL_DROPS],
    kernelFreezes: counters[COUNTER_KERNEL_FREEZES],
    packetsAbandoned: counters[COUNTER_PACKETS_ABANDONED],
    workerRestarts: counters[COUNTER_RESTARTS],
    packetsUnread: counters[COUNTER_PACKETS_UNREAD],
    otherProtocols: OTHER_PROTOCOL_NAMES.map(
      (_, index) => counters[COUNTER_OTHER_PROTOCOL_FIRST + index],
    ),
    framesUnread: takeUnread(counters),
    httpPortUnread: counters[COUNTER_HTTP_PORT_UNREAD],
    framesFiltered: counters[COUNTER_FRAMES_FILTERED],
    framesTruncated: counters[COUNTER_FRAMES_TRUNCATED],
    framesUndecodable,
    messages: TYPE_NAMES.map((_, index) => counters[COUNTER_MESSAGES_FIRST + index]),
    duplicates: counters[COUNTER_DUPLICATES],
    headsCompleted: counters[COUNTER_HEADS_COMPLETED],
    headsIncomplete: counters[COUNTER_HEADS_INCOMPLETE],
    ...takeExchanges(counters, redactionNames),
    linesWritten: writer.linesWritten,
    linesDropped: counters[COUNTER_LINES_DROPPED] + writer.linesDropped,
    linesGivenUp: writer.linesDropped,
  };
}

function takeUnread(counters: Counters): [string, number][] {
  return readUnreadFrames(counters)
    .filter(([kind]) => isTold(kind))
    .map(([kind, count]) => [
      kind === KIND_OTHER ? 'other kinds' : describeUnreadKind(kind),
      count,
    ]);
}

function takeExchanges(
  counters: Counters,
  redactionNames: readonly string[],
): Pick<Tally, 'exchanges' | 'exchangesFiltered' | 'redactions'> {
  const first = COUNTER_TRACKER_FIRST + COUNT_EXCHANGES_FIRST;
  const exchanges = [...counters.subarray(first, first + INCOMPLETE_NAMES.length)];
  const redactions = redactionNames.map((name, index): [string, number] => [
    name,
    counters[COUNTER_REDACTIONS_FIRST + index],
  ]);
  return {
    exchanges: exchanges.some((count) => count > 0) ? exchanges : undefined,
    exchangesFiltered: counters[COUNTER_EXCHANGES_FILTERED],
    redactions: redactions.filter(([, count]) => count > 0),
  };
}

/** The lines of the summary of a live run. */
export function describeRun(tally: Tally): string[] {
  return [
    `Packets: ${tally.kernelPackets} received, ${tally.kernelDrops} dropped by the kernel` +
      `, ${tally.framesTruncated} truncated${describeUndecodable(tally)}${describeUnread(tally)}`,
    ...describeRestarts(tally),
    ...describeLines(tally),
  ];
}

/**
 * The lines of the summary of a replay.
 *
 * @param cut the number of `-c` that left something unread, where one did
 */
export function describeReplay(tally: Tally, cut?: number): string[] {
  const filtered = tally.framesFiltered > 0 ? `, ${tally.framesFiltered} not in the filter` : '';
  const unread = cut === undefined ? '' : `; those behind -c ${cut} not read`;
  return [
    `Packets: ${tally.framesRead} read${filtered}, ${tally.framesTruncated} truncated` +
      `${describeUndecodable(tally)}${unread}`,
    ...describeLines(tally),
  ];
}

/** Whether lines say less than the packets did, or nothing: then the summary is told unasked. */
export function isNoteworthy(tally: Tally): boolean {
  return (
    tally.framesTruncated > 0 ||
    tally.framesUndecodable.length > 0 ||
    tally.packetsUnread > 0 ||
    describeNotRead(tally).length > 0 ||
    tally.linesDropped > 0 ||
    countMessages(tally) === 0
  );
}

export function countMessages({ messages }: Tally): number {
  return messages.reduce((sum, count) => sum + count, 0);
}

/** What was lost so far, in one line, or undefined when nothing was. Equal text = nothing new. */
export function describeLoss(tally: Tally): string | undefined {
  if (tally.kernelDrops + tally.packetsAbandoned + tally.linesDropped === 0) {
    return undefined;
  }
  return (
    `${tally.kernelDrops} of ${tally.kernelPackets} packets dropped by the kernel` +
    ` (queue frozen ${tally.kernelFreezes} times), ${describeAbandoned(tally)}` +
    `${tally.linesDropped} lines dropped`
  );
}

function describeAbandoned({ packetsAbandoned }: Tally): string {
  return packetsAbandoned === 0 ? '' : `${packetsAbandoned} left behind by a failed worker, `;
}

/** Nothing where no worker has failed. */
function describeRestarts({ workerRestarts, packetsAbandoned }: Tally): string[] {
  return workerRestarts === 0
    ? []
    : [
        `Decode workers: ${workerRestarts} started anew after a failure` +
          `, ${packetsAbandoned} packets not read for it`,
      ];
}

/** Nothing where no packet came behind the last one of `-c`. */
function describeUnread({ packetsUnread }: Tally): string {
  return packetsUnread === 0 ? '' : `, ${packetsUnread} not looked at behind the last of -c`;
}

function describeUndecodable({ framesUndecodable }: Tally): string {
  if (framesUndecodable.length === 0) {
    return ', 0 undecodable';
  }
  const total = framesUndecodable.reduce((sum, [, count]) => sum + count, 0);
  const parts = framesUndecodable.map(([name, count]) => `${name} ${count}`);
  return `, ${total} undecodable (${parts.join(', ')})`;
}

/** Nothing where no head was held: the option is off, or every head came in one segment. */
function describeHeads({ headsCompleted, headsIncomplete }: Tally): string {
  return headsCompleted + headsIncomplete === 0
    ? ''
    : `, ${headsCompleted} heads put together, ${headsIncomplete} left incomplete`;
}

/** Nothing where no output asked for exchanges, or there were none. */
function describeExchanges({ exchanges, exchangesFiltered }: Tally): string[] {
  if (exchanges === undefined) {
    return [];
  }
  const [complete, ...incomplete] = exchanges;
  const reasons = incomplete.map((count, index) => `${count} ${INCOMPLETE_NAMES[index + 1]}`);
  const filtered = exchangesFiltered > 0 ? `; ${exchangesFiltered} not in the filter` : '';
  return [`Exchanges: ${complete} complete, ${reasons.join(', ')}${filtered}`];
}

/** Nothing where all that came was read, but for what is in every network and carries no HTTP. */
function describeNotRead({ framesUnread, otherProtocols: [tls, http2] }: Tally): string[] {
  const parts = [
    ...framesUnread.map(([name, count]) => `${groupDigits(count)} frames of ${name}`),
    ...(tls > 0 ? [`${groupDigits(tls)} segments of TLS on the ports read`] : []),
    ...(http2 > 0 ? [`${groupDigits(http2)} connections of HTTP/2 on the ports read`] : []),
  ];
  return parts.length === 0 ? [] : [`Not read: ${parts.join(', ')}`];
}

/** `1,204` */
function groupDigits(count: number): string {
  return count.toLocaleString('en-US');
}

function describeRedactions({ redactions }: Tally): string[] {
  const parts = redactions.map(([name, count]) => `${count} ${name}`);
  return parts.length === 0 ? [] : [`Redacted: ${parts.join(', ')}`];
}

function describeLines(tally: Tally): string[] {
  const messages = TYPE_NAMES.map((name, index) => `${tally.messages[index]} ${name}`);
  return [
    `Messages: ${messages.join(', ')}, ${tally.duplicates} retransmitted${describeHeads(tally)}`,
    ...describeExchanges(tally),
    ...describeNotRead(tally),
    ...describeRedactions(tally),
    `Lines: ${tally.linesWritten} written, ${tally.linesDropped} dropped`,
  ];
}
