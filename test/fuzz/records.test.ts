import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createFrame, FILL_END } from '../../src/capture/frame.ts';
import { openCapture } from '../../src/capture/open-capture.ts';
import { FORMAT_NAMES } from '../../src/format/format-table.ts';
import type { OutputSettings } from '../../src/output/output-settings.ts';
import { BUILT_IN_PATTERNS, REDACTION_DEFAULTS } from '../../src/redact/redaction-settings.ts';
import { createRandom } from '../decode/seeded-random.ts';
import { run, type SourceFrame } from '../worker/pipeline-parts.ts';

/** Every format but the template at once, and json of messages, over captures that were damaged in many ways. */
const PCAPS = fileURLToPath(new URL('../fixtures/pcaps/', import.meta.url));
const ROUNDS = 4;
const FRAMES_MAX = 300;
const JSON_FORMATS = ['json', 'ecs', 'otel'];

const outputs: OutputSettings[] = FORMAT_NAMES.filter(
  (format) => format !== 'text' && format !== 'template',
).map((format) => ({ format, template: undefined, records: 'exchanges', isSplitByType: false }));
const messages: OutputSettings = { ...outputs[0], format: 'json', records: 'messages' };

async function readFrames(path: string): Promise<SourceFrame[]> {
  const source = await openCapture(path);
  const frame = createFrame();
  const frames: SourceFrame[] = [];
  while (frames.length < FRAMES_MAX && (await source.fill()) !== FILL_END) {
    while (frames.length < FRAMES_MAX && source.next(frame)) {
      const { timestampSec: sec, timestampSubsecNs: subsecNs, linkType, wireLength } = frame;
      const bytes = frame.bytes.slice(frame.offset, frame.end);
      frames.push({ bytes, sec, subsecNs, linkType, wireLength });
    }
  }
  source.close();
  return frames;
}

/** Drops, doubles, swaps, cuts and changes frames, and sets clocks back and forth. */
function damage(frames: readonly SourceFrame[], random: (below: number) => number): SourceFrame[] {
  return frames.flatMap((frame, index) => {
    const bytes = frame.bytes.slice();
    switch (random(20)) {
      case 0:
        return [];
      case 1:
        return [frame, frame];
      case 2:
        return [frames[Math.min(index + 1, frames.length - 1)], frame];
      case 3:
        return [{ ...frame, bytes: bytes.subarray(0, random(bytes.length + 1)) }];
      case 4:
        return [{ ...frame, sec: (frame.sec ?? 0) + random(2000) - 1000 }];
      case 5:
      case 6:
      case 7:
        bytes[random(Math.max(bytes.length, 1))] = random(256);
        return [{ ...frame, bytes }];
      default:
        return [frame];
    }
  });
}

describe('records of damaged captures', () => {
  const names = readdirSync(PCAPS).filter((name) => /\.(pcap|pcapng)$/.test(name));

  it.each(names)('%s: every line can be read, and no duration is negative', async (name) => {
    const frames = await readFrames(`${PCAPS}${name}`).catch(() => []);
    const random = createRandom(name.length);
    for (let round = 0; round < ROUNDS; round++) {
      const { sink } = await run(round === 0 ? frames : damage(frames, random), {
        settings: {
          outputs: [...outputs, messages],
          headerNames: ['cookie'],
          isHeadCompleted: round % 2 === 0,
          redaction: { ...REDACTION_DEFAULTS, patterns: BUILT_IN_PATTERNS },
        },
      });
      for (const { lines, output } of sink.batches) {
        const format = output === outputs.length ? 'json' : outputs[output].format;
        const records = JSON_FORMATS.includes(format) ? lines.map((line) => JSON.parse(line)) : [];
        const durations = records.flatMap((record) =>
          Object.entries(record).filter(([key]) => key.endsWith('_ms')),
        );
        expect(durations.filter(([, value]) => !(Number(value) >= 0))).toEqual([]);
        expect(lines.every((line) => line.length > 0)).toBe(true);
      }
    }
  });
});
