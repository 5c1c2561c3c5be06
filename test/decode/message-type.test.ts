import { describe, expect, it } from 'vitest';
import { createLocalNetworks } from '../../src/decode/local-networks.ts';
import { messageType } from '../../src/decode/message-type.ts';
import { createSegment } from '../../src/decode/segment.ts';
import { LINE_STREAM_NAMES } from '../../src/format/line-batch.ts';
import {
  createHttpMessage,
  MESSAGE_REQUEST,
  MESSAGE_RESPONSE,
  type MessageKind,
} from '../../src/http/message.ts';
import { TYPE_CQ, TYPE_CR, TYPE_SQ, TYPE_SR, TYPES_COUNT } from '../../src/record/message-type.ts';
import { addressBytes } from '../fixtures/build-packets.ts';

const TYPE_NAMES = LINE_STREAM_NAMES;

/** The type of a message from `source` to `target` on a host with the addresses `local`. */
function typeOf(kind: MessageKind, source: string, target: string, local: string[]): string {
  const addresses = [addressBytes(source), addressBytes(target)];
  const addressLength = addresses[0].length;
  const segment = {
    ...createSegment(),
    addressLength,
    sourceAddressOffset: 3,
    targetAddressOffset: 3 + addressLength,
  };
  const networks = createLocalNetworks(
    local.map((text) => {
      const address = Uint8Array.from(addressBytes(text));
      return { address, prefixBits: address.length * 8 };
    }),
  );
  const bytes = Uint8Array.from([0, 0, 0, ...addresses.flat()]);
  return TYPE_NAMES[messageType(bytes, { ...createHttpMessage(), kind }, segment, networks)];
}

describe.each([
  ['IPv4', '192.0.2.1', '198.51.100.1'],
  ['IPv6', '2001:db8::1', '2001:db8::2'],
])('messageType: %s', (_name, client, server) => {
  it.each([
    ['the server is local', [server], 'CQ', 'CR'],
    ['the client is local', [client], 'SQ', 'SR'],
    ['both ends are local', [client, server], 'CQ', 'CR'],
    ['neither end is local', [], 'CQ', 'CR'],
    ['other addresses are local', ['203.0.113.9', '2001:db8::9'], 'CQ', 'CR'],
  ])('%s', (_case, local, request, response) => {
    expect(typeOf(MESSAGE_REQUEST, client, server, local)).toBe(request);
    expect(typeOf(MESSAGE_RESPONSE, server, client, local)).toBe(response);
  });
});

describe('message types', () => {
  it('run from 1, as the log streams are numbered', () => {
    const types = [TYPE_CQ, TYPE_CR, TYPE_SQ, TYPE_SR];
    expect(types).toEqual([1, 2, 3, 4]);
    expect(types.map((type) => TYPE_NAMES[type])).toEqual(['CQ', 'CR', 'SQ', 'SR']);
    expect(TYPES_COUNT).toBe(types.length);
  });
});
