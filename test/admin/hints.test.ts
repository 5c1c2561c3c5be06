import { describe, expect, it } from 'vitest';
import { describeSilence } from '../../src/admin/hints.ts';
import type { Settings } from '../../src/config/settings.ts';
import * as slots from '../../src/counters/counter-table.ts';
import { createCounters } from '../../src/counters/counters.ts';

const WRITER = {
  linesWritten: 0,
  bytesWritten: 0,
  linesDropped: 0,
  writeErrors: 0,
  filesOpened: 0,
};
const PORTS: Settings['ports'] = [{ first: 80, last: 80 }];
const START = 'No HTTP message in the first 20 seconds on ';

/** Counts by slot; what the settings do not say is of no interest to the note. */
function describeLive(
  counts: Readonly<Record<number, number>>,
  settings: Partial<Settings>,
  interfaceName = 'eth0',
  packets = 7,
): string {
  const counters = createCounters();
  for (const [slot, count] of Object.entries(counts)) {
    counters[Number(slot)] = count;
  }
  const all = { ports: PORTS, filter: undefined, ...settings } as Settings;
  return describeSilence({ counters, writer: WRITER, redactionNames: [] }, all, {
    interfaceName,
    packets,
  });
}

describe('what is told of a capture without a message', () => {
  it('says what passed, and names what is not tried yet', () => {
    expect(describeLive({}, {})).toBe(
      `${START}eth0: 7 packets have passed there, none of them begins one on the ports read` +
        '; try -p any, or -i any',
    );
    expect(describeLive({}, { ports: 'any' })).toBe(
      `${START}eth0: 7 packets have passed there, none of them begins one; try -i any`,
    );
    expect(describeLive({}, { filter: 'tcp' }, 'any')).toBe(
      `${START}any: 7 packets have passed there, none of them begins one behind -f; try without -f`,
    );
    expect(describeLive({}, { ports: 'any' }, 'any')).toBe(
      `${START}any: 7 packets have passed there, none of them begins one`,
    );
  });

  it('says that nothing passed, and nothing of it where that is not known', () => {
    expect(describeLive({}, {}, 'eth0', 0)).toBe(
      `${START}eth0: no packet at all has passed there; try -p any, or -i any`,
    );
    expect(describeLive({}, {}, 'eth0', Number.NaN)).toBe(`${START}eth0; try -p any, or -i any`);
  });

  it('says what was seen in the place of HTTP', () => {
    const tls = slots.COUNTER_OTHER_PROTOCOL_FIRST;
    expect(describeLive({ [tls]: 1, [tls + 1]: 2 }, {})).toBe(
      `${START}eth0: TLS was seen on the ports read: what is encrypted stays so, ` +
        'capture behind the proxy that ends it' +
        '; HTTP/2 was seen on the ports read: httplog reads HTTP/1.x',
    );
    expect(describeLive({ [slots.COUNTER_HTTP_PORT_UNREAD]: 8080 }, {})).toBe(
      `${START}eth0: HTTP was seen on port 8080: try -p 8080, or -p any`,
    );
  });
});
