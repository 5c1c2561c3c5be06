/**
 * Checks what no linter knows of this project: that imports in src flow with the data, that nothing is
 * exported as default, and that files stay readable in length. One line for each finding; exit code 1 if
 * there is one.
 *
 *     node scripts/check-imports.ts [DIRECTORY]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the files of a room may import besides each other. */
interface Room {
  /** Whole rooms (`worker/`), or single files of them: records, tables and constants (`capture/frame.ts`). */
  rooms: readonly string[];
  /** Modules of Node without `node:`; the hot rooms know no file, clock, logger or process. */
  node: readonly string[] | 'any';
  packages: readonly string[];
}

/**
 * The rooms of src in the direction of the data: capture -> decode -> exchange -> format -> log. A data room knows the
 * records of the rooms before it, only worker sees all stages, daemon sees workers, cli sees daemon.
 * Nobody imports cli.
 */
const ROOMS: Readonly<Record<string, Room>> = {
  capture: {
    rooms: ['errors.ts', 'limits.ts'],
    node: ['buffer', 'fs', 'net', 'stream', 'tty', 'util', 'zlib'],
    packages: ['koffi'],
  },
  decode: {
    rooms: ['capture/frame.ts', 'capture/link-types.ts', 'bytes.ts', 'limits.ts', 'words.ts'],
    node: [],
    packages: [],
  },
  exchange: {
    rooms: [
      'bytes.ts',
      'capture/frame.ts',
      'decode/big-endian.ts',
      'decode/body-length.ts',
      'decode/http-grammar.ts',
      'decode/http-message.ts',
      'decode/message-type.ts',
      'decode/segment.ts',
      'limits.ts',
      'words.ts',
    ],
    node: [],
    packages: [],
  },
  format: {
    rooms: [
      'bytes.ts',
      'capture/frame.ts',
      'exchange/exchange.ts',
      'decode/http-grammar.ts',
      'decode/http-message.ts',
      'decode/message-type.ts',
      'decode/segment.ts',
      'limits.ts',
      'words.ts',
    ],
    node: [],
    packages: [],
  },
  filter: {
    rooms: [
      'bytes.ts',
      'decode/http-grammar.ts',
      'decode/http-message.ts',
      'exchange/exchange.ts',
      'limits.ts',
      'regular-expression.ts',
    ],
    node: [],
    packages: [],
  },
  redact: {
    rooms: [
      'bytes.ts',
      'decode/http-grammar.ts',
      'decode/http-message.ts',
      'exchange/exchange.ts',
      'exchange/start-line.ts',
      'limits.ts',
      'regular-expression.ts',
    ],
    node: ['buffer', 'crypto'],
    packages: [],
  },
  log: {
    rooms: ['format/line-batch.ts', 'errors.ts', 'limits.ts'],
    node: [
      'fs',
      'fs/promises',
      'path',
      'sqlite',
      'stream/promises',
      'timers/promises',
      'util',
      'worker_threads',
      'zlib',
    ],
    packages: [],
  },
  worker: {
    rooms: [
      'capture/',
      'decode/',
      'exchange/',
      'filter/',
      'redact/',
      'format/',
      'log/',
      'errors.ts',
      'limits.ts',
    ],
    node: ['fs/promises', 'inspector/promises', 'worker_threads'],
    packages: ['luxon'],
  },
  daemon: {
    rooms: [
      'worker/',
      'log/',
      'capture/libc-datagram.ts',
      'capture/libc-privileges.ts',
      'capture/libc-signals.ts',
      'capture/head-filter.ts',
      'capture/link-types.ts',
      'capture/port-filter.ts',
      'exchange/exchange.ts',
      'exchange/exchange-counts.ts',
      'filter/',
      'redact/',
      'format/',
      'decode/http-grammar.ts',
      'decode/other-protocol.ts',
      'decode/verdicts.ts',
      'errors.ts',
      'limits.ts',
    ],
    node: 'any',
    packages: ['cli-progress', 'convict', 'luxon', 'pino', 'pino-roll', 'piscina', 'yaml'],
  },
  cli: { rooms: ['daemon/', 'errors.ts', 'limits.ts'], node: 'any', packages: [] },
  'bytes.ts': { rooms: [], node: [], packages: [] },
  'errors.ts': { rooms: [], node: [], packages: [] },
  'limits.ts': { rooms: [], node: [], packages: [] },
  'regular-expression.ts': { rooms: [], node: ['module'], packages: ['re2js'] },
  'words.ts': { rooms: [], node: [], packages: [] },
};

