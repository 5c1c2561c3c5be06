import { createSegment, type Segment } from '../../src/decode/segment.ts';
import { addressBytes, type Endpoint } from '../fixtures/build-packets.ts';

/** A segment from one IPv4 end to the other, as far as the hash of its flow looks at it. */
export function segmentBetween(
  source: Endpoint,
  target: Endpoint,
): { bytes: Uint8Array; segment: Segment } {
  const bytes = Uint8Array.from([...addressBytes(source.address), ...addressBytes(target.address)]);
  const segment = {
    ...createSegment(),
    addressLength: 4,
    sourceAddressOffset: 0,
    targetAddressOffset: 4,
    sourcePort: source.port,
    targetPort: target.port,
  };
  return { bytes, segment };
}
