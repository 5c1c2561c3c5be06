import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../fixtures/build-packets.ts';
import { linesOf, type TestFrame } from './frame-oracle.ts';
import { plainFrame } from './stacks.ts';

/**
 * Requests of several segments, with `--complete-heads`: whatever happens to the segments on the way, no line
 * is false; and whole lines come where only neighbours changed places or segments came twice.
 */
interface Part {
  from: number;
  to: number;
}

const letters = (max: number) =>
  fc.string({ unit: fc.constantFrom('a', 'B', '7'), maxLength: max });

const heads = fc
  .record({ path: letters(40), cookie: letters(3000), host: letters(20), agent: letters(300) })
  .map(
    ({ path, cookie, host, agent }) =>
      `GET /${path} HTTP/1.1\r\nCookie: ${cookie}\r\n` +
      `Host: h${host}\r\nUser-Agent: u${agent}\r\n\r\n`,
  );

/** The head cut into parts, one to eight of them. */
const cutHeads = fc
  .tuple(heads, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 7 }))
  .map(([head, places]) => {
    // A request is known by its method and the space behind it.
    const cuts = places.map((place) => 4 + Math.floor(place * (head.length - 4)));
    // A segment that begins with an HTTP version is a response's first, by the contract of the log.
    const legal = cuts.filter((cut) => !head.startsWith('HTTP/', cut));
    const edges = [...new Set([0, ...legal, head.length])].sort((a, b) => a - b);
    const parts: Part[] = edges.slice(1).map((to, index) => ({ from: edges[index], to }));
    return { head, parts };
  });

const sequences = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(0, 0xffffffff, 0xfffffff0, 0x7ffffff8),
);

function segmentOf(head: string, { from, to }: Part, sequence: number): TestFrame {
  return plainFrame(bytesOf(head.slice(from, to)), { sequence: (sequence + from) >>> 0 });
}

/** The line of a head that is known up to here. */
const lineOf = (head: string) => linesOf([plainFrame(bytesOf(head))]);

const completed = (frames: readonly TestFrame[]) => linesOf(frames, { isHeadCompleted: true });

describe('a head in several segments', () => {
  test('gives its whole line when all of them come in order', () => {
    fc.assert(
      fc.property(cutHeads, sequences, ({ head, parts }, sequence) => {
        const frames = parts.map((part) => segmentOf(head, part, sequence));
        expect(completed(frames)).toBe(lineOf(head));
      }),
      { numRuns: 100 },
    );
  });

  test('gives its whole line, once, when segments come twice or overlap and neighbours change places', () => {
    const order = fc.array(fc.constantFrom('keep', 'swap', 'double', 'overlap', 'again'), {
      minLength: 8,
      maxLength: 8,
    });
    fc.assert(
      fc.property(cutHeads, order, sequences, ({ head, parts }, changes, sequence) => {
        const sent: Part[] = [];
        // The first segment says that a head begins: it is the one that has to come first.
        for (let index = 0; index < parts.length; index++) {
          const part = parts[index];
          const next = parts[index + 1];
          switch (changes[index]) {
            case 'swap':
              if (index > 0 && next !== undefined) {
                sent.push(next, part);
                index++;
                break;
              }
              sent.push(part);
              break;
            case 'double':
              sent.push(part, part);
              break;
            case 'overlap':
              sent.push({ from: Math.floor(part.from / 2), to: part.to });
              break;
            case 'again':
              sent.push(part, parts[0]);
              break;
            default:
              sent.push(part);
          }
        }
        const first = sent.findIndex(({ from }) => from === 0);
        const frames = sent.slice(first).map((part) => segmentOf(head, part, sequence));
        expect(completed(frames)).toBe(lineOf(head));
      }),
      { numRuns: 100 },
    );
  });

  test('gives the line of what is known without a gap when segments are lost', () => {
    fc.assert(
      fc.property(
        cutHeads,
        fc.array(fc.nat({ max: 8 }), { maxLength: 12 }),
        sequences,
        ({ head, parts }, picks, sequence) => {
          const sent = picks.map((pick) => parts[pick % parts.length]);
          const frames = sent.map((part) => segmentOf(head, part, sequence));
          const legal = ['', ...parts.map(({ to }) => lineOf(head.slice(0, to)))];
          expect(legal).toContain(completed(frames));
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('several requests of one connection', () => {
  test('give each its line when each has come in order', () => {
    const flow = fc.array(cutHeads, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(flow, sequences, (requests, sequence) => {
        let next = sequence;
        const frames: TestFrame[] = [];
        for (const { head, parts } of requests) {
          frames.push(...parts.map((part) => segmentOf(head, part, next)));
          next = (next + head.length) >>> 0;
        }
        expect(completed(frames)).toBe(requests.map(({ head }) => lineOf(head)).join(''));
      }),
      { numRuns: 60 },
    );
  });

  test('give no line for what stands in a cookie or a body, wherever the segments are cut', () => {
    const lure = 'GET /false HTTP/1.1';
    const isChunked = fc.boolean();
    fc.assert(
      fc.property(fc.nat({ max: 6 }), isChunked, sequences, (copies, chunked, sequence) => {
        const body = `${lure}\r\n\r\n`.repeat(copies);
        const head = `POST /true HTTP/1.1\r\nCookie: ${lure.repeat(copies)}\r\n`;
        const length = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
        const text = `${head}${length}\r\n\r\n${body}`;
        const headEnd = text.length - body.length;
        for (let cut = 5; cut < headEnd; cut += 11) {
          const parts = [
            { from: 0, to: cut },
            { from: cut, to: text.length },
          ];
          const lines = completed(parts.map((part) => segmentOf(text, part, sequence)));
          expect(lines).toMatch(/^\S+ \S+ \S+ \S+ CQ POST \/true HTTP\/1\.1 - -\n$/);
        }
      }),
      { numRuns: 15 },
    );
  });
});

describe('segments of many flows in any order', () => {
  test('never give an exception, nor more lines than requests', () => {
    const event = fc.record({
      request: fc.nat({ max: 5 }),
      part: fc.nat({ max: 8 }),
      port: fc.integer({ min: 1, max: 400 }),
      isLate: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(cutHeads, { minLength: 6, maxLength: 6 }),
        fc.array(event, { maxLength: 500 }),
        (requests, events) => {
          let timestampSec = 1_567_347_411;
          const begun = new Set<string>();
          const frames = events.map(({ request, part, port, isLate }) => {
            timestampSec += isLate ? 1 : 0;
            const { head, parts } = requests[request];
            const { from, to } = parts[part % parts.length];
            if (from === 0) {
              begun.add(`${port} ${request}`);
            }
            const payload = bytesOf(head.slice(from, to));
            const sequence = request * 100_000 + from;
            return { ...plainFrame(payload, { sequence, sourcePort: port }), timestampSec };
          });
          const lines = completed(frames).split('\n').length - 1;
          expect(lines).toBeLessThanOrEqual(begun.size);
        },
      ),
      { numRuns: 40 },
    );
  });
});
