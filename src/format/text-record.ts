import { createFrame } from '../capture/frame.ts';
import { createSegment } from '../decode/segment.ts';
import type { Exchange } from '../record/exchange.ts';
import type { RecordFormat, RecordFormatOptions } from './record-format.ts';
import { textLineBytesMax, writeTextLine } from './text-line.ts';
import { createTimestampText, setSecond } from './timestamp.ts';

/**
 * The ancestor's line for records of single messages, whose values may have been redacted. Lines of messages
 * as they passed are written from the frame itself, which costs less.
 *
 * @param hasVlan lines of tagged frames end with their VLAN ids
 */
export function createTextFormat(options: RecordFormatOptions, hasVlan: boolean): RecordFormat {
  const frame = createFrame();
  const segment = createSegment();
  const timestamp = createTimestampText(options.utcOffset);
  return {
    linesPerRecord: 1,
    fileHeader: undefined,
    bytesMax: (exchange) => textLineBytesMax(messageOf(exchange)),
    write(target, at, exchange) {
      const { hasRequest, clientAddressOffset, serverAddressOffset } = exchange;
      frame.bytes = exchange.bytes;
      frame.timestampSec = exchange.timestampSec;
      frame.timestampSubsecNs = exchange.timestampSubsecNs;
      segment.addressLength = exchange.addressLength;
      segment.sourceAddressOffset = hasRequest ? clientAddressOffset : serverAddressOffset;
      segment.targetAddressOffset = hasRequest ? serverAddressOffset : clientAddressOffset;
      segment.sourcePort = hasRequest ? exchange.clientPort : exchange.serverPort;
      segment.targetPort = hasRequest ? exchange.serverPort : exchange.clientPort;
      segment.vlanTagsCount = exchange.vlanTagsCount;
      segment.vlanIds.set(exchange.vlanIds);
      setSecond(timestamp, exchange.timestampSec);
      const message = messageOf(exchange);
      return writeTextLine(target, at, frame, segment, message, exchange.type, timestamp, hasVlan);
    },
  };
}

function messageOf({ hasRequest, request, response }: Exchange): Exchange['request'] {
  return hasRequest ? request : response;
}
