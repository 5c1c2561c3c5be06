import { resolve } from 'node:path';
import {
  EXIT_NOT_FOUND,
  EXIT_PERMISSION,
  EXIT_USAGE,
  type ExitCode,
  HttplogError,
  systemErrorName,
} from '../errors.ts';
import type { CommandName } from './command-names.ts';
import { CONFIGURATION_FILE_BYTES_MAX } from './limits.ts';
import { type Mistake, usageMistake, valueMistake } from './mistakes.ts';
import {
  describePath,
  type FileTrust,
  readTrustedFile,
  STARTED_BY_UID,
  TRUST_NAMED,
} from './trusted-file.ts';

/** Keys with another beginning belong to others who read the same file. */
export const ENVIRONMENT_PREFIX = 'HTTPLOG_';

/** One `HTTPLOG_*` line of a configuration file. */
export interface FileEntry {
  value: string;
  /** Counted from 1. */
  lineNumber: number;
}

export interface FileEntries {
  /** The file as messages call it. */
  name: string;
  /** By key; the last line of a key counts, as in a shell. */
  entries: Map<string, FileEntry>;
  /** Lines with another value than a later one of the same key. */
  replaced: { key: string; lineNumber: number; byLineNumber: number }[];
  mistakes: Mistake[];
  /** What the operator should know of it, as it was not named. */
  note?: string;
}

/** Where the reader of a value stands, and what it has gathered. */
interface ValueReader {
  readonly text: string;
  offset: number;
  value: string;
}

const SYSTEM_FILE = '/etc/sysconfig/httplog';
const LOCAL_FILE = './httplog.conf';

const ASSIGNMENT = /^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/;
const EXPORT_ONLY = /^export(?:[ \t]+[A-Za-z_][A-Za-z0-9_]*)+[ \t]*(?:#.*)?$/;
const NO_EXPANSION = 'holds a $ or a `, and nothing is expanded here: put it in single quotes';

/**
 * The commands that a file of the working directory may speak to: those that start a daemon or say how one
 * would start. Others are typed anywhere, in a directory of another user too.
 */
const LOCAL_FILE_COMMANDS: readonly CommandName[] = ['run', 'check-config', 'print-systemd'];

/** What {@link findConfigurationFile} needs to know, a part of the configuration's input. */
export interface FileSearch {
  commandLine: { command: CommandName; configurationFile?: string | undefined };
  directory: string;
  systemFile?: string;
  /** Whose files are believed besides root's; who started httplog, unless told otherwise. */
  callerUid?: number;
}

/** The file of `--config`, else the system's, else the one of the working directory, else no entries. */
export function findConfigurationFile(search: FileSearch): FileEntries {
  const { commandLine, directory, callerUid = STARTED_BY_UID } = search;
  const named = commandLine.configurationFile;
  if (named !== undefined) {
    const trust: FileTrust = { kind: 'named', callerUid };
    const file = readConfigurationFile(resolve(directory, named), named, trust);
    return isMissing(file) ? { ...file, mistakes: [missingFileMistake(named)] } : file;
  }
  const systemFile = search.systemFile ?? SYSTEM_FILE;
  const system = readConfigurationFile(systemFile, systemFile, {
    kind: 'found',
    isLinkAllowed: true,
    callerUid,
  });
  if (!isMissing(system) || !LOCAL_FILE_COMMANDS.includes(commandLine.command)) {
    return isMissing(system) ? { ...system, mistakes: [] } : system;
  }
  const trust: FileTrust = { kind: 'found', callerUid };
  const local = readConfigurationFile(resolve(directory, LOCAL_FILE), LOCAL_FILE, trust);
  const note = `Configuration file ${LOCAL_FILE} was read in ${describePath(directory)}`;
  return isMissing(local) ? { ...local, mistakes: [] } : { ...local, note };
}

function missingFileMistake(path: string): Mistake {
  const allowed = 'the path of a file that is there';
  const mistake = valueMistake('--config', path, 'option --config', allowed);
  return { ...mistake, exitCode: EXIT_NOT_FOUND };
}

function isMissing(file: FileEntries): boolean {
  return file.mistakes.some(({ exitCode }) => exitCode === EXIT_NOT_FOUND);
}

/**
 * Reads a file of shell `KEY=value` lines, or tells why it cannot be read: exit code 3 if it is not
 * there, 4 without permission or where others have a say in it.
 */
export function readConfigurationFile(
  path: string,
  name: string,
  trust: FileTrust = TRUST_NAMED,
): FileEntries {
  try {
    const bytes = readTrustedFile(path, trust, CONFIGURATION_FILE_BYTES_MAX + 1);
    if (bytes.length > CONFIGURATION_FILE_BYTES_MAX) {
      const allowed = `allowed are ${CONFIGURATION_FILE_BYTES_MAX} bytes`;
      return onlyMistake(name, `Configuration file ${name} is too large, ${allowed}`, EXIT_USAGE);
    }
    return parseConfigurationText(bytes.toString('utf8'), name);
  } catch (error) {
    if (error instanceof HttplogError) {
      const message = `Configuration file ${name} ${error.message}${adviseTrust(trust)}`;
      return onlyMistake(name, message, error.exitCode);
    }
    const reason = systemErrorName(error);
    if (reason === 'ENOENT' || reason === 'ENOTDIR') {
      return onlyMistake(name, `Configuration file ${name} is not there`, EXIT_NOT_FOUND);
    }
    if (reason === 'EACCES' || reason === 'EPERM') {
      return onlyMistake(
        name,
        `Configuration file ${name} must not be read (${reason})`,
        EXIT_PERMISSION,
      );
    }
    return onlyMistake(name, `Configuration file ${name} cannot be read (${reason})`, EXIT_USAGE);
  }
}

/** A reason for a named file says itself what to do. */
function adviseTrust({ kind, isLinkAllowed }: FileTrust): string {
  if (kind === 'named') {
    return '';
  }
  return isLinkAllowed === true
    ? ': chown it to root, chmod go-w it'
    : ': name it with --config, or start in another directory';
}

function onlyMistake(name: string, message: string, exitCode: ExitCode): FileEntries {
  return { name, entries: new Map(), replaced: [], mistakes: [{ message, exitCode }] };
}

/**
 * Reads shell `KEY=value` lines as a shell would, but expands nothing.
 *
 * An `export` before the key, quotes, blank lines, comments, a byte order mark and carriage returns are
 * taken; a line that is none of this is a mistake with its number.
 */
export function parseConfigurationText(text: string, name: string): FileEntries {
  const entries = new Map<string, FileEntry>();
  const replaced: FileEntries['replaced'] = [];
  const mistakes: Mistake[] = [];
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const where = `${name} line ${index + 1}`;
    const content = line.trim();
    if (content === '' || content.startsWith('#') || EXPORT_ONLY.test(content)) {
      continue;
    }
    const match = ASSIGNMENT.exec(content);
    if (match === null) {
      mistakes.push(usageMistake(`${where} is not of the form KEY=value, without spaces at the =`));
      continue;
    }
    const [, key, rest] = match;
    if (!key.startsWith(ENVIRONMENT_PREFIX)) {
      continue;
    }
    const reader: ValueReader = { text: rest, offset: 0, value: '' };
    const problem = readValue(reader);
    if (problem === undefined) {
      const before = entries.get(key);
      if (before !== undefined && before.value !== reader.value) {
        replaced.push({ key, lineNumber: before.lineNumber, byLineNumber: index + 1 });
      }
      entries.set(key, { value: reader.value, lineNumber: index + 1 });
    } else {
      mistakes.push(usageMistake(`${where}: ${key} ${problem}`));
    }
  }
  return { name, entries, replaced, mistakes };
}

