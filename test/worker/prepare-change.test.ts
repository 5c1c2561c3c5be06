/** A pipeline that is told new filters, redaction and ports between two frames. */
import { describe, expect, it } from 'vitest';
import {
  COUNTER_EXCHANGES_FILTERED,
  COUNTER_LINES,
  COUNTER_REDACTIONS_FIRST,
} from '../../src/counters/counter-table.ts';
import { FILTER_EMPTY, type FilterSettings } from '../../src/filter/filter-settings.ts';
import type { OutputSettings } from '../../src/output/output-settings.ts';
import { REDACTION_DEFAULTS } from '../../src/redact/redaction-settings.ts';
import { endPipeline, runPipeline } from '../../src/worker/pipeline.ts';
import {
  createPipelineOptions,
  type PipelineSettings,
} from '../../src/worker/pipeline-settings.ts';
import { prepareChange } from '../../src/worker/prepare-change.ts';
import { frameOf, request, requestPacket, responsePacket } from '../fixtures/build-captures.ts';
import {
  FrameListSource,
  messageOf,
  pipelineOf,
  type SourceFrame,
  settingsOf,
  TEXT_OUTPUT,
} from './pipeline-parts.ts';

const EXCHANGES: OutputSettings = {
  ...TEXT_OUTPUT,
  format: 'template',
  template: '{target} {status} {incomplete}',
  records: 'exchanges',
};
const REDACT_QUERY = { ...REDACTION_DEFAULTS, query: { default: 'redact' as const, byName: [] } };
const START = 1000;

/** Requests of a connection each, whose responses follow their numbers. */
function asking(index: number, path = `/${index}?k=secret`): SourceFrame {
  const text = request(`GET ${path} HTTP/1.1`, 'Host: a.example');
  const fields = { sequence: START, acknowledgment: 5000 };
  return { bytes: frameOf(requestPacket(index, text, fields)) };
}

function answering(index: number, status: number, path = `/${index}?k=secret`): SourceFrame {
  const text = request(`HTTP/1.1 ${status} Fine`, 'Content-Length: 0');
  const asked = request(`GET ${path} HTTP/1.1`, 'Host: a.example').length;
  const fields = { sequence: 5000, acknowledgment: START + asked };
  return { bytes: frameOf(responsePacket(index, text, fields)) };
}

const statusFilter = (first: number, last: number): FilterSettings => ({
  ...FILTER_EMPTY,
  statuses: [{ first, last, isNegated: false }],
});

type Step = readonly SourceFrame[] | Partial<PipelineSettings>;

/** Runs frames through one pipeline, which is changed in between. */
async function runSteps(atStart: Partial<PipelineSettings>, steps: readonly Step[]) {
  const { pipeline, sink, counters } = await pipelineOf({ settings: atStart });
  const settings = { ...atStart };
  for (const step of steps) {
    if (Array.isArray(step)) {
      const source = new FrameListSource(step as SourceFrame[]);
      source.fillNow();
      runPipeline(pipeline, source);
    } else {
      Object.assign(settings, step);
      const options = await createPipelineOptions(settingsOf(settings), undefined);
      prepareChange(pipeline, options)();
    }
  }
  endPipeline(pipeline);
  expect(counters[COUNTER_LINES]).toBe(sink.lines.length);
  return { lines: sink.lines, counters, pipeline };
}

/** Start lines of text lines, with their types. */
const startLines = (lines: readonly string[]) =>
  lines.map((line) => messageOf(line).split(' ').slice(0, 3).join(' '));

describe('an output of exchanges', () => {
  it('goes on with those that are open, which are judged and redacted by what holds at their end', async () => {
    const { lines, counters } = await runSteps({ outputs: [EXCHANGES] }, [
      [asking(0), answering(0, 200), asking(1), asking(2)],
      { filter: statusFilter(500, 599), redaction: REDACT_QUERY },
      [answering(1, 500), answering(2, 200), asking(3)],
      { filter: FILTER_EMPTY, redaction: REDACTION_DEFAULTS },
      [answering(3, 201)],
    ]);
    expect(lines).toEqual(['/0?k=secret 200 -', '/1?k=REDACTED 500 -', '/3?k=secret 201 -']);
    expect(counters[COUNTER_EXCHANGES_FILTERED]).toBe(1);
  });
});

