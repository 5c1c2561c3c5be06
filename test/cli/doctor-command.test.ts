import { describe, expect, test } from 'vitest';
import { describeExamination, type Examination } from '../../src/cli/doctor-command.ts';
import type { Survey } from '../../src/daemon/port-survey.ts';
import { runHttplog } from '../live/httplog-process.ts';
import { canCaptureLive, titleWithReason } from '../live/requirements.ts';

const HTTP = [{ first: 80, last: 80 }];

function survey(messages: [number, number][] = [], others: Partial<Survey> = {}): Survey {
  const packets = messages.reduce((sum, [, count]) => sum + 5 * count, 0);
  const messagesByPort = new Map(messages);
  return { packets, messagesByPort, tlsSegments: 0, http2Connections: 0, ...others };
}

const describeOf = (parts: Partial<Examination>) =>
  describeExamination({
    interfaceName: 'eth0',
    ports: HTTP,
    own: survey(),
    all: survey(),
    ...parts,
  }).slice(1);

describe('the doctor', () => {
  test('says that a run would see messages', () => {
    const own = survey([[80, 4]]);
    expect(describeOf({ own, all: own })).toEqual([
      'eth0: 20 TCP packets; HTTP/1.x messages: 4 on port 80',
      'any: 20 TCP packets; HTTP/1.x messages: 4 on port 80',
      '',
      'A run would have seen 4 messages.',
    ]);
  });

  test('names the ports that are not read, the busiest first', () => {
    const own = survey([
      [8080, 2],
      [3000, 6],
    ]);
    expect(describeOf({ own, all: own }).slice(3)).toEqual([
      'A run would have seen no message.',
      '- HTTP on ports that are not read: try -p 3000,8080, or -p any',
    ]);
  });

  test('names another interface where that has what this one has not', () => {
    expect(describeOf({ all: survey([[8080, 2]]) })).toContain(
      '- HTTP on another interface: try -i any -p 8080, or -p any',
    );
    expect(describeOf({ own: survey([[80, 1]]), all: survey([[8080, 2]]) }).join()).not.toContain(
      'another interface',
    );
  });

  test('says what is encrypted, what is HTTP/2, and that there was nothing at all', () => {
    const others = { packets: 9, tlsSegments: 3, http2Connections: 1 };
    const described = describeOf({ own: survey([], others) }).join('\n');
    expect(described).toContain('; 3 segments of TLS; 1 connections of HTTP/2\n');
    expect(described).toContain('- What is encrypted stays so');
    expect(described).toContain('- HTTP/2 is not read');
    expect(describeOf({}).join('\n')).toContain('- No TCP packet at all');
  });

  test('on any there is one interface to tell of', () => {
    const described = describeOf({ interfaceName: 'any', own: survey([[80, 1]]) });
    expect(described.filter((line) => line.includes('TCP packets'))).toHaveLength(1);
  });
});

test('an interface that is not there is told at once, exit 3', async () => {
  const exit = await runHttplog(['doctor', '-i', 'nosuch0']);
  expect(exit).toMatchObject({ code: 3, stdout: '' });
  expect(exit.stderr).toContain('nosuch0');
});

const noLive = canCaptureLive();

test.skipIf(noLive)(titleWithReason('it looks at all interfaces, and ends', noLive), async () => {
  const exit = await runHttplog(['doctor', '-i', 'lo', '-p', '9']);
  expect(exit.stderr).toBe('');
  expect(exit.stdout).toMatch(/^A run would look at lo, \w+, port 9\.\nLooking /);
  expect(exit.stdout).toMatch(/\nany: \d+ TCP packets; .*\n\nA run would have seen no message\.\n/);
  expect(exit.code).toBe(1);
});
