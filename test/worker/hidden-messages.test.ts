import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameOf, responsePacket } from '../fixtures/build-captures.ts';
import { linesOf, type TestFrame } from '../fuzz/frame-oracle.ts';
import { frame, get, SYN, sent } from './sent-segments.ts';

function pathsOf(frames: readonly TestFrame[], isHeadCompleted: boolean): string[] {
  const lines = linesOf(frames, { isHeadCompleted }).split('\n').slice(0, -1);
  return lines.map((line) => line.split(' ')[6]);
}

describe.each([
  ['text lines', false],
  ['--complete-heads', true],
])('no request can be hidden: %s', (_name, isHeadCompleted) => {
  it('whatever a sender sends, of all that begins a message every other one has a line', () => {
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 24 }), (segments) => {
        const paths = pathsOf(segments.map(frame), isHeadCompleted);
        const asked = segments
          .filter(({ text }) => text !== '')
          .map(({ text }) => text.split(' ')[1]);
        expect(new Set(paths)).toEqual(new Set(asked));
      }),
      { numRuns: 60, seed: 20190901 },
    );
  });

  it('a decoy that claims a long body takes no request out of the log', () => {
    const claims = `POST /decoy HTTP/1.1\r\nContent-Length: 100000\r\n\r\n`;
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 8 }),
        (decoys) => {
          const frames: TestFrame[] = [frame({ text: '', sequence: 0, flags: SYN })];
          let sequence = 1;
          const asked: string[] = [];
          decoys.forEach((decoy, index) => {
            const path = `/real/${index}`;
            const text = get(path);
            asked.push(path);
            // At the request's own number before or behind it, or where the connection has long been.
            if (decoy === 1 || decoy === 3) {
              frames.push(frame({ text: claims, sequence }));
            }
            frames.push(frame({ text, sequence }));
            if (decoy === 2) {
              frames.push(frame({ text: claims, sequence }));
            }
            if (decoy === 3) {
              frames.push(frame({ text: claims, sequence: (sequence - claims.length) >>> 0 }));
            }
            sequence += text.length;
          });
          expect(pathsOf(frames, isHeadCompleted)).toEqual(expect.arrayContaining(asked));
        },
      ),
      { numRuns: 60, seed: 20190901 },
    );
  });

  it('a device with a constant initial sequence number: every connection has its lines', () => {
    const connection = (second: number) => [
      frame({ text: '', sequence: 0, flags: SYN, second }),
      frame({ text: get('/reading'), sequence: 1, second }),
      {
        ...frame({ text: '', sequence: 0, second }),
        bytes: frameOf(responsePacket(0, 'HTTP/1.1 204 No Content\r\n\r\n')),
      },
    ];
    const paths = pathsOf([0, 0, 1, 60].flatMap(connection), isHeadCompleted);
    expect(paths.filter((path) => path === '/reading')).toHaveLength(4);
  });

  it('captured again within its connection a SYN begins none', () => {
    const frames = [
      frame({ text: '', sequence: 0, flags: SYN }),
      frame({ text: get('/a'), sequence: 1 }),
      frame({ text: '', sequence: 0, flags: SYN }),
      frame({ text: get('/a'), sequence: 1 }),
    ];
    expect(pathsOf(frames, isHeadCompleted)).toEqual(['/a']);
  });
});

describe('--complete-heads', () => {
  it('other bytes under the numbers of a head that is held are another message', () => {
    const [decoy, real] = [get('/decoy'), get('/real/1')];
    const frames = [
      frame({ text: decoy.slice(0, 20), sequence: 1 }),
      frame({ text: real.slice(0, 25), sequence: 1 }),
      frame({ text: real.slice(25), sequence: 26 }),
    ];
    expect(pathsOf(frames, true)).toEqual(['/decoy', '/real/1']);
  });
});
