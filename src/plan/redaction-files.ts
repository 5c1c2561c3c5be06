import type { AddressOption } from '../config/filter-spellings.ts';
import { quoteValue } from '../config/mistakes.ts';
import { readTrustedFile, TRUST_NAMED } from '../config/trusted-file.ts';
import {
  EXIT_NOT_FOUND,
  EXIT_PERMISSION,
  EXIT_RUNTIME,
  EXIT_USAGE,
  HttplogError,
  systemErrorName,
} from '../errors.ts';
import { HASH_KEY_BYTES } from '../keyed-hash.ts';
import { lateCrypto } from '../late-modules.ts';
import { lateYaml } from '../late-packages.ts';
import { KEY_BYTES_MIN, PATTERN_LENGTH_MAX, PATTERN_STEPS_MAX } from '../limits.ts';
import { countPatternSteps } from '../pattern-steps.ts';
import { isRedactionPattern } from '../redact/own-patterns.ts';
import {
  type AddressAnonymization,
  type OwnPattern,
  RESERVED_PATTERN_NAMES,
} from '../redact/redaction-settings.ts';
import { explainRegularExpression } from '../regular-expression.ts';
import { KEY_BYTES_MAX, OWN_PATTERNS_MAX, PATTERNS_FILE_BYTES_MAX } from './limits.ts';

/** Longer than any address, so that no hash of an address is this key. */
const ID_KEY_LABEL = 'httplog: the ids of exchanges';
/** Of ids that nobody but this process is to make again; one for all times that the settings are read. */
let ownIdKey: Uint8Array | undefined;
const PATTERN_NAME = /^[a-z0-9_-]{1,32}$/;

/**
 * Reads a file of patterns of one's own: a YAML list of `name` and `pattern`.
 *
 * @throws HttplogError `HTTPLOG_PATTERNS_FILE`: exit code 3 when it is not there, 4 without permission, 2
 * when it holds something else
 */
export function readOwnPatterns(path: string): OwnPattern[] {
  const subject = `Patterns file ${path}`;
  const code = 'HTTPLOG_PATTERNS_FILE';
  const bytes = readBounded(path, subject, code, PATTERNS_FILE_BYTES_MAX);
  const list = parseYaml(bytes.toString('utf8'), subject, code);
  if (!Array.isArray(list) || list.length > OWN_PATTERNS_MAX) {
    throw unusable(`${subject} is not a list of up to ${OWN_PATTERNS_MAX} patterns`, code);
  }
  const patterns = list.map((entry, index) =>
    readPattern(entry, `${subject}, pattern ${index + 1}`, code),
  );
  const names = patterns.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw unusable(`${subject} has the name ${twice} twice`, code);
  }
  return patterns;
}

function readPattern(entry: unknown, subject: string, code: string): OwnPattern {
  const { name, pattern } = isRecord(entry) ? entry : {};
  if (typeof name !== 'string' || typeof pattern !== 'string') {
    throw unusable(`${subject} has no name and pattern, which are texts`, code);
  }
  if (!PATTERN_NAME.test(name) || RESERVED_PATTERN_NAMES.includes(name)) {
    throw unusable(
      `${subject} cannot be called ${quoteValue(name)}, allowed are up to 32 of a-z, 0-9, _ and -, and no name that is taken: ${RESERVED_PATTERN_NAMES.join(', ')}`,
      code,
    );
  }
  const steps = pattern.length > PATTERN_LENGTH_MAX ? 0 : countPatternSteps(pattern);
  if (steps > PATTERN_STEPS_MAX) {
    throw unusable(
      `${subject} has ${steps} steps, allowed are ${PATTERN_STEPS_MAX}: repeat less`,
      code,
    );
  }
  const fault = pattern.length > PATTERN_LENGTH_MAX ? undefined : explainRegularExpression(pattern);
  if (fault !== undefined) {
    throw unusable(
      `${subject} cannot be ${quoteValue(pattern)}, it is no regular expression of RE2: ${fault}`,
      code,
    );
  }
  if (pattern.length > PATTERN_LENGTH_MAX || !isRedactionPattern(pattern)) {
    throw unusable(
      `${subject} cannot be ${quoteValue(pattern)}, allowed is a regular expression in RE2's syntax of up to ${PATTERN_LENGTH_MAX} characters that an empty text does not match`,
      code,
    );
  }
  return { name, pattern };
}

