import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createWriter, FORMAT_NAMES } from '../../src/format/format-table.ts';
import { FORMAT_OPTIONS_DEFAULT } from '../../src/format/record-format.ts';
import { type Exchange, INCOMPLETE_NO_RESPONSE } from '../../src/record/exchange.ts';
import { makeExchange } from '../exchange/make-exchange.ts';
import { hostileValues, makeHostileExchange, writeRecord } from './hostile-values.ts';

const writer = createWriter('report', 'exchange', FORMAT_OPTIONS_DEFAULT);

const linesOf = (exchange: Exchange) => {
  const written = writeRecord(writer, exchange).toString('latin1');
  expect(written).toMatch(/^[\x20-\x7e\t\n\x80\xa6\xe2]*\n$/);
  return written.slice(0, -1).split('\n');
};

it('report: has the columns that the report of the traffic is made of', () => {
  const [whole] = linesOf(makeExchange());
  expect(whole.split('\t').slice(1)).toEqual([
    ...['6250001', '200', '0', '203.0.113.9', 'GET', 'shop.example', '/shop/cart'],
  ]);
  expect(new Date(Number(whole.split('\t')[0])).toISOString()).toBe('2019-09-01T14:16:51.002Z');
  const parts = { responseHead: null, totalNs: -1, incomplete: INCOMPLETE_NO_RESPONSE };
  const [none] = linesOf(makeExchange({ ...parts, clientAddress: null }));
  expect(none.split('\t').slice(1, 5)).toEqual(['0', '0', '1', '']);
});

it('report: nobody chooses it, and its lines are not counted', () => {
  expect(FORMAT_NAMES).not.toContain('report');
  expect(writer.linesPerRecord).toBe(0);
});

it('report: nothing captured begins a line or a column', () => {
  fc.assert(
    fc.property(hostileValues, (values) => {
      const lines = linesOf(makeHostileExchange(values));
      expect(lines).toHaveLength(1);
      expect(lines[0].split('\t')).toHaveLength(8);
    }),
  );
});
