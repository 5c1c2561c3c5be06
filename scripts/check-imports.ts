/**
 * Checks what no linter knows of this project: that imports in src flow with the data, that no files wait for
 * each other, that nothing is exported as default, and that files stay readable in length. One line for each
 * finding; exit code 1 if there is one. `scripts/rooms.ts` is the table behind it.
 *
 *     node scripts/check-imports.ts [DIRECTORY]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LAYER_CIRCLE, PURE_CAPTURE_FILES, ROOMS, type Room } from './rooms.ts';

const FILE_LINES_MAX = 300;
/** Files that are one table, which would not read better in pieces. */
const TABLE_FILES = /(^|\/)(limits|[a-z-]+-options|option-table)\.ts$/;

/** A statement's `from '...'`, an import for its effect, `import('...')`, `require('...')`. */
const IMPORT =
  /(?:^(?<statement>import|export)(?<type>\s+type\b)?[^;'"`]*?\bfrom\s*|^import\s*|\b(?:import|require)\(\s*)'(?<specifier>[^']+)'/gm;
const DEFAULT_EXPORT = /^export\s+default\b|^export\s*\{[^}]*\bas\s+default\b/m;

type Rooms = Readonly<Record<string, Room>>;

/** A file of src and what it imports. */
interface Source {
  path: string;
  text: string;
  imports: readonly Import[];
}

interface Import {
  specifier: string;
  /** The file of src that it names, or undefined: a module of Node or a package. */
  target: string | undefined;
}

/** The findings in a source directory, one sentence each, in the order of the files. */
export function checkSources(directory: string, rooms: Rooms = ROOMS): string[] {
  const sources = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => readSource(directory, path));
  return [...sources.flatMap((source) => checkFile(source, rooms)), ...checkCircles(sources)];
}

function readSource(directory: string, path: string): Source {
  const text = readFileSync(join(directory, path), 'utf8');
  const specifiers = new Set([...text.matchAll(IMPORT)].map(({ groups }) => groups?.specifier));
  const imports = [...specifiers].filter(isString).map((specifier) => ({
    specifier,
    target: specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : undefined,
  }));
  return { path, text, imports };
}

function isString(value: string | undefined): value is string {
  return value !== undefined;
}

function checkFile(source: Source, rooms: Rooms): string[] {
  const { path, text } = source;
  const roomName = findRoom(path, rooms);
  if (roomName === undefined) {
    const [folder] = path.split('/', 1);
    return [`${path} is in no room: add ${folder} to the table of scripts/rooms.ts`];
  }
  const findings = source.imports
    .map((each) => checkImport(path, roomName, each, rooms))
    .filter((finding) => finding !== undefined);
  if (DEFAULT_EXPORT.test(text)) {
    findings.push(`${path} has a default export: give it its name`);
  }
  const linesCount = text.split('\n').length - 1;
  if (linesCount > FILE_LINES_MAX && !TABLE_FILES.test(path)) {
    findings.push(`${path} has ${linesCount} lines, allowed are ${FILE_LINES_MAX}`);
  }
  return findings;
}

/** The row of a file: of `ship/nats/send.ts` it is `ship/nats` where there is one, else `ship`. */
function findRoom(path: string, rooms: Rooms): string | undefined {
  const parts = path.split('/');
  const names = parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
  return names.find((name) => Object.hasOwn(rooms, name));
}

/** What is wrong with an import, if anything is. */
function checkImport(
  path: string,
  roomName: string,
  each: Import,
  rooms: Rooms,
): string | undefined {
  const { specifier, target } = each;
  const room = rooms[roomName];
  const targetRoom = target && findRoom(target, rooms);
  if (target !== undefined) {
    const isAllowed =
      targetRoom === roomName ||
      // A door to `ship/` is none to `ship/nats/`, which is a room of its own.
      room.rooms.some((door) => door === target || door === `${targetRoom}/`);
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

/** Types count as well: files that need each other's types cannot be read one after the other. */
function checkCircles(sources: readonly Source[]): string[] {
  const isCircle = (files: readonly string[]): boolean =>
    files.length > 1 && !files.every((path) => LAYER_CIRCLE.has(path));
  return findCircles(sources)
    .filter(isCircle)
    .map((files) => `${files.sort().join(', ')}: these files wait for each other`);
}

/** Groups of files each of which reaches each other one (Tarjan's strongly connected components). */
function findCircles(sources: readonly Source[]): string[][] {
  const targetsOf = new Map(
    sources.map(({ path, imports }) => [path, imports.map(({ target }) => target)]),
  );
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (path: string): number => {
    let low = order.size;
    order.set(path, low);
    lowest.set(path, low);
    open.push(path);
    for (const target of targetsOf.get(path) ?? []) {
      if (target === undefined || !targetsOf.has(target)) {
        continue;
      }
      const reached = order.has(target)
        ? open.includes(target)
          ? (order.get(target) ?? low)
          : low
        : visit(target);
      low = Math.min(low, reached);
    }
    lowest.set(path, low);
    if (low === order.get(path)) {
      circles.push(open.splice(open.indexOf(path)));
    }
    return low;
  };
  for (const { path } of sources) {
    if (!order.has(path)) {
      visit(path);
    }
  }
  return circles;
}

if (import.meta.main) {
  const directory = process.argv[2] ?? fileURLToPath(new URL('../src', import.meta.url));
  const findings = checkSources(resolve(directory));
  for (const finding of findings) {
    console.error(finding);
  }
  process.exitCode = findings.length === 0 ? 0 : 1;
}
