import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SPELLINGS } from '../../src/config/option-spellings.ts';
import {
  explainFormat,
  explainOutputs,
  FORMATS_ALLOWED,
  findTemplateNames,
  type OutputChoice,
  parseFormat,
  parseHeaderNames,
  parseOutputs,
  parseRecords,
  printFormat,
  printOutputs,
} from '../../src/config/output-spellings.ts';
import { FORMAT_NAMES, hasWriterOf, usualRecords } from '../../src/format/format-table.ts';
import { HEADER_NAMES_MAX, OUTPUTS_MAX } from '../../src/limits.ts';

const NAMED = FORMAT_NAMES.filter((name) => name !== 'template');

const template = (text: string) => ({ name: 'template', template: text });
const named = (name: string) => ({ name, template: undefined });

/** An output with nothing but what is said. */
function output(choice: Partial<Record<keyof OutputChoice, unknown>>) {
  return { format: undefined, records: undefined, path: undefined, sqlite: undefined, ...choice };
}

describe('a format', () => {
  test.each(NAMED)('%s is known by its name, which is printed', (name) => {
    expect(parseFormat(name)).toEqual(named(name));
    expect(printFormat({ name, template: undefined })).toBe(name);
    expect(FORMATS_ALLOWED).toContain(`${name},`);
  });

  test.each([
    ['template:{path}', '{path}'],
    ["template:'{time} {path}'", '{time} {path}'],
    ['template:"{user}\'s {path}"', "{user}'s {path}"],
    ['template:{status}, {request.header.X-Tenant}', '{status}, {request.header.X-Tenant}'],
  ])('%j is a template', (text, inner) => {
    expect(parseFormat(text)).toEqual(template(inner));
    expect(explainFormat(text)).toBeUndefined();
  });

  test.each(['', 'nonsense', '__proto__', 'constructor', '\0'])(
    '%j is none, and nothing is to be explained',
    (text) => {
      expect(parseFormat(text)).toBeNull();
      expect(explainFormat(text)).toBeUndefined();
    },
  );

  test.each([
    ['template:', 'its template names no field: each line would be the same'],
    ["template:''", 'its template names no field: each line would be the same'],
    ['template:hello', 'its template names no field: each line would be the same'],
    ['template', "it needs its text, as in template:'{time} {method} {path} {status}'"],
    ['jso', `allowed is ${FORMATS_ALLOWED}, did you mean json`],
    ['JSON', `allowed is ${FORMATS_ALLOWED}, did you mean json`],
    ['template:{pth}', 'its template has no field "pth", at character 1, did you mean path'],
    [
      "template:'{time} {statsu}'",
      'its template has no field "statsu", at character 8, did you mean status',
    ],
    ['template:{path', 'its template has a { that is not closed, at "{path"; {{ is one'],
    ['template:{path}}', 'its template has a } that closes nothing, at "}"; }} is one'],
    ['template:{path}"', 'its template has a double quote that is not closed'],
    ['template:{path}\n', 'its template has a line end or another control character'],
  ])('%j is refused, and it is said why', (text, reason) => {
    expect(parseFormat(text)).toBeNull();
    expect(explainFormat(text)?.slice(0, reason.length)).toBe(reason);
  });

  test('as it is printed it can be read again', () => {
    for (const text of ['{path}', "{user}'s {path}", '"{path}", {status}', "'{path}", '{path} ']) {
      expect(parseFormat(printFormat({ name: 'template', template: text }))).toEqual(
        template(text),
      );
    }
  });

  test('names the header fields that its template asks for', () => {
    const formats = ['{request.header.X-A} {path}', '{response.header.x-b} {request.header.x-a}'];
    expect(
      findTemplateNames([
        { name: 'json', template: undefined },
        ...formats.map((text) => ({ name: 'template' as const, template: text })),
      ]),
    ).toEqual(['x-a', 'x-b', 'x-a']);
  });

  test('has records that it is for, and text and the Apache formats have one kind alone', () => {
    const both = FORMAT_NAMES.filter(
      (name) => hasWriterOf(name, 'messages') && hasWriterOf(name, 'exchanges'),
    );
    expect(both).toEqual(['json', 'ecs', 'otel', 'tsv', 'template']);
    expect(hasWriterOf('text', 'exchanges')).toBe(false);
    expect(hasWriterOf('combined', 'messages')).toBe(false);
    expect(FORMAT_NAMES.every((name) => hasWriterOf(name, usualRecords(name)))).toBe(true);
  });
});

