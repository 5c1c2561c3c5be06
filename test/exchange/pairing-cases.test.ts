import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readProjectFile } from '../structure/source-files.ts';
import { readAllCases, runCase } from './pairing-cases.ts';

const allCases = readAllCases();

describe('pairing cases', () => {
  it.each(allCases.map((one) => [one.title, one] as const))('%s', async (_title, one) => {
    const { expected, found } = await runCase(one);
    expect(found).toEqual(expected);
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
    const owners = [
      'exchange-record',
      'exchange-state',
      'flow-state',
      'holes',
      'lead-bytes',
      'turn-sides',
    ];
    const columns = ['flow-state.ts', 'exchange-state.ts'].flatMap((name) =>
      [
        ...readProjectFile(`src/exchange/${name}`).matchAll(/^ {2}readonly (\w+): \w+Array;$/gm),
      ].map(([, column]) => column),
    );
    expect(columns.length).toBeGreaterThan(25);
    const access = new RegExp(`\\b(flows|slots|state)\\.(${columns.join('|')})\\[`);
    const others = codes.filter(
      ([name, code]) => !owners.includes(name.replace('.ts', '')) && access.test(code),
    );
    expect(others.map(([name]) => name)).toEqual([]);
  });
});
