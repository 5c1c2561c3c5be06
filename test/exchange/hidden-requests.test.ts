import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TestFrame } from '../fuzz/frame-oracle.ts';
import { frame, get, SYN, sent } from '../worker/sent-segments.ts';
import { runExchanges } from './run-exchanges.ts';

/** What `test/worker/hidden-messages.test.ts` holds of lines, of exchanges. */

async function targetsOf(frames: readonly TestFrame[]): Promise<(string | undefined)[]> {
  const captured = frames.map(({ bytes, timestampSec }) => ({ bytes, sec: timestampSec ?? 0 }));
  const { lines } = await runExchanges(captured, { isHeadCompleted: true });
  return lines.map(({ target }) => target);
}

describe('no request can be hidden from exchanges', () => {
  it('whatever a sender sends, of all that begins a request every other one has an exchange', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(sent, { maxLength: 24 }), async (segments) => {
        const targets = await targetsOf(segments.map(frame));
        const asked = segments
          .filter(({ text }) => text !== '')
          .map(({ text }) => text.split(' ')[1]);
        expect(new Set(targets)).toEqual(new Set(asked));
      }),
      { numRuns: 40, seed: 20190901 },
    );
  });

  it('one whose numbers are within the head of another', async () => {
    const frames = [
      frame({ text: '', sequence: 0, flags: SYN }),
      frame({ text: get('/decoy', `X: ${'x'.repeat(200)}\r\n`), sequence: 1 }),
      frame({ text: get('/real'), sequence: 41 }),
    ];
    expect((await targetsOf(frames)).sort()).toEqual(['/decoy', '/real']);
  });
});
