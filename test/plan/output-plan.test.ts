import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { loadConfiguration } from '../../src/config/configuration.ts';
import { HttplogError } from '../../src/errors.ts';
import {
  createWriter,
  FORMAT_NAMES,
  hasWriterOf,
  type RecordFormatName,
  usualRecords,
} from '../../src/format/format-table.ts';
import { FORMAT_OPTIONS_DEFAULT } from '../../src/format/record-format.ts';
import { HEADER_NAMES_MAX } from '../../src/limits.ts';
import { describeTarget, planRecords, type RecordPlan } from '../../src/plan/output-plan.ts';
import { KINDS_BY_RECORDS, RECORDS_NAMES, type Records } from '../../src/record/record-kinds.ts';

const directory = mkdtempSync(join(tmpdir(), 'httplog-plan-'));
const logs = join(directory, 'logs');
mkdirSync(logs);

afterAll(() => rmSync(directory, { recursive: true }));

function plan(...argv: string[]): RecordPlan {
  const systemFile = join(directory, 'none');
  const commandLine = parseArguments(argv);
  const input = { commandLine, environment: {}, directory, systemFile };
  return planRecords(loadConfiguration(input).settings);
}

function planError(...argv: string[]): HttplogError {
  try {
    plan(...argv);
  } catch (error) {
    if (error instanceof HttplogError) {
      return error;
    }
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** What the workers are told, the target, and the start of files, of each output. */
function outputsOf(...argv: string[]) {
  return plan(...argv).outputs.map(({ settings, target }) => {
    if (target.kind === 'sqlite') {
      return { settings, sqlite: target.target };
    }
    if (target.kind !== 'lines') {
      throw new Error('No output here is of another kind');
    }
    const { header, ...place } = target.target;
    return { settings, place, header: header && Buffer.from(header).toString() };
  });
}

function settings(format: string, records: string, isSplitByType = false, template?: string) {
  return { format, records, isSplitByType, template };
}

describe('the one output of the old options', () => {
  test('is daily files of text in the directory of -d', () => {
    const place = { kind: 'daily', directory: '/log/httplog', suffix: 'log' };
    expect(outputsOf()).toEqual([
      { settings: settings('text', 'messages'), place, header: undefined },
    ]);
    expect(outputsOf('-d', logs, '-log_split')).toEqual([
      {
        settings: settings('text', 'messages', true),
        place: { ...place, directory: logs },
        header: undefined,
      },
    ]);
  });

  test.each([
    ['-', { kind: 'stdout' }],
    ['a.log', { kind: 'file', path: 'a.log' }],
    // The writer says that it is a directory.
    [logs, { kind: 'file', path: logs }],
    [`${logs}/`, { kind: 'file', path: `${logs}/` }],
  ])('goes to -o %s, which is never a place of daily files', (path, place) => {
    expect(outputsOf('-o', path, '-log_split')).toEqual([
      { settings: settings('text', 'messages'), place, header: undefined },
    ]);
  });

  test.each([
    ['text', 'messages', 'log'],
    ['short', 'exchanges', 'short.log'],
    ['json', 'exchanges', 'json'],
    ['ecs', 'exchanges', 'ecs.json'],
    ['otel', 'exchanges', 'otel.json'],
    ['common', 'exchanges', 'common.log'],
    ['combined', 'exchanges', 'combined.log'],
    ['combined-timed', 'exchanges', 'combined-timed.log'],
    ['audit', 'exchanges', 'audit.log'],
    ['tsv', 'exchanges', 'tsv'],
  ])('as %s has %s, in daily files *.%s', (format, records, suffix) => {
    const [output] = outputsOf('--format', format);
    expect(output.settings).toEqual(settings(format, records));
    expect(output.place).toEqual({ kind: 'daily', directory: '/log/httplog', suffix });
    expect(output.header === undefined).toBe(format !== 'tsv');
  });

  test('is what a template says, with the header fields that it names', () => {
    const text = '{time} {request.header.X-Tenant}';
    const { outputs, headerNames } = plan('--format', `template:${text}`, '--header', 'Accept');
    expect(outputs[0].settings).toEqual(settings('template', 'exchanges', false, text));
    expect(headerNames).toEqual(['accept', 'x-tenant']);
  });
});

describe('several outputs', () => {
  test('have each their format, records and place; the other options say the rest', () => {
    const outputs = outputsOf(
      ...['-d', logs, '--format', 'json', '--records', 'messages', '-log_split'],
      ...['--output', 'path=-', '--output', 'format=tsv', '--output', `path=${logs}`],
      ...['--output', 'format=combined,records=exchanges,path=c.log'],
      ...['--output', 'sqlite=d.sqlite', '--output', 'records=exchanges,sqlite=new/'],
    );
    expect(outputs).toEqual([
      { settings: settings('json', 'messages'), place: { kind: 'stdout' }, header: undefined },
      {
        settings: settings('tsv', 'messages', true),
        place: { kind: 'daily', directory: logs, suffix: 'tsv' },
        header: expect.stringMatching(/^#separator \\x09\n(#.*\n)+$/),
      },
      {
        settings: settings('json', 'messages', true),
        place: { kind: 'daily', directory: logs, suffix: 'json' },
        header: undefined,
      },
      {
        settings: settings('combined', 'exchanges'),
        place: { kind: 'file', path: 'c.log', option: '--output' },
        header: undefined,
      },
      { settings: settings('json', 'messages'), sqlite: { path: 'd.sqlite' } },
      { settings: settings('json', 'exchanges'), sqlite: { directory: 'new/' } },
    ]);
  });

  test('look after daily files and daily databases as they are told, and after nothing else', () => {
    const outputs = outputsOf(
      ...['--rotate-size', '1MB', '--compress', 'gzip', '--keep-days', '3'],
      ...['--output', `path=${logs}`, '--output', 'sqlite=new/'],
      ...['--output', 'path=a.log', '--output', 'sqlite=b.sqlite'],
    );
    const upkeep = {
      rotateBytes: 1024 ** 2,
      compression: 'gzip',
      keepDays: 3,
      keepFiles: 0,
      diskBytesMax: 0,
    };
    expect(outputs.map(({ place, sqlite }) => place ?? sqlite)).toEqual([
      { kind: 'daily', directory: logs, suffix: 'log', option: '--output', upkeep },
      { directory: 'new/', upkeep },
      { kind: 'file', path: 'a.log', option: '--output' },
      { path: 'b.sqlite' },
    ]);
  });

  test('put -o out of action', () => {
    expect(outputsOf('-o', 'a.log', '--output', 'path=b.log').map(({ place }) => place)).toEqual([
      { kind: 'file', path: 'b.log', option: '--output' },
    ]);
  });

  test('in tsv name the header fields that any option asks for', () => {
    const [output] = outputsOf(
      ...['--output', 'format=tsv', '--output', 'format=template:{response.header.x-b},path=a'],
      ...['--header', 'X-A', '--header-filter', 'x-c=1'],
    );
    expect(output.header).toMatch(
      /^#fields\t.*\trequest_x-a\trequest_x-b\trequest_x-c\tresponse_x-a\t/m,
    );
  });

  test('are told in words', () => {
    const { outputs } = plan(
      ...['--output', 'path=-', '--output', 'path=a', '--output', 'path=b/'],
      ...['--output', 'sqlite=c', '--output', 'sqlite=d/'],
    );
    expect(outputs.map(describeTarget)).toEqual(['standard output', 'a', 'b/', 'c', 'd/']);
  });
});

describe('what contradicts itself is refused with exit code 2', () => {
  test.each([
    [['--records', 'exchanges'], 'text', 'messages', 'exchanges'],
    [['--records', 'messages', '--format', 'combined'], 'combined', 'exchanges', 'messages'],
    [['--output', 'format=audit,records=messages'], 'audit', 'exchanges', 'messages'],
    [['--records=messages', '--output=format=common,path=a'], 'common', 'exchanges', 'messages'],
    [['--output=format=json', '--output=records=exchanges'], 'text', 'messages', 'exchanges'],
  ])('%j', (argv, format, own, other) => {
    expect(planError(...argv)).toMatchObject({
      code: 'HTTPLOG_CONFIGURATION',
      exitCode: 2,
      message: `Format ${format} has lines of ${own}, not of ${other}`,
      hint: 'Leave --records out for it, or choose json, which has both',
    });
  });
});

describe('each format, of each kind of record', () => {
  const cases = FORMAT_NAMES.flatMap((format) => RECORDS_NAMES.map((records) => [format, records]));

  test.each(cases as [RecordFormatName, Records][])('%s of %s', (format, records) => {
    const text = format === 'template' ? 'template:{path}' : format;
    // Daily files have no end, which a document of `har` needs.
    const argv = ['--format', text, '--records', records, '-o', '-'];
    const kind = KINDS_BY_RECORDS[records];
    const options = { ...FORMAT_OPTIONS_DEFAULT, template: '{path}' };
    if (hasWriterOf(format, records)) {
      expect(plan(...argv).outputs[0].settings).toMatchObject({ format, records });
      expect(createWriter(format, kind, options).linesPerRecord).toBeGreaterThan(0);
    } else {
      expect(planError(...argv)).toMatchObject({
        exitCode: 2,
        message: `Format ${format} has lines of ${usualRecords(format)}, not of ${records}`,
      });
      expect(() => createWriter(format, kind, options)).toThrow('no lines of this kind');
    }
  });
});

describe('a document', () => {
  test('is a file, or standard output', () => {
    for (const path of ['a.har', '-']) {
      const { target } = plan('--format', 'har', '-o', path).outputs[0].target;
      expect(target).toMatchObject({ document: { closing: new Uint8Array(Buffer.from('}}\n')) } });
    }
    expect(plan('-o', '-').outputs[0].target.target).not.toHaveProperty('document.opening');
  });

  test.each([
    ['--format', 'har'],
    ['--output', `format=har,path=${logs}/`],
  ])('is not daily files: %s %s', (...argv) => {
    expect(planError(...argv)).toMatchObject({
      code: 'HTTPLOG_CONFIGURATION',
      exitCode: 2,
      message: 'Format har is one document, and daily files have no end to close it',
      hint: 'Name a file with -o FILE, or standard output with -o -',
    });
  });
});

describe('two outputs in one place are refused', () => {
  test.each([
    ['standard output', ['path=-,format=json', 'path=-']],
    [`${logs}/a`, [`path=${logs}/a,format=json`, `path=${logs}/./a`]],
    [`${logs}/a`, [`path=${logs}/a,format=json`, `sqlite=${logs}/a`]],
    [`${logs}/a`, [`sqlite=${logs}/a`, `sqlite=${logs}/../logs/a,records=messages`]],
    [`daily files *.json in ${logs}`, [`format=json,path=${logs}`, `format=json,path=${logs}/`]],
    ['daily files *.log in /log/httplog', ['format=text', 'records=messages']],
    [`daily files *.sqlite in ${logs}`, [`sqlite=${logs}/`, `sqlite=${logs}`]],
  ])('%s', (place, outputs) => {
    expect(planError(...outputs.map((output) => `--output=${output}`))).toMatchObject({
      code: 'HTTPLOG_CONFIGURATION',
      exitCode: 2,
      message: `Two outputs write to ${place}`,
      hint: 'Give each --output a path of its own, or daily files of different formats',
    });
  });

  test('but daily files of different formats share a directory', () => {
    const formats = ['text', 'json', 'ecs', 'otel', 'common', 'combined', 'combined-timed', 'tsv'];
    const outputs = formats.map((format) => `--output=format=${format},path=${logs}`);
    expect(new Set(outputsOf(...outputs).map(({ place }) => JSON.stringify(place))).size).toBe(8);
  });
});

describe('header fields', () => {
  const names = (count: number, prefix: string) =>
    Array.from({ length: count }, (_, index) => `${prefix}${index}`);

  test('of --header, templates and filters are looked for, each once', () => {
    const { headerNames } = plan(
      ...['--header', 'X-A', '--header-filter', 'x-b=1', '--header-filter', '!X-A'],
      ...['--format', 'template:{request.header.x-c}{response.header.X-B}'],
    );
    expect(headerNames).toEqual(['x-a', 'x-c', 'x-b']);
  });

  test('are as many as the limit altogether, and not one more', () => {
    const filters = names(HEADER_NAMES_MAX / 2, 'x-f').map((name) => `--header-filter=${name}`);
    const fields = names(HEADER_NAMES_MAX / 2, 'x-t').map((name) => `{request.header.${name}}`);
    const argv = [...filters, `--format=template:${fields.join(' ')}`];
    expect(plan(...argv).headerNames).toHaveLength(HEADER_NAMES_MAX);
    expect(planError(...argv, '--header', 'one-more')).toMatchObject({
      exitCode: 2,
      message: `${HEADER_NAMES_MAX + 1} header fields are named, allowed are ${HEADER_NAMES_MAX}`,
      hint: 'Those of --header, of --header-filter and of templates count together, each once',
    });
  });
});

describe('filters and redaction', () => {
  test('come from their options', () => {
    writeFileSync(join(directory, 'patterns.yaml'), "- name: ticket\n  pattern: 'T-[0-9]+'\n");
    writeFileSync(join(directory, 'key'), '0123456789abcdef\n');
    const { filter, redaction } = plan(
      ...['--status', '5xx,!503', '--slower-than', '500', '--sample', '7', '--include-path', '^/a'],
      ...['--query-mode', 'token=drop', '--redact', 'email'],
      ...['--redact-file', join(directory, 'patterns.yaml')],
      ...['--anonymize-ip', `hash:${join(directory, 'key')}`],
    );
    expect(filter).toMatchObject({
      statuses: [
        { first: 500, last: 599 },
        { first: 503, last: 503, isNegated: true },
      ],
      slowerThanMs: 500,
      sampleOneIn: 7,
      includePaths: [{ pattern: '^/a' }],
      excludePaths: [],
    });
    expect(redaction).toMatchObject({
      query: { byName: [['token', 'drop']] },
      patterns: ['email'],
      ownPatterns: [{ name: 'ticket', pattern: 'T-[0-9]+' }],
      addresses: { method: 'hash', key: Uint8Array.from(Buffer.from('0123456789abcdef')) },
    });
  });

  test('are told when their files are not there, with exit code 3', () => {
    const gone = join(directory, 'gone');
    expect(planError('--redact-file', gone)).toMatchObject({
      exitCode: 3,
      message: `Patterns file ${gone} is not there`,
    });
    expect(planError('--anonymize-ip', `hash:${gone}`)).toMatchObject({
      exitCode: 3,
      message: `Key file ${gone} is not there`,
    });
  });
});