test('records are messages or exchanges', () => {
  expect(parseRecords('messages')).toBe('messages');
  expect(parseRecords('exchanges')).toBe('exchanges');
  for (const text of ['', 'message', 'Messages', 'both', 'messages,exchanges']) {
    expect(parseRecords(text)).toBeNull();
  }
});

describe('outputs', () => {
  test.each([
    ['path=-', [output({ path: '-' })]],
    ['format=json', [output({ format: named('json') })]],
    ['records=messages', [output({ records: 'messages' })]],
    ['sqlite=/log/a.sqlite', [output({ sqlite: '/log/a.sqlite' })]],
    [
      'path=/log/json/,records=messages,format=json',
      [output({ format: named('json'), records: 'messages', path: '/log/json/' })],
    ],
    ['records=messages,sqlite=a', [output({ records: 'messages', sqlite: 'a' })]],
    ['path=a=b', [output({ path: 'a=b' })]],
    ['path="/a b/c, d"', [output({ path: '/a b/c, d' })]],
    ["path='/a b',format=json", [output({ path: '/a b', format: named('json') })]],
    ['path="/o\'brien"', [output({ path: "/o'brien" })]],
    ['path=\'say "a"\'', [output({ path: 'say "a"' })]],
    ['format=template:{path},path=a', [output({ format: template('{path}'), path: 'a' })]],
    [
      "format=template:'{time}, {path}',path=a",
      [output({ format: template('{time}, {path}'), path: 'a' })],
    ],
    [
      'format="template:{time}, {path}",path=a',
      [output({ format: template('{time}, {path}'), path: 'a' })],
    ],
    [
      'format=json,path=/x  format=tsv,path=/y\nsqlite=/z ',
      [
        output({ format: named('json'), path: '/x' }),
        output({ format: named('tsv'), path: '/y' }),
        output({ sqlite: '/z' }),
      ],
    ],
  ])('%j are read', (text, outputs) => {
    expect(parseOutputs(text)).toEqual(outputs);
    expect(explainOutputs(text)).toBeUndefined();
  });

  test.each([' ', ',', '-', 'path', 'path=', '=a', 'file=a', 'path=a,b', '\0'])(
    '%j are none: another form than KEY=VALUE',
    (text) => {
      expect(parseOutputs(text)).toBeNull();
      expect(explainOutputs(text)).toBeUndefined();
    },
  );

  test.each([
    ['path=a,path=b', 'it has path twice: outputs stand apart by a space'],
    ['format=json,format=json', 'it has format twice: outputs stand apart by a space'],
    ['sqlite=a,path=b', 'it has sqlite, which takes the place of format and path'],
    ['format=json,sqlite=a', 'it has sqlite, which takes the place of format and path'],
    ["path=''", 'its path is empty, or has a quote that is not around all of it'],
    ["path=/log/'a'/b", 'its path is empty, or has a quote that is not around all of it'],
    ['sqlite=""', 'its path is empty, or has a quote that is not around all of it'],
    ["path=/o'brien", 'it has a quote without its end: a value that has one goes into the others'],
    [
      "path=a,format=template:'{path}",
      'it has a quote without its end: a value that has one goes into the others',
    ],
    [
      'format=jsn,path=a',
      `its format cannot be "jsn", allowed is ${FORMATS_ALLOWED}, did you mean json`,
    ],
    [
      'path=b format=template',
      'its format cannot be "template", it needs its text, as in template:\'{time} {method} {path} {status}\'',
    ],
    ['records=both,path=a', 'its records cannot be "both", allowed is messages or exchanges'],
  ])('%j are refused, and it is said why', (text, reason) => {
    expect(parseOutputs(text)).toBeNull();
    expect(explainOutputs(text)).toBe(reason);
  });

  test('with a mistake in a template are told the field', () => {
    expect(parseOutputs('format=template:{pth},path=a')).toBeNull();
    expect(explainOutputs('format=template:{pth},path=a')).toMatch(
      /^its format cannot be "template:\{pth\}", its template has no field "pth", at character 1, did you mean path$/,
    );
  });

  test('are as many as the limit, and not one more', () => {
    const paths = Array.from({ length: OUTPUTS_MAX + 1 }, (_, index) => `path=${index}`);
    expect(parseOutputs(paths.slice(1).join(' '))).toHaveLength(OUTPUTS_MAX);
    expect(parseOutputs(paths.join('\n'))).toBeNull();
    expect(explainOutputs(paths.join('\n'))).toBe(
      `it names ${OUTPUTS_MAX + 1} outputs, allowed are ${OUTPUTS_MAX}`,
    );
  });

  test('as they are printed can be read again, whatever is in a path', () => {
    const place = fc
      .string({ minLength: 1, unit: 'binary' })
      .filter((text) => !text.includes('\0') && !(text.includes("'") && text.includes('"')));
    const format = fc.oneof(
      fc.constantFrom(...NAMED).map((name) => ({ name, template: undefined })),
      fc
        .constantFrom('{path}', '{time}, {path}', "{user}'s, {path} ", '"{path}" {status}')
        .map((text) => ({ name: 'template' as const, template: text })),
    );
    const records = fc.constantFrom('messages' as const, 'exchanges' as const, undefined);
    const lines = fc.record({ format, records, path: place, sqlite: fc.constant(undefined) });
    const database = fc.record({
      format: fc.constant(undefined),
      records,
      path: fc.constant(undefined),
      sqlite: place,
    });
    const outputs = fc.array(fc.oneof(lines, database), { minLength: 1, maxLength: OUTPUTS_MAX });
    fc.assert(
      fc.property(outputs, (choices) => {
        expect(parseOutputs(printOutputs(choices))).toEqual(choices);
      }),
      { numRuns: 300 },
    );
  });

  test('of any text are a list or null, and an explanation is there for null alone', () => {
    const piece = fc.constantFrom(
      ...['path=', 'sqlite=', 'format=', 'records=', 'json', 'template:', '{path}', '{', "'", '"'],
      ...[',', ' ', '\n', 'messages', 'a', '/', '='],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const outputs = parseOutputs(text);
        expect(outputs === null || outputs.length > 0).toBe(true);
        expect(outputs !== null && explainOutputs(text) !== undefined).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe('names of --header', () => {
  test.each([
    ['Accept', ['accept']],
    ['Accept,X-Tenant', ['accept', 'x-tenant']],
    ['ACCEPT\nx_a, x.b \naccept', ['accept', 'x_a', 'x.b']],
    ['a'.repeat(64), ['a'.repeat(64)]],
  ])('%j are read in lower case, each once', (text, names) => {
    expect(parseHeaderNames(text)).toEqual(names);
  });

  test.each([
    '',
    ',',
    'a,',
    'a b',
    'a,,b',
    'X-A:',
    '-a',
    'a=b',
    'h\u00e9',
    '"a"',
    'a\0',
    'a'.repeat(65),
  ])('%j are refused', (text) => {
    expect(parseHeaderNames(text)).toBeNull();
  });

  test('are as many as the limit, and not one more', () => {
    const names = Array.from({ length: HEADER_NAMES_MAX + 1 }, (_, index) => `x-${index}`);
    expect(parseHeaderNames(names.slice(1).join())).toHaveLength(HEADER_NAMES_MAX);
    expect(parseHeaderNames(names.join())).toBeNull();
  });
});

test('the options of the command line read and print what is said here', () => {
  expect(SPELLINGS['record-format'].parse('json')).toEqual(named('json'));
  expect(SPELLINGS.outputs.unset).toEqual([]);
  const outputs = SPELLINGS.outputs.parse("path='a b' format=json") ?? [];
  expect(SPELLINGS.outputs.print(outputs)).toBe("path='a b' format=json");
});
