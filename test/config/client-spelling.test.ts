import { describe, expect, test } from 'vitest';
import { CLIENT_FROM_SPELLING, PROXIES_TRUSTED_DEFAULT } from '../../src/config/client-spelling.ts';
import { parseNetworks } from '../../src/config/port-spellings.ts';

const ALLOWED: [text: string, printed: string, trusted: string[] | undefined][] = [
  ['peer', 'peer', undefined],
  ['proxy', 'proxy', undefined],
  [' Forwarded ', 'forwarded', undefined],
  ['X-Forwarded-For', 'x-forwarded-for', undefined],
  ['proxy:10.0.0.1', 'proxy:10.0.0.1', ['10.0.0.1']],
  ['forwarded: ::1 , 10.0.0.0/8', 'forwarded:::1,10.0.0.0/8', ['::1', '10.0.0.0/8']],
  ['x-forwarded-for:fd00::/8,::/0', 'x-forwarded-for:fd00::/8,::/0', ['fd00::/8', '::/0']],
];

const REFUSED: [text: string, reason: RegExp | undefined][] = [
  ['', undefined],
  ['client', undefined],
  ['x-real-ip', undefined],
  ['proxy,forwarded', undefined],
  ['10.0.0.1', undefined],
  ['peer:10.0.0.1', /^peer is who has opened the connection, and believes nobody$/],
  ['proxy:', /^behind proxy: the proxies that are believed are missing/],
  [
    'forwarded: ,',
    /"," is no list of up to 256 addresses or networks as in 10\.0\.0\.1,fd00::\/8$/,
  ],
  ['x-forwarded-for:10.0.0.0/33', /"10\.0\.0\.0\/33" is no list/],
  ['x-forwarded-for:10.0.0.1:80', /"10\.0\.0\.1:80" is no list/],
  ['x-forwarded-for:fe80::1%eth0', /is no/],
  ['proxy:lb.example', /"lb\.example" is no address, and names are not looked up$/],
];

describe('who is asked for the client', () => {
  test.each(ALLOWED)('%j is taken', (text, printed, trusted) => {
    const value = CLIENT_FROM_SPELLING.parse(text);
    expect(value?.trusted).toEqual(trusted);
    expect(value && CLIENT_FROM_SPELLING.print(value)).toBe(printed);
    expect(CLIENT_FROM_SPELLING.parse(printed)).toEqual(value);
  });

  test.each(REFUSED)('%j is refused', (text, reason) => {
    expect(CLIENT_FROM_SPELLING.parse(text)).toBeNull();
    const explanation = CLIENT_FROM_SPELLING.explain(text);
    if (reason === undefined) {
      expect(explanation).toBeUndefined();
    } else {
      expect(explanation).toMatch(reason);
    }
  });

  test('what is believed by default are networks', () => {
    expect(parseNetworks(PROXIES_TRUSTED_DEFAULT.join(','))).toEqual(PROXIES_TRUSTED_DEFAULT);
  });
});
