import type { Message } from '../record/message.ts';
import type { End } from '../record/record.ts';
import { writeEndpoint } from './address.ts';
import { paintTextLines } from './paint-text.ts';
import type { RecordFormat, RecordFormatOptions, RecordWriter } from './record-format.ts';
import { textLineBytesMax, writeAddedColumns, writeMessageText } from './text-line.ts';
import { createTimestampText, setSecond, writeTimestamp } from './timestamp.ts';

const BYTE_LF = 0x0a;
const BYTE_SPACE = 0x20;
const BYTE_DASH = 0x2d;

/**
 * The text line for records of single messages, whose values may have been redacted. Lines of messages as
 * they passed are written from the frame itself, which costs less.
 */
export const TEXT_FORMAT: RecordFormat = {
  suffix: 'log',
  hasHeaderFields: false,
  writers: { message: createTextWriter },
  paint: paintTextLines,
};

export function createTextWriter(options: RecordFormatOptions): RecordWriter<Message> {
  const timestamp = createTimestampText(options.utcOffset);
  return {
    linesPerRecord: 1,
    bytesMax: (message) => textLineBytesMax(headOf(message)),
    write(target, at, message) {
      const { bytes, client, server, hasRequest, wire } = message;
      setSecond(timestamp, message.timestampSec);
      at = writeTimestamp(target, at, timestamp, message.timestampSubsecNs);
      at = writeEnd(target, at, bytes, hasRequest ? client : server);
      at = writeEnd(target, at, bytes, hasRequest ? server : client);
      at = writeMessageText(target, at, bytes, headOf(message), message.type);
      at = writeAddedColumns(target, at, wire, options.textColumns);
      target[at++] = BYTE_LF;
      return at;
    },
  };
}

/** Writes ` ADDRESS#PORT`, or ` -` for an end without an address. */
function writeEnd(target: Uint8Array, at: number, bytes: Uint8Array, end: End): number {
  const { addressOffset, addressLength, port } = end;
  target[at++] = BYTE_SPACE;
  if (addressLength === 0) {
    target[at++] = BYTE_DASH;
    return at;
  }
  return writeEndpoint(target, at, bytes, addressOffset, addressLength, port);
}

function headOf({ hasRequest, request, response }: Message): Message['request'] {
  return hasRequest ? request : response;
}