/** Files of capture that work on bytes alone, so that they can be tested without a network card. */
const PURE_CAPTURE_FILES: ReadonlySet<string> = new Set([
  'capture/bpf-assembler.ts',
  'capture/bpf-code.ts',
  'capture/bpf-interpreter.ts',
  'capture/default-filter.ts',
  'capture/frame.ts',
  'capture/link-types.ts',
  'capture/port-filter.ts',
  'capture/tpacket-v3.ts',
]);

const FILE_LINES_MAX = 300;
/** Files that are one table, which would not read better in pieces. */
const TABLE_FILES: ReadonlySet<string> = new Set(['daemon/option-table.ts', 'limits.ts']);

/** A statement's `from '...'`, an import for its effect, `import('...')`, `require('...')`. */
const IMPORT =
  /(?:^(?:import|export)\b[^;'"`]*?\bfrom\s*|^import\s*|\b(?:import|require)\(\s*)'([^']+)'/gm;
const DEFAULT_EXPORT = /^export\s+default\b|^export\s*\{[^}]*\bas\s+default\b/m;

/** The findings in a source directory, one sentence each, in the order of the files. */
export function checkSources(directory: string): string[] {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return paths
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .flatMap((path) => checkFile(path, readFileSync(join(directory, path), 'utf8')));
}

function checkFile(path: string, text: string): string[] {
  const findings = findImports(text)
    .map((specifier) => checkImport(path, specifier))
    .filter((finding) => finding !== undefined);
  if (DEFAULT_EXPORT.test(text)) {
    findings.push(`${path} has a default export: give it its name`);
  }
  const linesCount = text.split('\n').length - 1;
  if (linesCount > FILE_LINES_MAX && !TABLE_FILES.has(path)) {
    findings.push(`${path} has ${linesCount} lines, allowed are ${FILE_LINES_MAX}`);
  }
  return findings;
}

/** What a file imports, each once, types and imports at run time included. */
function findImports(text: string): string[] {
  return [...new Set([...text.matchAll(IMPORT)].map(([, specifier]) => specifier))];
}

/** What is wrong with an import, if anything is. */
function checkImport(path: string, specifier: string): string | undefined {
  const roomName = path.split('/', 1)[0];
  const room = ROOMS[roomName];
  if (room === undefined) {
    return `${path} is in no room: add ${roomName} to the table of scripts/check-imports.ts`;
  }
  if (specifier.startsWith('.')) {
    const target = normalize(join(dirname(path), specifier));
    const isAllowed =
      target.startsWith(`${roomName}/`) ||
      room.rooms.some((door) => (door.endsWith('/') ? target.startsWith(door) : target === door));
    return isAllowed ? undefined : `${path} -> ${target}: ${roomName} must not know it`;
  }
  if (PURE_CAPTURE_FILES.has(path)) {
    return `${path} -> ${specifier}: this file works on bytes alone`;
  }
  const isAllowed = specifier.startsWith('node:')
    ? room.node === 'any' || room.node.includes(specifier.slice('node:'.length))
    : room.packages.includes(packageName(specifier));
  return isAllowed ? undefined : `${path} -> ${specifier}: not for ${roomName}`;
}

/** `pino` of `pino/file`, `@scope/name` of `@scope/name/file`. */
function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

if (import.meta.main) {
  const directory = process.argv[2] ?? fileURLToPath(new URL('../src', import.meta.url));
  const findings = checkSources(resolve(directory));
  for (const finding of findings) {
    console.error(finding);
  }
  process.exitCode = findings.length === 0 ? 0 : 1;
}