/** Reads one shell word of plain and quoted pieces; gives what is wrong with it, if anything is. */
function readValue(reader: ValueReader): string | undefined {
  const { text } = reader;
  if (text.startsWith('~')) {
    return 'begins with ~, and nothing is expanded here: write the path in full';
  }
  while (reader.offset < text.length) {
    const character = text[reader.offset];
    if (character === ' ' || character === '\t') {
      return /^[ \t]+(#|$)/.test(text.slice(reader.offset))
        ? undefined
        : 'has a space in its value: put the value in quotes';
    }
    const problem = readPiece(reader, character);
    if (problem !== undefined) {
      return problem;
    }
  }
  return undefined;
}

function readPiece(reader: ValueReader, character: string): string | undefined {
  switch (character) {
    case "'":
      return readSingleQuoted(reader);
    case '"':
      return readDoubleQuoted(reader);
    case '\\':
      return readEscape(reader);
    case '$':
    case '`':
      return NO_EXPANSION;
    default:
      if (';&|<>()'.includes(character)) {
        return `has a ${character} in its value: put the value in quotes`;
      }
      reader.value += character;
      reader.offset += 1;
      return undefined;
  }
}

function readSingleQuoted(reader: ValueReader): string | undefined {
  const end = reader.text.indexOf("'", reader.offset + 1);
  if (end < 0) {
    return "has a ' without an end on the same line";
  }
  reader.value += reader.text.slice(reader.offset + 1, end);
  reader.offset = end + 1;
  return undefined;
}

/** Within double quotes a backslash escapes only what would be special there, as in a shell. */
function readDoubleQuoted(reader: ValueReader): string | undefined {
  const { text } = reader;
  let offset = reader.offset + 1;
  while (offset < text.length) {
    const character = text[offset];
    if (character === '"') {
      reader.offset = offset + 1;
      return undefined;
    }
    if (character === '$' || character === '`') {
      return NO_EXPANSION;
    }
    const next = text[offset + 1];
    if (character === '\\' && next !== undefined && '$`"\\'.includes(next)) {
      offset += 1;
    }
    reader.value += text[offset];
    offset += 1;
  }
  return 'has a " without an end on the same line';
}

function readEscape(reader: ValueReader): string | undefined {
  const escaped = reader.text[reader.offset + 1];
  if (escaped === undefined) {
    return 'ends with a backslash, and lines cannot be continued';
  }
  reader.value += escaped;
  reader.offset += 2;
  return undefined;
}