function parseYaml(text: string, subject: string, code: string): unknown {
  // Loaded when there is a file: its eighty modules would be read at each start.
  const { parse } = lateYaml();
  try {
    return parse(text);
  } catch (error) {
    // Behind the first line stands the place in the text, which a colon announces.
    const [reason] = error instanceof Error ? error.message.split(/:?\n/) : [];
    throw unusable(`${subject} is not YAML: ${reason ?? 'it cannot be read'}`, code, error);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * Reads the key of hashed addresses, if there is one to read. A line end behind it is no part of it. Ids have
 * a key that is made of it; without a file theirs is by chance, since who knows it can try all addresses.
 *
 * @throws HttplogError `HTTPLOG_KEY_FILE`: exit code 3 when it is not there, 4 without permission, 2 when it
 * is too short or too long
 */
export function readAddressAnonymization(
  option: AddressOption | undefined,
): AddressAnonymization | undefined {
  if (option === undefined) {
    return undefined;
  }
  if (option.method === 'truncate') {
    ownIdKey ??= Uint8Array.from(lateCrypto().randomBytes(HASH_KEY_BYTES));
    return { method: 'truncate', idKey: ownIdKey };
  }
  const subject = `Key file ${option.keyFile}`;
  const code = 'HTTPLOG_KEY_FILE';
  const bytes = readBounded(option.keyFile, subject, code, KEY_BYTES_MAX);
  const key = Uint8Array.from(bytes.subarray(0, findKeyEnd(bytes)));
  if (key.length < KEY_BYTES_MIN) {
    throw new HttplogError(`${subject} has ${key.length} bytes, needed are ${KEY_BYTES_MIN}`, {
      code,
      exitCode: EXIT_USAGE,
      hint: 'Make a key with openssl rand -hex 32, readable for httplog alone',
    });
  }
  const digest = lateCrypto().createHmac('sha256', key).update(ID_KEY_LABEL).digest();
  return { method: 'hash', key, idKey: Uint8Array.from(digest.subarray(0, HASH_KEY_BYTES)) };
}

function findKeyEnd(bytes: Uint8Array): number {
  const end = bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length;
  return end < bytes.length && end > 0 && bytes[end - 1] === 0x0d ? end - 1 : end;
}

/** The whole file, which an option has named. */
function readBounded(path: string, subject: string, code: string, bytesMax: number): Buffer {
  let bytes: Buffer;
  try {
    bytes = readTrustedFile(path, TRUST_NAMED, bytesMax + 1);
  } catch (error) {
    throw unreadable(subject, code, error);
  }
  if (bytes.length > bytesMax) {
    throw unusable(`${subject} is too large, allowed are ${bytesMax} bytes`, code);
  }
  return bytes;
}

function unreadable(subject: string, code: string, cause: unknown): HttplogError {
  if (cause instanceof HttplogError) {
    const { exitCode, message } = cause;
    return new HttplogError(`${subject} ${message}`, { code, exitCode, cause });
  }
  const reason = systemErrorName(cause);
  if (reason === 'ENOENT' || reason === 'ENOTDIR') {
    return new HttplogError(`${subject} is not there`, {
      code,
      exitCode: EXIT_NOT_FOUND,
      hint: 'Name a file that is there',
      cause,
    });
  }
  const isDenied = reason === 'EACCES' || reason === 'EPERM';
  return new HttplogError(`${subject} cannot be read (${reason})`, {
    code,
    exitCode: isDenied ? EXIT_PERMISSION : reason === 'EISDIR' ? EXIT_USAGE : EXIT_RUNTIME,
    hint: isDenied ? 'Let the user of httplog read it' : 'Name a file that can be read',
    cause,
  });
}

function unusable(message: string, code: string, cause?: unknown): HttplogError {
  const hint = 'See docs/filters-and-redaction.md for what is allowed';
  return new HttplogError(message, { code, exitCode: EXIT_USAGE, hint, cause });
}
