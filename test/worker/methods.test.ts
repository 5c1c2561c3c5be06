import { describe, expect, it } from 'vitest';
import { METHODS_REGISTERED } from '../../src/http/grammar.ts';
import { frameOf, requestPacket } from '../fixtures/build-captures.ts';
import { messageOf, run } from './pipeline-parts.ts';

const METHODS = ['GET', 'PROPFIND', 'QUERY', 'VERSION-CONTROL', 'purge', 'PURGE', 'get'];

async function methodsRead(methods?: readonly string[]): Promise<string[]> {
  const frames = METHODS.map((method, index) => ({
    bytes: frameOf(requestPacket(index, `${method} /x HTTP/1.1\r\nHost: h\r\n\r\n`)),
  }));
  const { sink } = await run(frames, methods === undefined ? {} : { settings: { methods } });
  const lines = sink.lines.map(messageOf);
  for (const line of lines) {
    expect(line).toMatch(/^CQ \S+ \/x HTTP\/1\.1 h -$/);
  }
  return lines.map((line) => line.split(' ')[1]);
}

describe('--methods', () => {
  it('by default WebDAV, QUERY and what is in lower case begin no request', async () => {
    expect(await methodsRead()).toEqual(['GET']);
  });

  it('all are those that are registered', async () => {
    expect(await methodsRead(METHODS_REGISTERED)).toEqual([
      'GET',
      'PROPFIND',
      'QUERY',
      'VERSION-CONTROL',
    ]);
  });

  it('a list is these and no others, in this case and no other', async () => {
    expect(await methodsRead(['purge', 'QUERY'])).toEqual(['QUERY', 'purge']);
  });
});
