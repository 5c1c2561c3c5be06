import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT, readProjectFile, readSources } from './source-files.ts';

const HOT_ROOMS = /^(capture|decode|exchange|filter|format|http|output|record|redact|stream)\//;

const sources = readSources();

const LIMITS_FILE = /^([a-z]+\/)?limits\.ts$/;

/** Those that rooms share, and each room's own. */
const limits: Record<string, number> = {};
for (const { path } of sources.filter(({ path }) => LIMITS_FILE.test(path))) {
  Object.assign(limits, await import(`../../src/${path}`));
}

/** The files whose code matches, so that a failure names them. */
function filesWith(pattern: RegExp, isMeant: (path: string) => boolean): string[] {
  return sources.filter(({ path, code }) => isMeant(path) && pattern.test(code)).map(pathOf);
}

function pathOf({ path }: { path: string }): string {
  return path;
}

describe('the sources', () => {
  test('are found', () => {
    expect(sources.map(pathOf)).toEqual(expect.arrayContaining(['cli/main.ts', 'limits.ts']));
  });

  test('leave the console alone, and the end of the process to src/cli', () => {
    expect(filesWith(/\bconsole\./, () => true)).toEqual([]);
    expect(filesWith(/\bprocess\s*\.\s*(exit\b|exitCode|abort)/, () => true)).toEqual([
      'cli/httplog.ts',
    ]);
  });

  test('know no chance, clock or process in the hot rooms', () => {
    const pattern = /\bMath\.random\b|\bDate\b|\bperformance\.now\b|\bhrtime\b|\bprocess\./;
    expect(filesWith(pattern, (path) => HOT_ROOMS.test(path))).toEqual([]);
    expect(filesWith(/\bMath\.random\b/, () => true)).toEqual([]);
  });

  test('have names in kebab case that say what is in them', () => {
    const paths = sources.map(pathOf);
    expect(paths.filter((path) => !/^([a-z0-9-]+\/){0,2}[a-z0-9-]+(\.d)?\.ts$/.test(path))).toEqual(
      [],
    );
    const vague = /^(utils?|common|helpers?|misc|shared|index)\.ts$/;
    expect(paths.filter((path) => vague.test(basename(path)))).toEqual([]);
  });

  test('have their limits in limits.ts, each under one name', () => {
    const names = sources
      .filter(({ path }) => LIMITS_FILE.test(path))
      .flatMap(({ code }) => [...code.matchAll(/^export const (\w+)/gm)].map(([, name]) => name));
    expect(names.length).toBeGreaterThan(100);
    expect(names.toSorted()).toEqual(Object.keys(limits).toSorted());
  });

  test.each(Object.keys(limits))('use the limit %s', (name) => {
    const users = filesWith(new RegExp(`\\b${name}\\b`), (path) => !LIMITS_FILE.test(path));
    expect(users).not.toEqual([]);
  });

  test('have a positive number for every limit', () => {
    const wrong = Object.entries(limits).filter(([, limit]) => !(limit > 0));
    expect(wrong).toEqual([]);
  });
});

describe('the tests', () => {
  test('mirror the rooms of src', () => {
    const beside = [
      'bench',
      'fixtures',
      'fuzz',
      'golden',
      'issues',
      'live',
      'scripts',
      'structure',
    ];
    const rooms = readdirSync(`${PROJECT}src`, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    const folders = readdirSync(`${PROJECT}test`, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(folders.filter((name) => ![...rooms, ...beside].includes(name))).toEqual([]);
  });
});

describe('the README', () => {
  const docsPages = readdirSync(`${PROJECT}docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  const readme = existsSync(`${PROJECT}README.md`) ? readProjectFile('README.md') : '';

  test('is there and has its parts', () => {
    expect(readme).toMatch(/^# httplog\n/);
    expect(readme).toContain('npm ci && npm run demo');
    expect(readme).toContain('npm ci && npm test');
    expect(readme).toContain('scripts/start_httplog.sh start');
  });

  test.each(['README.md', 'SECURITY.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...docsPages])(
    'names only files that are there: %s',
    (page) => {
      const links = [...readProjectFile(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)];
      const folder = dirname(`${PROJECT}${page}`);
      const missing = links.filter(([, path]) => !existsSync(join(folder, path)));
      expect(missing.map(([, path]) => path)).toEqual([]);
    },
  );

  test('has links to the pages, and the index of docs to every one', () => {
    const index = readProjectFile('docs/README.md');
    const others = docsPages.filter((page) => page !== 'docs/README.md');
    expect(others.length).toBeGreaterThan(15);
    expect(others.filter((page) => !index.includes(`](${basename(page)})`))).toEqual([]);
    expect(readme).toContain('](docs/README.md)');
  });
});

test('the CHANGELOG has a heading for what is new, or for the version of package.json', () => {
  const { version } = JSON.parse(readProjectFile('package.json'));
  const changelog = existsSync(`${PROJECT}CHANGELOG.md`) ? readProjectFile('CHANGELOG.md') : '';
  const headings = [...changelog.matchAll(/^## \[?([\w.]+)/gm)].map(([, name]) => name);
  expect(['Unreleased', version]).toContain(headings[0]);
});
