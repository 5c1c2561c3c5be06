import { RECORD_STEPS_MAX, USUAL_FRAME_BYTES_MAX } from './limits.ts';
import {
  CAPTURED_LENGTH_AT,
  LENGTHS_NORMAL,
  NS_PER_SEC,
  type PcapHeader,
  type RecordWindow,
  SUBSEC_AT,
  WIRE_LENGTH_AT,
} from './pcap-reader.ts';

/** Longer than any usual packet: records in the midst of one, those of a capture in it, do not go on so long. */
export const RECORD_CHAIN_BYTES = 2 * USUAL_FRAME_BYTES_MAX;

export const NO_RECORD = -1;

/** Whether records of such a file can be told from other bytes at all. */
export function hasPlainRecords({ lengthOrder }: PcapHeader): boolean {
  return lengthOrder === LENGTHS_NORMAL;
}

/**
 * Guesses where the first record of a window begins that is opened in the midst of a pcap file: from there on
 * plausible record headers follow each other for RECORD_CHAIN_BYTES, or to the window's end.
 *
 * @returns offset in the window, or NO_RECORD
 */
export function findRecord(window: RecordWindow, header: PcapHeader): number {
  const { position, end } = window;
  const lastStart = Math.min(end, position + USUAL_FRAME_BYTES_MAX);
  let stepsLeft = RECORD_STEPS_MAX;
  for (let start = position; start < lastStart; start++) {
    const chainEnd = Math.min(end, start + RECORD_CHAIN_BYTES);
    let record = start;
    do {
      record = nextRecord(window, header, record);
      stepsLeft--;
    } while (record !== NO_RECORD && record < chainEnd);
    if (record !== NO_RECORD) {
      return start;
    }
    if (stepsLeft <= 0) {
      return NO_RECORD;
    }
  }
  return NO_RECORD;
}

/** Offset of the record behind the one at `record`, or NO_RECORD when that is hardly one; the end is no objection. */
function nextRecord({ view, end }: RecordWindow, header: PcapHeader, record: number): number {
  const { littleEndian, recordHeaderBytes, subsecUnitNs } = header;
  if (record + recordHeaderBytes > end) {
    return end;
  }
  const capturedLength = view.getUint32(record + CAPTURED_LENGTH_AT, littleEndian);
  const wireLength = view.getUint32(record + WIRE_LENGTH_AT, littleEndian);
  const subsecNs = view.getUint32(record + SUBSEC_AT, littleEndian) * subsecUnitNs;
  const isPlausible =
    capturedLength > 0 &&
    capturedLength <= wireLength &&
    wireLength <= USUAL_FRAME_BYTES_MAX &&
    subsecNs < NS_PER_SEC;
  return isPlausible ? record + recordHeaderBytes + capturedLength : NO_RECORD;
}
