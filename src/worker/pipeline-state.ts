import type { Frame } from '../capture/frame.ts';
import type { Counters } from '../counters/counters.ts';
import type { OpenBodies } from '../decode/body-rows.ts';
import type { Fragments } from '../decode/fragments.ts';
import type { HeldHeads } from '../decode/held-heads.ts';
import type { MessageMemory } from '../decode/judge-message.ts';
import type { LocalNetworks } from '../decode/local-networks.ts';
import type { Segment } from '../decode/segment.ts';
import type { MessageRecords } from '../exchange/message-record.ts';
import type { ExchangeTracker } from '../exchange/tracker.ts';
import type { BatchSink } from '../format/line-batch.ts';
import type { RecordWriter } from '../format/record-format.ts';
import type { TextColumns } from '../format/text-line.ts';
import type { TimestampText } from '../format/timestamp.ts';
import type { FieldTables, MethodTable } from '../http/grammar.ts';
import type { HeadHashKey } from '../http/head-hash.ts';
import type { HttpMessage } from '../http/message.ts';
import type { BatchBuilder } from '../output/batch-builder.ts';
import type { RecordOutputs } from '../output/record-outputs.ts';
import type { Message } from '../record/message.ts';
import type { MessageKeys } from './message-keys.ts';

/** Writes the lines of messages in which there is something to hide though nobody asked for it. */
export interface HiddenText {
  readonly messageRecords: MessageRecords;
  readonly redact: (record: Message) => void;
  readonly writer: RecordWriter<Message>;
}

/** Says whether a frame is to be read at all; a replay's `-f`. */
export type FrameFilter = (frame: Frame) => boolean;

/**
 * The stages from frames to batches of lines with everything that they keep, made once a worker. What is not
 * `readonly` is replaced as a whole between two frames, see `prepareChange`.
 */
export interface Pipeline {
  /** In hand: the source's, but while one is read that was held. */
  frame: Frame;
  segment: Segment;
  /** Of `segment` while heads are completed; else a datagram's first fragment is read as far as it goes. */
  readonly fragments: Fragments;
  readonly message: HttpMessage;
  readonly memory: MessageMemory;
  /** Of the message in hand, of a part of a capture: what it will be judged by. */
  readonly facts: Int32Array;
  /** Which bytes are of bodies; undefined when nothing is written of messages as they pass. */
  bodies: OpenBodies | undefined;
  readonly hashKey: HeadHashKey;
  /** Of a part of a capture: every message is written, and what would tell it from others noted here. */
  keys: MessageKeys | undefined;
  heldHeads: HeldHeads;
  /** What a held head is read into, so that the current segment stays as it is. */
  heldFrame: Frame;
  readonly heldSegment: Segment;
  /** What a segment that was captured before its turn is read into. */
  readonly earlyFrame: Frame;
  readonly earlySegment: Segment;
  readonly timestamp: TimestampText;
  readonly methods: MethodTable;
  fieldTables: FieldTables;
  readonly sink: BatchSink;
  /** What lines are written into, of all outputs. */
  readonly batches: readonly BatchBuilder[];
  /** Outputs of text lines of messages as they pass, written from the frame itself. */
  textLines: readonly BatchBuilder[];
  /** Gives what writes those of them in which something is hidden. */
  openHiddenText: () => HiddenText;
  /** All other outputs; undefined when there are none, and then nothing is kept of a flow. */
  records: RecordOutputs | undefined;
  /** Of messages as they pass, for outputs that are not plain text; undefined when there are none. */
  messageRecords: MessageRecords | undefined;
  /** Undefined when no output and no filter asks for exchanges. */
  tracker: ExchangeTracker | undefined;
  /** Second of packet time for which waiting flows were looked through. */
  expirySec: number;
  readonly counters: Counters;
  /** By port: 1 when segments from or to it are read; undefined: of all. */
  portTable: Uint8Array | undefined;
  readonly frameFilter: FrameFilter | undefined;
  readonly textColumns: TextColumns;
  readonly snaplenBytes: number;
  /** Also when the host's addresses change. */
  localNetworks: LocalNetworks;
  framesLeft: number;
  readonly frameQuota: Int32Array | undefined;
}
