import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LINKTYPE_ETHERNET } from '../../src/capture/link-types.ts';
import { METHODS_DEFAULT } from '../../src/http/grammar.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';
import { createOracle, type TestFrame } from './frame-oracle.ts';
import { allFrames, corpusCaptures, noCorpus } from './known-frames.ts';
import { agreedStacks, type Stack } from './stacks.ts';
import { readWithTshark, type SharkFrame, withCapture } from './tshark.ts';

const noTshark = missingTool('tshark');
const noDifference = noTshark ?? noCorpus;

/** Every so many captures of the corpus; with `HTTPLOG_FUZZ_TSHARK=all` each of them, which takes minutes. */
const STRIDE = process.env.HTTPLOG_FUZZ_TSHARK === 'all' ? 1 : 15;
const STACKS_COUNT = 400;
const STACKS_SEED = 3;

/** Addresses, ports, and the method or status code that a line shows; empty without a line. */
function shownBy(line: string): string {
  if (line === '') {
    return '';
  }
  const [, , source, target, type, first, second = ''] = line.split(' ');
  return `${source} ${target} ${type.endsWith('Q') ? first : second}`;
}

function shownByShark({ message, source, sourcePort, target, targetPort }: SharkFrame): string {
  return message === ''
    ? ''
    : `${textOf(source)}#${sourcePort} ${textOf(target)}#${targetPort} ${message}`;
}

/**
 * Why the two may differ where they do, and ours is right by the contract of the log; undefined when there is
 * no reason.
 */
function reasonOf(line: string, shark: SharkFrame, frameText: string): string | undefined {
  const { message, protocols, tcpLength } = shark;
  if (line === '') {
    if (tcpLength < 0) {
      return 'SSDP is HTTP over UDP, and httplog is about TCP';
    }
    const whole = new RegExp(`${message} [^\\n]* HTTP/\\d\\.\\d\\s*\\n|HTTP/\\d\\.\\d ${message}`);
    if (METHODS_DEFAULT.includes(message) || /^\d+$/.test(message)) {
      return whole.test(frameText)
        ? undefined
        : 'the start line ends without a version (HTTP/0.9), which the contract refuses';
    }
    return 'the method is none of those that begin a request by default';
  }
  if (message !== '') {
    return /^\S+ \S+ \S+ \S+ CR HTTP\/\d\.\d (?!\d{3} )/.test(line)
      ? 'the status code is not three digits, and the line shows it as it is'
      : undefined;
  }
  if (!/ C(?:Q [A-Z]+ .*HTTP\/\d\.\d|Q [A-Z]+ |R HTTP\/\d\.\d)/.test(line)) {
    return undefined;
  }
  if (!/:http\b/.test(protocols)) {
    return 'tshark chose another protocol by its port, or none for what it takes for a retransmission';
  }
  if (/ CR /.test(line)) {
    return 'the status line has no status code';
  }
  return /:http2/.test(protocols) ? 'a request that asks for an upgrade is HTTP/1.1' : undefined;
}

describe.skipIf(noDifference)(titleWithReason('the corpus and tshark', noDifference), () => {
  const captures = corpusCaptures()
    .filter(({ reach }) => reach === 'A' || reach === 'B')
    .filter((_, index) => index % STRIDE === 0);

  test(
    'agree on what is a message, between whom; each difference has its reason',
    async () => {
      const oracle = createOracle({ isForgetful: true });
      const unexplained: string[] = [];
      let agreed = 0;
      for (const { path, name } of captures) {
        const sharkFrames = readWithTshark(path);
        const frames = await allFrames(path, sharkFrames.length);
        expect(frames.length, name).toBe(sharkFrames.length);
        frames.forEach((frame, index) => {
          const [line] = oracle.check(frame).lines.split('\n');
          const [ours, theirs] = [shownBy(line), shownByShark(sharkFrames[index])];
          if (ours === theirs) {
            agreed++;
          } else if (reasonOf(line, sharkFrames[index], textOfFrame(frame)) === undefined) {
            unexplained.push(`${name} frame ${index + 1}: ${ours || '-'}, tshark ${theirs || '-'}`);
          }
        });
      }
      expect(unexplained).toEqual([]);
      expect(agreed).toBeGreaterThan(500);
    },
    STRIDE === 1 ? 900_000 : 120_000,
  );
});

describe.skipIf(noTshark)(titleWithReason('generated stacks and tshark', noTshark), () => {
  const sample: Stack[] = fc
    .sample(agreedStacks, { numRuns: STACKS_COUNT, seed: STACKS_SEED })
    .filter(({ linkType }) => linkType === LINKTYPE_ETHERNET);

  test('agree on the innermost addresses and ports and the length of the payload', () => {
    const sharkFrames = withCapture(sample, (path) => readWithTshark(path));
    expect(sharkFrames.length).toBe(sample.length);
    const differences: string[] = [];
    let agreed = 0;
    sample.forEach((stack, index) => {
      const shark = sharkFrames[index];
      const theirEnds = `${textOf(shark.source)} ${shark.sourcePort} ${textOf(shark.target)}`;
      const theirs = `${theirEnds} ${shark.targetPort} ${shark.tcpLength}`;
      const ourEnds = `${textOf(stack.source)} ${stack.sourcePort} ${textOf(stack.target)}`;
      const ours = `${ourEnds} ${stack.targetPort} ${stack.payload.length}`;
      if (ours === theirs) {
        agreed++;
      } else {
        differences.push(`${stack.layers}: ${ours}; tshark: ${theirs} ${shark.protocols}`);
      }
    });
    expect(differences).toEqual([]);
    expect(agreed).toBe(sample.length);
  }, 120_000);
});

/** WHATWG's serializer of URLs writes RFC 5952's form, and knows the one with a dotted end. */
function textOf(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;
}

function textOfFrame({ bytes }: TestFrame): string {
  return Buffer.from(bytes).toString('latin1');
}
