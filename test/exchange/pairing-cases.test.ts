import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readProjectFile } from '../structure/source-files.ts';
import { asCaptured } from './conversation.ts';
import { expandRange, readSegments } from './read-case.ts';
import { type ExchangeLine, pairOf, runExchanges } from './run-exchanges.ts';

const CASES_URL = new URL('pairing-cases/', import.meta.url);

interface PairingCase {
  rule: string;
  /** Theme, rule and words. */
  title: string;
  /** By the word behind the fence. */
  blocks: Map<string, string>;
}

function readCases(file: string): PairingCase[] {
  const [head, ...rules] = readFileSync(new URL(file, CASES_URL), 'utf8').split(/^## /m);
  const theme = /^# (.*)$/m.exec(head)?.[1];
  return rules.flatMap((section) => {
    const [about, ...cases] = section.split(/^### /m);
    const rule = firstLine(about);
    return cases.map((text) => ({
      rule,
      title: `${theme} > ${rule} > ${firstLine(text)}`,
      blocks: new Map(
        [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, word, body]) => [word, body]),
      ),
    }));
  });
}

function firstLine(text: string): string {
  return text.slice(0, text.indexOf('\n'));
}

/** The exchange as the expectation writes it, with the fields that this one names. */
function describeLine(line: ExchangeLine, expected = ''): string {
  const values = line as unknown as Record<string, unknown>;
  const fields = [...expected.matchAll(/ (\w+)=/g)].map(
    ([, name]) => ` ${name}=${values[name] ?? '-'}`,
  );
  return `${pairOf(line)}${fields.join('')}`;
}

const files = readdirSync(CASES_URL).filter((file) => file !== 'README.md');
const allCases = files.flatMap(readCases);

describe('pairing cases', () => {
  it.each(allCases.map((one) => [one.title, one] as const))('%s', async (_title, { blocks }) => {
    const expected = (blocks.get('expect') as string).trimEnd().split('\n').flatMap(expandRange);
    const frames = asCaptured(readSegments(blocks.get('segments') as string));
    // As whenever exchanges are asked for.
    const { lines } = await runExchanges(frames, { isHeadCompleted: true });
    expect(lines.map((line, index) => describeLine(line, expected[index]))).toEqual(expected);
  });

  it('have segments and what to expect, and names of their own', () => {
    for (const { title, blocks } of allCases) {
      expect(title).not.toMatch(/^undefined/);
      expect([...blocks.keys()].join(), title).toBe('segments,expect');
    }
    expect(new Set(allCases.map(({ title }) => title)).size).toBe(allCases.length);
  });
});

describe('the rules', () => {
  const rules = [...new Set(allCases.map(({ rule }) => rule))].sort();
  const sources = readdirSync(new URL('../../src/exchange/', import.meta.url));
  const codes = sources.map((name) => [name, readProjectFile(`src/exchange/${name}`)]);

  it('have the same names in their cases, in the source, each once, and in the documentation', () => {
    expect(rules.length).toBeGreaterThan(30);
    const named = codes.flatMap(([, code]) => [...code.matchAll(/^ \* @rule (.*)$/gm)]);
    expect(named.map(([, name]) => name).sort()).toEqual(rules);
    const told = [...readProjectFile('docs/exchanges.md').matchAll(/\*\*([a-z-]+)\*\*/g)];
    expect(
      told
        .map(([, name]) => name)
        .filter((name) => name.includes('-'))
        .sort(),
    ).toEqual(rules);
  });

  it('see what is known of connections and exchanges through its accessors alone', () => {
    const owners = ['exchange-record.ts', 'exchange-state.ts', 'flow-state.ts'];
    const columns = ['flow-state.ts', 'exchange-state.ts'].flatMap((name) =>
      [
        ...readProjectFile(`src/exchange/${name}`).matchAll(/^ {2}readonly (\w+): \w+Array;$/gm),
      ].map(([, column]) => column),
    );
    expect(columns.length).toBeGreaterThan(25);
    const access = new RegExp(`\\b(flows|slots|state)\\.(${columns.join('|')})\\[`);
    const others = codes.filter(([name, code]) => !owners.includes(name) && access.test(code));
    expect(others.map(([name]) => name)).toEqual([]);
  });
});