describe('text lines of messages', () => {
  it('are chosen from the change on, and written as they pass after the next one', async () => {
    const { lines, pipeline } = await runSteps({ outputs: [TEXT_OUTPUT] }, [
      [asking(0), answering(0, 200)],
      { filter: statusFilter(500, 599), isHeadCompleted: true },
      [asking(1), answering(1, 200), asking(2), answering(2, 500)],
      { filter: FILTER_EMPTY, isHeadCompleted: false },
      [asking(3), answering(3, 200)],
    ]);
    expect(startLines(lines)).toEqual([
      'CQ GET /0?k=secret',
      'CR HTTP/1.1 200',
      'CQ GET /2?k=secret',
      'CR HTTP/1.1 500',
      'CQ GET /3?k=secret',
      'CR HTTP/1.1 200',
    ]);
    expect(pipeline.tracker).toBeUndefined();
    expect(pipeline.records).toBeUndefined();
  });

  it('are written once when the filter goes in the middle of an exchange, or comes', async () => {
    const sampled = { ...FILTER_EMPTY, sampleOneIn: 1 };
    const { lines } = await runSteps({ outputs: [TEXT_OUTPUT] }, [
      [asking(0)],
      { filter: sampled },
      [answering(0, 200), asking(1)],
      { filter: FILTER_EMPTY },
      [answering(1, 201)],
    ]);
    expect(startLines(lines).sort()).toEqual([
      'CQ GET /0?k=secret',
      'CQ GET /1?k=secret',
      'CR HTTP/1.1 200',
      'CR HTTP/1.1 201',
    ]);
  });

  it('are redacted from the change on, and a retransmission over it is one message', async () => {
    const { lines } = await runSteps({ outputs: [TEXT_OUTPUT] }, [
      [asking(0)],
      { redaction: REDACT_QUERY },
      [asking(0), asking(1)],
      { redaction: REDACTION_DEFAULTS },
      [asking(1), asking(2)],
    ]);
    expect(startLines(lines)).toEqual([
      'CQ GET /0?k=secret',
      'CQ GET /1?k=REDACTED',
      'CQ GET /2?k=secret',
    ]);
  });

  it('of a head that is held are written when heads are put together no longer', async () => {
    const half = 'GET /half HTTP/1.1\r\nHost: half.example\r\nX-Rest: ';
    const frame = { bytes: frameOf(requestPacket(0, half, { sequence: START })) };
    const { lines } = await runSteps({ outputs: [TEXT_OUTPUT], isHeadCompleted: true }, [
      [frame],
      { isHeadCompleted: false },
      [asking(1)],
    ]);
    expect(startLines(lines)).toEqual(['CQ GET /half', 'CQ GET /1?k=secret']);
  });
});

it('ports are those of the change', async () => {
  const port = (first: number) => ({ ports: [{ first, last: first }] });
  const { lines } = await runSteps(port(80), [
    [asking(0)],
    port(8080),
    [asking(1)],
    { ports: 'any' },
    [asking(2)],
    port(80),
    [asking(3)],
  ]);
  expect(startLines(lines)).toEqual([
    'CQ GET /0?k=secret',
    'CQ GET /2?k=secret',
    'CQ GET /3?k=secret',
  ]);
});

it('what is redacted is counted by its name, whatever other names come and go', async () => {
  const patterns = (...names: string[]) => ({
    ...REDACTION_DEFAULTS,
    ownPatterns: names.map((name) => ({ name, pattern: `${name}-\\d` })),
  });
  const classes = ['headers', 'query', 'cookies', 'ip', 'no_room', 'url'];
  const { counters } = await runSteps(
    { outputs: [TEXT_OUTPUT], redaction: patterns('one', 'two') },
    [
      [asking(0, '/one-1/two-1')],
      { redaction: patterns('two', 'three'), redactionNames: [...classes, 'one', 'two', 'three'] },
      [asking(1, '/one-1/two-1/three-1')],
    ],
  );
  const first = COUNTER_REDACTIONS_FIRST + classes.length;
  expect([...counters.subarray(first, first + 3)]).toEqual([1, 2, 1]);
});

it('a change that cannot be made leaves the pipeline as it is', async () => {
  const { pipeline } = await pipelineOf({ settings: { outputs: [EXCHANGES] } });
  const before = { ...pipeline };
  const unknown = { ...FILTER_EMPTY, headers: [{ name: 'x-a', value: 'b', isNegated: false }] };
  const options = await createPipelineOptions(
    settingsOf({ outputs: [EXCHANGES], filter: unknown }),
    undefined,
  );
  expect(() => prepareChange(pipeline, options)).toThrow('No slot is kept for the field x-a');
  expect({ ...pipeline }).toEqual(before);
});
