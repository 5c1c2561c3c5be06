import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RECORD_FIELD_NAMES } from '../../src/format/record-fields.ts';
import { compileTemplate, templateHeaderNames } from '../../src/format/template-compiler.ts';

function mistakeOf(text: string): string {
  const compiled = compileTemplate(text);
  return 'mistake' in compiled ? compiled.mistake : '';
}

describe('compileTemplate', () => {
  it('gives the parts, what follows them, and whether they stand between quotes', () => {
    expect(compileTemplate('a {method}{path} "{{{user_agent}" z')).toEqual({
      parts: [
        { label: 'a ', field: 'method', isQuoted: false, follower: '' },
        { label: '', field: 'path', isQuoted: false, follower: ' ' },
        { label: ' "{', field: 'user_agent', isQuoted: true, follower: '"' },
      ],
      tail: '" z',
      headerNames: [],
    });
  });

  it('a last field is followed by the line end', () => {
    expect(compileTemplate('{status}')).toEqual({
      parts: [{ label: '', field: 'status', isQuoted: false, follower: '\n' }],
      tail: '',
      headerNames: [],
    });
  });

  it('single quotes around the whole are dropped, double quotes are text', () => {
    expect(compileTemplate("'{status} x'")).toEqual(compileTemplate('{status} x'));
    expect(compileTemplate('"{host}"')).toMatchObject({ tail: '"' });
  });

  it('names are known in any case', () => {
    expect(compileTemplate('{STATUS}{Request.Header.X-A}')).toEqual(
      compileTemplate('{status}{request.header.x-a}'),
    );
  });

  it('gives what can be handed to a worker', () => {
    const compiled = compileTemplate('a {method}');
    expect(structuredClone(compiled)).toEqual(compiled);
  });

  it.each([
    ['', /names no field/],
    ['just text', /names no field/],
    ['{status', /\{ that is not closed, at "\{status"/],
    ['a} {status}', /\} that closes nothing/],
    ['{status} "{host}', /double quote that is not closed/],
    ['{status}\n', /line end/],
    ['{status}\u001b[2J', /control character/],
    ['{status}\u2028', /line end/],
    ['{status}\\n', /there are \\t and \\\\/],
    ['{status}\\', /there are \\t and \\\\/],
    ['{request.header.}', /no field "request\.header\."/],
    ['{request.header.a b}', /no field/],
    ['{request.header.-a}', /no field/],
    [`{request.header.${'a'.repeat(65)}}`, /no field/],
    ['{__proto__}', /no field/],
    ['{}', /no field ""/],
    [`{status}${'a'.repeat(4096)}`, /4104 characters, at most 4096/],
    ['{status}'.repeat(129), /129 fields, at most 128/],
  ])('%j is refused with a sentence', (text, expected) => {
    expect(mistakeOf(text)).toMatch(expected);
    expect(mistakeOf(text)).not.toMatch(/\.$|\n/);
  });

  it('an unknown field is told all that are known', () => {
    expect(mistakeOf('{time} {statsu}')).toBe(
      'Template has no field "statsu", at character 8, did you mean status',
    );
    const told = mistakeOf('{nothing}');
    expect(told).toContain(
      'no field "nothing", at character 1: there are time, local_time, epoch,',
    );
    for (const name of RECORD_FIELD_NAMES) {
      expect(told).toContain(name);
    }
    expect(told).toMatch(/incomplete, request\.header\.NAME and response\.header\.NAME$/);
  });

  it('a name that is long is not repeated whole', () => {
    expect(mistakeOf(`{${'x'.repeat(4000)}}`).length).toBeLessThan(1200);
  });

  it('takes or refuses any text, and never throws', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '{{',
      '}}',
      '"',
      "'",
      '\\',
      '\\t',
      '{host}',
      'a',
      '\n',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((all) => all.join('')),
        ),
        (text) => {
          const compiled = compileTemplate(text);
          if ('mistake' in compiled) {
            expect(compiled.mistake).toMatch(/^Template /);
            return;
          }
          const whole = compiled.parts.map(({ label }) => label).join('') + compiled.tail;
          expect(whole.replaceAll('\t', '')).not.toMatch(/\p{Cc}/u);
          expect(whole.split('"').length % 2).toBe(1);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('templateHeaderNames', () => {
  it('gives each header field once, in lower case', () => {
    expect(
      templateHeaderNames(
        '{request.header.X-A} {response.header.x-a} {response.header.Via} {host}',
      ),
    ).toEqual(['x-a', 'via']);
  });

  it('gives none for a template that is wrong or names none', () => {
    expect(templateHeaderNames('{request.header.x-a} {')).toEqual([]);
    expect(templateHeaderNames('{host}')).toEqual([]);
  });
});
