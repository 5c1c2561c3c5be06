import { VLAN_TAGS_MAX } from '../limits.ts';
import type { Ends } from '../record/ends.ts';
import type { Exchange } from '../record/exchange.ts';
import type { RecordFormat, RecordFormatOptions } from './record-format.ts';
import { textLineBytesMax, writeTextLine } from './text-line.ts';
import { createTimestampText, setSecond } from './timestamp.ts';

/**
 * The text line for records of single messages, whose values may have been redacted. Lines of messages as
 * they passed are written from the frame itself, which costs less.
 */
export function createTextFormat(options: RecordFormatOptions): RecordFormat {
  const { textColumns } = options;
  const ends = createEnds();
  const timestamp = createTimestampText(options.utcOffset);
  return {
    linesPerRecord: 1,
    fileHeader: undefined,
    bytesMax: (exchange) => textLineBytesMax(messageOf(exchange)),
    write(target, at, exchange) {
      const { timestampSubsecNs, bytes, type } = exchange;
      setEnds(ends, exchange);
      setSecond(timestamp, exchange.timestampSec);
      const message = messageOf(exchange);
      return writeTextLine(
        target,
        at,
        timestampSubsecNs,
        bytes,
        ends,
        message,
        type,
        timestamp,
        textColumns,
      );
    },
  };
}

function createEnds(): Ends {
  return {
    addressLength: 4,
    sourceAddressOffset: 0,
    targetAddressOffset: 0,
    sourcePort: 0,
    targetPort: 0,
    vlanTagsCount: 0,
    vlanIds: new Uint16Array(VLAN_TAGS_MAX),
  };
}

function setEnds(ends: Ends, exchange: Exchange): void {
  const { hasRequest, clientAddressOffset, serverAddressOffset } = exchange;
  ends.addressLength = exchange.addressLength;
  ends.sourceAddressOffset = hasRequest ? clientAddressOffset : serverAddressOffset;
  ends.targetAddressOffset = hasRequest ? serverAddressOffset : clientAddressOffset;
  ends.sourcePort = hasRequest ? exchange.clientPort : exchange.serverPort;
  ends.targetPort = hasRequest ? exchange.serverPort : exchange.clientPort;
  ends.vlanTagsCount = exchange.vlanTagsCount;
  ends.vlanIds.set(exchange.vlanIds);
}

function messageOf({ hasRequest, request, response }: Exchange): Exchange['request'] {
  return hasRequest ? request : response;
}
