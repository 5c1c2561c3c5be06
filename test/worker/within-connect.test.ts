import { describe, expect, it } from 'vitest';
import { COUNTER_MESSAGES_HIDDEN } from '../../src/counters/counter-table.ts';
import type { OutputSettings } from '../../src/output/output-settings.ts';
import type { PipelineSettings } from '../../src/worker/pipeline-settings.ts';
import { asCaptured } from '../exchange/conversation.ts';
import { readSegments } from '../exchange/read-case.ts';
import { ListSink, messageOf, run, TEXT_OUTPUT } from './pipeline-parts.ts';

const JSON_EXCHANGES: OutputSettings = {
  format: 'json',
  template: undefined,
  records: 'exchanges',
  isSplitByType: false,
};
const JSON_MESSAGES: OutputSettings = { ...JSON_EXCHANGES, records: 'messages' };

const TUNNEL = `
  open
  -> CONNECT a
  <- 200 a until close
  -> GET b
  <- 200 b
  -> GET c + GET d
  <- 200 c + 200 d
`;

/** The start lines of each output, and how many messages were hidden. */
async function readTunnel(
  conversation: string,
  outputs: readonly OutputSettings[],
  isConnectHidden: boolean,
) {
  const settings: Partial<PipelineSettings> = {
    outputs,
    isConnectHidden,
    isHeadCompleted: isConnectHidden || outputs.some(({ records }) => records === 'exchanges'),
  };
  const sink = new ListSink();
  const block = conversation.trim().replaceAll(/^ +/gm, '');
  const { counters } = await run(asCaptured(readSegments(block)), { settings, sink });
  const shown = outputs.map((_, output) =>
    sink.batches
      .filter((batch) => batch.output === output)
      .flatMap(({ lines }) => lines)
      .map(describeLine),
  );
  return { shown, hiddenCount: counters[COUNTER_MESSAGES_HIDDEN] };
}

/** `CONNECT /a`, `200`; of an exchange `CONNECT /a 200`. */
function describeLine(line: string): string {
  if (!line.startsWith('{')) {
    const [, first, second] = messageOf(line).split(' ');
    return first.startsWith('HTTP/') ? second : `${first} ${second}`;
  }
  const { method, target, status } = JSON.parse(line);
  return [method, target, status].filter((part) => part !== undefined).join(' ');
}

const SHOWN = ['CONNECT /a', '200', 'GET /b', '200', 'GET /c', 'GET /d', '200', '200'];
const SHOWN_PAIRS = ['CONNECT /a 200', 'GET /b 200', 'GET /c 200', 'GET /d 200'];
const HIDDEN = ['CONNECT /a', '200'];
const HIDDEN_PAIRS = ['CONNECT /a 200'];

const WAYS: [string, OutputSettings[], string[][], string[][]][] = [
  ['text', [TEXT_OUTPUT], [SHOWN], [HIDDEN]],
  ['exchanges', [JSON_EXCHANGES], [SHOWN_PAIRS], [HIDDEN_PAIRS]],
  ['messages', [JSON_MESSAGES], [SHOWN], [HIDDEN]],
  [
    'text beside exchanges',
    [TEXT_OUTPUT, JSON_EXCHANGES],
    [SHOWN, SHOWN_PAIRS],
    [HIDDEN, HIDDEN_PAIRS],
  ],
];

describe.each(WAYS)('HTTP within CONNECT: %s', (_name, outputs, shown, hidden) => {
  it('is read as any other', async () => {
    expect(await readTunnel(TUNNEL, outputs, false)).toEqual({ shown, hiddenCount: 0 });
  });

  it('is left out where it is to be hidden, and counted', async () => {
    expect(await readTunnel(TUNNEL, outputs, true)).toEqual({ shown: hidden, hiddenCount: 6 });
  });
});

describe('a tunnel that nobody has opened hides nothing', () => {
  it.each([
    ['refused', '-> CONNECT a\n<- 407 a', ['CONNECT /a', '407']],
    [
      'refused behind a request that was answered',
      '-> GET g + CONNECT a\n<- 200 g\n<- 405 a',
      ['GET /g', 'CONNECT /a', '200', '405'],
    ],
    [
      'whose answer nothing proves',
      '-> CONNECT a\n-> GET g (lost)\n<- 200 a (lost)\n<- 200 g',
      ['CONNECT /a', '200'],
    ],
  ])('%s', async (_name, before, first) => {
    const { shown, hiddenCount } = await readTunnel(
      `open\n${before}\n-> GET z\n<- 200 z`,
      [TEXT_OUTPUT],
      true,
    );
    expect(shown[0].toSorted()).toEqual([...first, 'GET /z', '200'].toSorted());
    expect(hiddenCount).toBe(0);
  });
});

describe('where no flow is followed', () => {
  it('what stands behind the answer to CONNECT in its segment is shown', async () => {
    const conversation = 'open\n-> CONNECT a + GET b\n<- 200 a until close + 200 b';
    const { shown } = await readTunnel(conversation, [TEXT_OUTPUT], false);
    expect(shown[0]).toEqual(['CONNECT /a', 'GET /b', '200', '200']);
  });

  it('the length that the answer to CONNECT says hides nothing', async () => {
    const conversation = 'open\n-> CONNECT a\n<- 200 a length 5000\n-> GET b\n<- 200 b';
    const { shown } = await readTunnel(conversation, [TEXT_OUTPUT], false);
    expect(shown[0]).toEqual(['CONNECT /a', '200', 'GET /b', '200']);
  });
});
