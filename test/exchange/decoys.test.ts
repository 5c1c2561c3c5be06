import { describe, expect, it } from 'vitest';
import { asCaptured } from './conversation.ts';
import { readSegments } from './read-case.ts';
import { requestId, runExchanges } from './run-exchanges.ts';

/**
 * A client that sends, in the place of each of its requests in turn, something else that the server does not receive:
 * every request that the server has answered is in a record, and none is paired with another's response.
 */

const HEAD_BEGUN = '"POST /decoy HTTP/1.1\\r\\nContent-Length: 1000000\\r\\n"';
const HEAD_BEGUN_BYTES = 47;
const DECOYS: Readonly<Record<string, string>> = {
  'a response': '200 decoy',
  'a response with a length': '200 decoy length 1000000',
  'a response without an end': '200 decoy until close',
  'a request': 'GET decoy',
  'a request with a length': 'POST decoy length 1000000',
  'a request with a length past 1 GiB': 'POST decoy length 3000000000',
  'a chunked request': 'POST decoy chunked',
  'the beginning of a head': HEAD_BEGUN,
};
const REQUESTS = ['a', 'b', 'c', 'd'];

/** @param place of the request that the decoy stands for */
function conversation(decoy: string, place: number, isFirst: boolean, hasBeginning: boolean) {
  const lines = REQUESTS.flatMap((id, index) => {
    const isDecoyed = index === place;
    const at = index === 0 ? 'seq +0' : `seq behind ${REQUESTS[index - 1]}`;
    const request = `-> GET ${id} (${at})`;
    const beside = `-> ${decoy} (${index === 0 && !isFirst ? 'seq before a' : at})`;
    const asked = !isDecoyed ? [request] : isFirst ? [beside, request] : [request, beside];
    return [...asked, `<- 200 ${id} length 5 + body 5 (ack behind ${id})`];
  });
  if (place === 0 && isFirst) {
    // Both begin where the connection does.
    lines[1] = `-> GET a (seq ${decoy === HEAD_BEGUN ? -HEAD_BEGUN_BYTES : 'before decoy'})`;
  }
  return [...(hasBeginning ? ['open'] : []), ...lines].join('\n');
}

describe.each(Object.entries(DECOYS))('%s in the place of a request', (_name, decoy) => {
  it.each([
    ['before it', true, true],
    ['behind it', false, true],
    ['before it, in a connection older than the capture', true, false],
    ['behind it, in a connection older than the capture', false, false],
  ])('%s hides none', async (_where, isFirst, hasBeginning) => {
    for (let place = 0; place < REQUESTS.length; place++) {
      const block = conversation(decoy, place, isFirst, hasBeginning);
      const { lines } = await runExchanges(asCaptured(readSegments(block)), {
        isHeadCompleted: true,
      });
      const asked = lines.map(requestId).filter((id) => id !== undefined && id !== 'decoy');
      expect(asked.toSorted(), block).toEqual(REQUESTS);
      for (const line of lines.filter(({ complete }) => complete)) {
        expect(line.response_headers?.['x-id'], block).toBe(requestId(line));
      }
      // Without the beginning a client that seems to send ahead has no pairs at all.
      const complete = lines.filter((line) => line.complete);
      expect(complete.length, block).toBeGreaterThanOrEqual(hasBeginning ? REQUESTS.length - 2 : 0);
    }
  });
});
