import { describe, expect, it } from 'vitest';
import { SIDE_SERVER } from '../../src/record/message-type.ts';
import { ConnectionExchanges } from '../../src/stream/exchanges.ts';
import {
  CLOSE_IN_ORDER,
  CLOSE_RESET,
  FROM_CLIENT,
  FROM_SERVER,
} from '../../src/stream/http-events.ts';
import { endPipeline, runPipeline } from '../../src/worker/pipeline.ts';
import { asCaptured, FIN, RST, type TimedFrame } from '../exchange/conversation.ts';
import { type PairingCase, readAllCases } from '../exchange/pairing-cases.ts';
import { readSegments } from '../exchange/read-case.ts';
import { EXCHANGE_SETTINGS } from '../exchange/run-exchanges.ts';
import { CLIENT, SERVER } from '../fixtures/build-captures.ts';
import { addressBytes } from '../fixtures/build-packets.ts';
import { FrameListSource, pipelineOf } from '../worker/pipeline-parts.ts';
import {
  BYTE_BY_BYTE,
  type Cut,
  createLines,
  FACTS,
  feed,
  type Step,
  UNSEEN,
  WHOLE,
} from './feed-stream.ts';

/**
 * The conversations of the pairing cases in which nothing is lost, late or sent again, fed as bytes: what comes of
 * them is what packets give, but for ids and what only packets have.
 */

const SEGMENT_AT = { sourcePort: 34, flags: 47, payload: 54 };
/** What a capture has and a stream has not. */
const CHANGED = /\((?!.*\bfalse\b)[^)]*\b(lost|cut|late|seq|ack|anew)\b|^again$|^wait .* min$/m;

/** Titles of those that a stream tells otherwise, with the reason. */
const OTHERWISE: Record<string, string> = {
  ...because('What is no chunk is not read as the body, nor what comes behind it as a request', [
    'within-request > In chunks',
    'within-request > In chunks, once the server has sent something, a request is one',
    'chunks-tell-the-end > What is no size',
  ]),
  ...because('The body ends where its head says, whatever stands in it', [
    'asked-behind-it > A length that the server did not keep to',
    'answered-within-request > A body that the server does not want',
    'answered-within-request > Behind an empty line',
    'next-response-ends-it > Until the connection closes',
    'next-response-ends-it > More was announced',
    'chunks-tell-the-end > A size beyond what sequence numbers tell',
  ]),
  ...because('Bytes between messages are not passed over', [
    'within-response > Of known length',
    'asker-is-client > Bytes that are no message decide nothing',
    'asker-is-client > From the wrong side',
    'bytes-of-a-body > What looks like the first bytes of a message and is none',
  ]),
  ...because('A head without its end is no request, and no response', [
    'answer-lets-go > The server waits no longer',
    'answer-lets-go > The head goes on when it has been answered',
    "answer-lets-go > The connection ends within the response's head",
    'answer-lets-go > The FIN comes with its last bytes, and a stranger later',
    "answer-lets-go > A reset within the request's head",
    'answer-lets-go > A refusal and a reset',
    'answer-lets-go > The server closes without an answer',
  ]),
  ...because('What CONNECT has opened is for who asked for it to read', [
    'tunnel-goes-on > HTTP within the tunnel',
    'tunnel-goes-on > Whatever its length says',
    'tunnel-goes-on > Right behind it in its segment',
    'tunnel-goes-on > A tunnel within the tunnel',
    'tunnel-goes-on > Other bytes before HTTP',
  ]),
  ...because('Who is the client is known before', [
    'asker-is-client > The end that connected is asked',
    'asker-is-client > Numbers that come round do not matter',
    'asker-is-client > One that the server has received',
  ]),
  ...because('Nothing is read behind an end', [
    'server-closes > What comes behind the end is a connection without its beginning',
    'nothing-is-missing > What was known of a connection that has ended counts no more',
  ]),
  ...because('The requests before the first too many are answered', [
    'too-many-wait > One too many',
  ]),
};

function because(reason: string, titles: readonly string[]): Record<string, string> {
  return Object.fromEntries(titles.map((title) => [title, reason]));
}

const cases = readAllCases().filter(({ blocks }) => {
  const segments = blocks.get('segments') as string;
  return segments.startsWith('open\n') && !CHANGED.test(segments);
});

/** Payloads and ends in their order, each with its time. */
function stepsOf(frames: readonly TimedFrame[]): Step[] {
  return frames.flatMap(({ bytes, timeNs }): Step[] => {
    const port = (bytes[SEGMENT_AT.sourcePort] << 8) | bytes[SEGMENT_AT.sourcePort + 1];
    const from = port === CLIENT.port ? FROM_CLIENT : FROM_SERVER;
    const flags = bytes[SEGMENT_AT.flags];
    const payload = bytes.subarray(SEGMENT_AT.payload);
    const steps: Step[] = payload.length === 0 ? [] : [{ from, bytes: payload, timeNs }];
    if ((flags & RST) !== 0) {
      steps.push({ from, close: CLOSE_RESET, timeNs });
    } else if ((flags & FIN) !== 0) {
      steps.push({ from, close: CLOSE_IN_ORDER, timeNs });
    }
    return steps;
  });
}

const pipeline = pipelineOf({ settings: { ...EXCHANGE_SETTINGS, isHeadCompleted: true } });
const stream = createLines();

async function packetLines(frames: readonly TimedFrame[]): Promise<string[]> {
  const { pipeline: made, sink } = await pipeline;
  const before = sink.lines.length;
  const source = new FrameListSource(asCaptured(frames));
  source.fillNow();
  runPipeline(made, source);
  endPipeline(made);
  return sink.lines.slice(before);
}

function streamLines(frames: readonly TimedFrame[], address: string, cut: Cut): string[] {
  const exchanges = new ConnectionExchanges(stream.parts, {
    ...FACTS,
    client: { address: Uint8Array.from(addressBytes(address)), port: CLIENT.port },
    server: { address: Uint8Array.from(addressBytes(SERVER.address)), port: SERVER.port },
    side: SIDE_SERVER,
  });
  feed(exchanges.stream, [...stepsOf(frames), UNSEEN], cut);
  return stream.take();
}

/** Without the id, and what only packets tell. */
function comparable(line: string): unknown {
  const { id, connect_ms, retransmitted_segments, ...rest } = JSON.parse(line);
  return rest;
}

function framesOf({ blocks, number }: PairingCase): { frames: TimedFrame[]; address: string } {
  const address = `10.1.${number >> 8}.${number & 0xff}`;
  return {
    frames: readSegments(blocks.get('segments') as string, { ...CLIENT, address }),
    address,
  };
}

describe('a conversation as bytes gives what it gives as packets', () => {
  it.each(cases.map((one) => [one.title, one] as const))('%s', async (titleAndTheme, one) => {
    const title = titleAndTheme.replace(/^[^>]* > /, '');
    const { frames, address } = framesOf(one);
    const expected = (await packetLines(frames)).map(comparable);
    const found = [WHOLE, BYTE_BY_BYTE].map((cut) =>
      streamLines(frames, address, cut).map(comparable),
    );
    expect(found[1]).toEqual(found[0]);
    if (title in OTHERWISE) {
      expect(found[0], OTHERWISE[title]).not.toEqual(expected);
    } else {
      expect(found[0]).toEqual(expected);
    }
  });

  it('there are many, and few are told otherwise', () => {
    expect(cases.length).toBeGreaterThan(45);
    const titles = cases.map(({ title }) => title.replace(/^[^>]* > /, ''));
    expect(Object.keys(OTHERWISE).filter((title) => !titles.includes(title))).toEqual([]);
  });
});
