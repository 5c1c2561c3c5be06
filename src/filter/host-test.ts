import { isSameText } from '../bytes.ts';
import { FIELD_HOST } from '../http/grammar.ts';
import { isEqualIgnoringCase, lowerAsciiBytes } from './equal-bytes.ts';
import type { HostRule } from './filter-settings.ts';
import type { ExchangeTest } from './list-test.ts';

const BYTE_0 = 0x30;
const BYTE_9 = 0x39;
const BYTE_COLON = 0x3a;

/** A request without a Host field, or a response alone, is for no host that anybody named. */
export function createHostTest(rule: HostRule): ExchangeTest {
  const host = lowerAsciiBytes(rule.isSuffix ? `.${rule.host}` : rule.host);
  const port = new Uint8Array(Buffer.from(rule.port, 'latin1'));
  return (exchange) => {
    const { bytes, request } = exchange;
    const offset = request.fieldOffsets[FIELD_HOST];
    if (!exchange.hasRequest || offset === 0) {
      return false;
    }
    const end = request.fieldEnds[FIELD_HOST];
    const hostEnd = findHostEnd(bytes, offset, end);
    if (port.length > 0 && !isSameText(bytes, Math.min(hostEnd + 1, end), end, port)) {
      return false;
    }
    // A suffix is the end of a longer name: something stands before its dot.
    const hostOffset = rule.isSuffix ? hostEnd - host.length : offset;
    return (
      hostOffset >= offset + (rule.isSuffix ? 1 : 0) &&
      isEqualIgnoringCase(bytes, hostOffset, hostEnd, host)
    );
  };
}

/** Where the port's colon stands, or the end. The colons of an IPv6 address are not followed by digits only. */
function findHostEnd(bytes: Uint8Array, offset: number, end: number): number {
  let at = end;
  while (at > offset && bytes[at - 1] >= BYTE_0 && bytes[at - 1] <= BYTE_9) {
    at--;
  }
  return at > offset && bytes[at - 1] === BYTE_COLON ? at - 1 : end;
}
