import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixturePath, replay } from '../cli/run-replay.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';
import { PROJECT, readProjectFile } from '../structure/source-files.ts';

/** What the documents say that other programs make of our lines, and those programs. */

const noJq = missingTool('jq');
const noLnav = missingTool('lnav');
const CAPTURE = fixturePath('browser.pcap');
const LNAV_FORMAT = 'conf/lnav/httplog.json';

const home = mkdtempSync(join(tmpdir(), 'httplog-programs-'));
const textFile = join(home, 'http.log');
const jsonFile = join(home, 'http.json');
const harFile = join(home, 'http.har');

beforeAll(async () => {
  writeFileSync(textFile, (await replay([CAPTURE], '-p', 'any')).stdout);
  writeFileSync(jsonFile, (await replay([CAPTURE], '-p', 'any', '--format', 'json')).stdout);
  writeFileSync(harFile, (await replay([CAPTURE], '-p', 'any', '--format', 'har')).stdout);
});

afterAll(() => rmSync(home, { recursive: true }));

interface JqExample {
  file: string;
  options: string[];
  program: string;
}

/** Every `jq '...'` of the documents, as it stands there. */
function findJqExamples(): JqExample[] {
  const files = ['README.md', ...readdirSync(`${PROJECT}docs`).map((name) => `docs/${name}`)];
  return files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      [...readProjectFile(file).matchAll(/\bjq ((?:-\w+ )*)'([^']+)'/g)].map(
        ([, options, program]) => ({ file, options: options.split(' ').filter(Boolean), program }),
      ),
    );
}

describe.skipIf(noJq)(titleWithReason('jq', noJq), () => {
  const examples = findJqExamples();

  test('has examples', () => {
    expect(examples.length).toBeGreaterThanOrEqual(4);
  });

  test.each(examples)('takes what $file says: $program', ({ options, program }) => {
    const file = program.includes('.log.entries') ? harFile : jsonFile;
    const { status, stderr } = spawnSync('jq', [...options, program, file]);
    expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  });

  test('finds what the examples look for', () => {
    const count = (filter: string) =>
      Number(execFileSync('jq', ['-s', `map(select(${filter})) | length`, jsonFile]).toString());
    expect(count('.status >= 400')).toBe(2);
    expect(count('.duration_ms >= 0')).toBe(18);
  });
});

describe('the format of lnav', () => {
  const formats = JSON.parse(readProjectFile(LNAV_FORMAT));

  test('has expressions that match every line, each in one way', () => {
    const patterns = Object.values<{ pattern: string }>(formats.httplog_text.regex).map(
      ({ pattern }) => new RegExp(pattern),
    );
    const folder = new URL('../golden/lines/', import.meta.url);
    const lines = readdirSync(folder).flatMap((file) =>
      readFileSync(new URL(file, folder), 'utf8').trimEnd().split('\n'),
    );
    expect(lines.length).toBeGreaterThan(100);
    const wrong = lines.filter((line) => patterns.filter((one) => one.test(line)).length !== 1);
    expect(wrong).toEqual([]);
  });

  test('names keys that json has', () => {
    const lines = readFileSync(jsonFile, 'utf8').trimEnd().split('\n');
    const keys = new Set(lines.flatMap((line) => Object.keys(JSON.parse(line))));
    const seldom = ['type', 'query', 'incomplete'];
    const named = Object.keys(formats.httplog_json.value);
    expect(named.filter((name) => !keys.has(name) && !seldom.includes(name))).toEqual([]);
    expect(readProjectFile('docs/formats-json.md')).toContain('`incomplete`');
  });

  describe.skipIf(noLnav)(titleWithReason('in lnav itself', noLnav), () => {
    const run = (...args: string[]) =>
      spawnSync('lnav', args, { encoding: 'utf8', env: { ...process.env, HOME: home } });
    const query = (file: string, sql: string) =>
      run('-n', '-c', `;${sql}`, '-c', ':write-csv-to -', file).stdout.trimEnd().split('\n')[1];

    beforeAll(() => {
      const folder = join(home, '.lnav/formats/httplog');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'httplog.json'), readProjectFile(LNAV_FORMAT));
    });

    test('is right, with its samples', () => {
      expect(run('-C')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    });

    test('takes the questions of the document', () => {
      const questions = [
        ...readProjectFile('docs/log-format.md').matchAll(
          /lnav -n -c ';(.+)' http-\d+\.(log|json)/g,
        ),
      ];
      expect(questions).toHaveLength(2);
      for (const [, sql, ending] of questions) {
        expect(query(ending === 'log' ? textFile : jsonFile, sql)).toMatch(/^[^,]+,\d+/);
      }
    });

    test('reads text', () => {
      const sql = 'SELECT count(*), sum(status = 404), max(log_level) FROM httplog_text';
      expect(query(textFile, sql)).toBe('36,2,warning');
    });

    test('reads json', () => {
      const sql =
        "SELECT count(*), sum(status = 404), sum(host = 'www.example.com') FROM httplog_json";
      expect(query(jsonFile, sql)).toBe('18,2,18');
    });
  });
});
