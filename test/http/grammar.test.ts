import { describe, expect, it } from 'vitest';
import {
  createMethodTable,
  METHODS_DEFAULT,
  type MethodTable,
  TEXT_FIELD_TABLES,
} from '../../src/http/grammar.ts';

/** The methods that the table has for a first byte, each with its space. */
function listMethods(table: MethodTable, firstByte: number): string[] {
  const found: string[] = [];
  for (let index = table.firstIndex[firstByte]; index !== -1; index = table.nextIndex[index]) {
    const name = table.nameBytes.subarray(table.nameOffset[index], table.nameOffset[index + 1]);
    found.push(Buffer.from(name).toString('latin1'));
  }
  return found;
}

describe('METHODS_DEFAULT', () => {
  it('is the eight methods of RFC 9110 and PATCH', () => {
    expect([...METHODS_DEFAULT].sort()).toEqual(
      'CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT TRACE'.split(' '),
    );
  });
});

describe('createMethodTable', () => {
  it('has every method under its first byte, and nothing under the others', () => {
    const table = createMethodTable(METHODS_DEFAULT);
    const all = Array.from({ length: 256 }, (_, byte) => listMethods(table, byte)).flat();
    expect(all.sort()).toEqual(METHODS_DEFAULT.map((method) => `${method} `).sort());
    expect(listMethods(table, 0x50).sort()).toEqual(['PATCH ', 'POST ', 'PUT ']);
    expect(listMethods(table, 0x70)).toEqual([]);
  });

  it('may be empty', () => {
    expect(createMethodTable([]).firstIndex.every((index) => index === -1)).toBe(true);
  });
});

describe('field tables', () => {
  it.each([
    [
      'requests',
      TEXT_FIELD_TABLES.request,
      ['host', 'user-agent', 'content-length', 'transfer-encoding'],
    ],
    [
      'responses',
      TEXT_FIELD_TABLES.response,
      ['content-type', 'content-length', 'transfer-encoding'],
    ],
  ])('that of %s finds its fields by their first letter, in either case', (_name, table, names) => {
    expect(table.nameBytes.map((bytes) => Buffer.from(bytes).toString('latin1'))).toEqual(names);
    expect(table.fieldsCount).toBe(names.length);
    for (let byte = 0; byte < 256; byte++) {
      const letter = String.fromCharCode(byte).toLowerCase();
      const ofLetter: string[] = [];
      for (let field = table.firstIndex[byte]; field !== -1; field = table.nextIndex[field]) {
        ofLetter.push(names[field]);
      }
      expect(ofLetter.sort()).toEqual(names.filter((name) => name[0] === letter).sort());
    }
  });

  it.each([
    ['requests', TEXT_FIELD_TABLES.request],
    ['responses', TEXT_FIELD_TABLES.response],
  ])('no two fields of %s share a slot', (_name, table) => {
    expect(new Set(table.slot).size).toBe(table.fieldsCount);
  });
});
