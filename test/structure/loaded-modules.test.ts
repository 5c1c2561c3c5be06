import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT, readProjectFile } from './source-files.ts';

/** What a command loads when it starts: a way in or a way out that it does not use must not be among it. */

/** A statement that is there at run time: neither a type's, nor a call of `import`, which waits until it is needed. */
const STATIC_IMPORT =
  /^(?:import|export)\s+(?!type\b)[^;'"`]*?\bfrom\s*'([^']+)'|^import\s*'([^']+)'/gm;

interface Loaded {
  /** Of src, rooms or files of the ground, sorted. */
  rooms: string[];
  packages: string[];
  filesCount: number;
}

/** Everything that these files of src bring with them. */
function load(...entries: string[]): Loaded {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) {
      continue;
    }
    files.add(file);
    expect(existsSync(`${PROJECT}src/${file}`)).toBe(true);
    for (const [, from, effect] of readProjectFile(`src/${file}`).matchAll(STATIC_IMPORT)) {
      const specifier = from ?? effect;
      if (specifier.startsWith('.')) {
        waiting.push(normalize(join(dirname(file), specifier)));
      } else if (!specifier.startsWith('node:')) {
        packages.add(specifier);
      }
    }
  }
  const rooms = new Set([...files].map((file) => file.split('/')[0]));
  return { rooms: [...rooms].sort(), packages: [...packages].sort(), filesCount: files.size };
}

/** Files beside the rooms: bytes, words, errors. */
const isRoom = (name: string): boolean => !name.endsWith('.ts');

function roomsOf(loaded: Loaded): string[] {
  return loaded.rooms.filter(isRoom);
}

test('httplog -v loads the arguments and the version, and no package', () => {
  const loaded = load('cli/httplog.ts', 'admin/version.ts');
  expect(roomsOf(loaded)).toEqual(['admin', 'cli', 'config']);
  expect(loaded.packages).toEqual([]);
});

test('the main thread of httplog run loads no pairing, and one package', () => {
  const loaded = load(
    'cli/httplog.ts',
    'config/configuration.ts',
    'daemon/run-capture.ts',
    'daemon/signals.ts',
  );
  expect(roomsOf(loaded)).toEqual([
    'admin',
    'capture',
    'cli',
    'config',
    'counters',
    'daemon',
    'decode',
    'filter',
    'format',
    'http',
    'log',
    'output',
    'plan',
    'record',
    'redact',
    'system',
    'worker',
  ]);
  expect(loaded.packages).toEqual(['koffi']);
});

test('a decode worker loads packets and records, and nothing that controls', () => {
  const loaded = load('worker/live-worker.ts');
  expect(roomsOf(loaded)).toEqual([
    'capture',
    'counters',
    'decode',
    'exchange',
    'filter',
    'format',
    'http',
    'log',
    'output',
    'record',
    'redact',
    'system',
    'worker',
  ]);
  expect(loaded.packages).toEqual(['koffi']);
});
