import { copyBytes } from '../bytes.ts';
import type { Frame } from '../capture/frame.ts';
import type { Segment } from '../decode/segment.ts';
import { type HttpMessage, MESSAGE_REQUEST } from '../http/message.ts';
import { HEAD_BYTES_MAX } from '../limits.ts';
import { UNKNOWN } from '../record/exchange.ts';
import { createMessage, type Message, openMessage } from '../record/message.ts';
import type { MessageType } from '../record/message-type.ts';
import { packMessage, unpackMessage } from '../record/pack-message.ts';
import type { AddressLength } from '../record/record.ts';
import { splitRequestLine, splitStatusLine } from '../record/start-line.ts';
import { writeUuid } from '../record/uuid.ts';
import { createFlowKey, type FlowKey, setFlowKey } from './flow-key.ts';
import { REDACTION_BYTES_MAX } from './limits.ts';
import { clearTranslatedEnds } from './nat-record.ts';
import { clearClients } from './proxy-record.ts';

/** Makes records of single messages, for outputs that show messages and not exchanges. */
export interface MessageRecords {
  /** Filled anew by each `loadMessage`; its bytes are its own, with room for what redaction makes. */
  readonly record: Message;
  readonly key: FlowKey;
  readonly seed: number;
}

const ADDRESS_BYTES = 16;
/** What stands beside a head: six addresses and the lengths of its fields, generously. */
const BESIDE_HEAD_BYTES_MAX = 1024;

/**
 * @param fieldsCount slots of the field tables that messages are scanned with
 * @param seed of the hash of flows, see `createFlowTable`
 */
export function createMessageRecords(fieldsCount: number, seed: number): MessageRecords {
  const record = createMessage(fieldsCount);
  record.bytes = new Uint8Array(BESIDE_HEAD_BYTES_MAX + HEAD_BYTES_MAX + REDACTION_BYTES_MAX);
  return { record, key: createFlowKey(), seed };
}

/** Makes the record that of a message, scanned with the record's field tables. */
export function loadMessage(
  records: MessageRecords,
  frame: Frame,
  segment: Segment,
  message: HttpMessage,
  type: MessageType,
): Message {
  const { record, key } = records;
  const isRequest = message.kind === MESSAGE_REQUEST;
  const addressLength = segment.addressLength as AddressLength;
  const { client, server, wire } = record;
  setFlowKey(key, frame.bytes, segment, records.seed);
  openMessage(record, type, isRequest);
  clearClients(record);
  clearTranslatedEnds(record);
  record.timestampSec = frame.timestampSec;
  record.timestampSubsecNs = frame.timestampSubsecNs;
  record.connectionHash = key.hash >>> 0;
  client.addressLength = addressLength;
  server.addressLength = addressLength;
  client.port = isRequest ? segment.sourcePort : segment.targetPort;
  server.port = isRequest ? segment.targetPort : segment.sourcePort;
  wire.vlanTagsCount = segment.vlanTagsCount;
  wire.vlanIds.set(segment.vlanIds);
  // Offset 0 stands for an absent value: nothing begins there.
  const sourceAt = ADDRESS_BYTES;
  const targetAt = sourceAt + ADDRESS_BYTES;
  const { sourceAddressOffset, targetAddressOffset } = segment;
  const sourceEnd = sourceAddressOffset + addressLength;
  const targetEnd = targetAddressOffset + addressLength;
  copyBytes(record.bytes, sourceAt, frame.bytes, sourceAddressOffset, sourceEnd);
  copyBytes(record.bytes, targetAt, frame.bytes, targetAddressOffset, targetEnd);
  client.addressOffset = isRequest ? sourceAt : targetAt;
  server.addressOffset = isRequest ? targetAt : sourceAt;
  const messageAt = targetAt + ADDRESS_BYTES;
  const part = isRequest ? record.request : record.response;
  record.bytesEnd = packMessage(record.bytes, messageAt, frame.bytes, message);
  unpackMessage(record.bytes, messageAt, part);
  setHead(
    record,
    isRequest,
    message.headEnd === 0 ? UNKNOWN : message.headEnd - segment.payloadOffset,
  );
  writeUuid(
    record.id,
    record.timestampSec,
    record.timestampSubsecNs,
    key.hash,
    segment.sequenceNumber,
  );
  return record;
}

function setHead(record: Message, isRequest: boolean, headBytes: number): void {
  if (isRequest) {
    record.requestHeadBytes = headBytes;
    splitRequestLine(record);
  } else {
    record.responseHeadBytes = headBytes;
    splitStatusLine(record);
  }
}
