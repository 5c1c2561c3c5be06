import { isUtf8 } from 'node:buffer';
import {
  EXIT_NOT_FOUND,
  EXIT_PERMISSION,
  EXIT_RUNTIME,
  EXIT_USAGE,
  escapeCharacter,
  HttplogError,
  systemErrorName,
} from '../errors.ts';

/** How far a capture file was read when it failed. */
export interface ReadPosition {
  path: string;
  /** Packets given before. */
  packets: number;
  /** Where the record that failed begins, in bytes of the capture (after decompression). */
  recordOffset: number;
  /** `gzip`, `zstd`, or empty for a plain capture. */
  compression: string;
}

/** The name of a capture for messages, on one line whatever it holds; `-` is standard input. */
function captureName(path: string): string {
  return path === '-' ? 'Standard input' : path.replace(/\p{Cc}/gu, escapeCharacter);
}

/** The file could not be opened. */
export function openFailure(path: string, cause: unknown): HttplogError {
  const name = captureName(path);
  switch (systemErrorName(cause)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new HttplogError(`There is no capture file ${name}`, {
        code: 'HTTPLOG_CAPTURE_NOT_FOUND',
        exitCode: EXIT_NOT_FOUND,
        hint: 'Check the path',
        cause,
      });
    case 'EACCES':
    case 'EPERM':
      return new HttplogError(`${name} cannot be read: permission denied`, {
        code: 'HTTPLOG_CAPTURE_PERMISSION',
        exitCode: EXIT_PERMISSION,
        hint: 'Run as a user who may read the file and enter its directories',
        cause,
      });
    default:
      return new HttplogError(`${name} cannot be opened: ${reason(cause)}`, {
        code: 'HTTPLOG_CAPTURE_OPEN',
        exitCode: EXIT_RUNTIME,
        cause,
      });
  }
}

export function directoryGiven(path: string): HttplogError {
  return new HttplogError(`${captureName(path)} is a directory, not a capture file`, {
    code: 'HTTPLOG_CAPTURE_DIRECTORY',
    exitCode: EXIT_RUNTIME,
    hint: 'Name the capture files in it',
  });
}

export function terminalGiven(): HttplogError {
  return new HttplogError('Standard input is a terminal, not a capture', {
    code: 'HTTPLOG_CAPTURE_TERMINAL',
    exitCode: EXIT_USAGE,
    hint: 'Name a capture file, or pipe one in',
  });
}

export function emptyCapture(path: string): HttplogError {
  return new HttplogError(`${captureName(path)} is empty`, {
    code: 'HTTPLOG_CAPTURE_EMPTY',
    exitCode: EXIT_RUNTIME,
  });
}

/** `head` is what the file begins with; the first eight bytes of it are shown. */
export function notACapture(path: string, head: Uint8Array): HttplogError {
  const shown = Buffer.from(head.subarray(0, 8));
  const bytes = shown.toString('hex').replace(/..(?!$)/g, '$& ');
  const text = shown.toString('latin1');
  const quoted = isUtf8(shown) && /^[ -~]+$/.test(text) ? ` (${JSON.stringify(text)})` : '';
  return new HttplogError(
    `${captureName(path)} is not a capture file: it begins with ${bytes}${quoted}`,
    {
      code: 'HTTPLOG_CAPTURE_FORMAT',
      exitCode: EXIT_RUNTIME,
      hint: 'Captures are pcap or pcapng, plain or compressed with gzip or zstd',
    },
  );
}

/** A pcap or pcapng version that nobody can read for sure. */
export function unsupportedVersion(path: string, version: string): HttplogError {
  return new HttplogError(`${captureName(path)} has the unsupported version ${version}`, {
    code: 'HTTPLOG_CAPTURE_VERSION',
    exitCode: EXIT_RUNTIME,
    hint: 'Versions 2.x of pcap and 1.0 of pcapng can be read',
  });
}

/** The capture ends within a record. */
export function truncatedCapture(position: ReadPosition): HttplogError {
  return new HttplogError(
    `${captureName(position.path)} is cut short: ${packetsRead(position)}, and the record at ` +
      `${place(position)} is incomplete`,
    { code: 'HTTPLOG_CAPTURE_TRUNCATED', exitCode: EXIT_RUNTIME },
  );
}

/** The capture breaks its format's rules; `what` is a clause without a final period. */
export function damagedCapture(position: ReadPosition, what: string): HttplogError {
  return new HttplogError(
    `${captureName(position.path)} is damaged at ${place(position)}: ${what}; ` +
      `${packetsRead(position)}`,
    { code: 'HTTPLOG_CAPTURE_DAMAGED', exitCode: EXIT_RUNTIME },
  );
}

/** The bytes behind a capture failed: its compression, or the machine. */
export function readFailure(position: ReadPosition, cause: unknown): HttplogError {
  const name = captureName(position.path);
  const where = `${packetsRead(position)}, the next record begins at ${place(position)}`;
  const zlibCode = systemErrorName(cause);
  if (zlibCode === 'Z_BUF_ERROR') {
    return new HttplogError(
      `${name} is cut short: its ${position.compression} stream has no end; ${where}`,
      { code: 'HTTPLOG_CAPTURE_TRUNCATED', exitCode: EXIT_RUNTIME, cause },
    );
  }
  if (zlibCode.startsWith('Z')) {
    return new HttplogError(
      `${name} is damaged: its ${position.compression} stream is wrong (${reason(cause)}); ${where}`,
      { code: 'HTTPLOG_CAPTURE_DAMAGED', exitCode: EXIT_RUNTIME, cause },
    );
  }
  return new HttplogError(`${name} cannot be read on: ${reason(cause)}; ${where}`, {
    code: 'HTTPLOG_CAPTURE_READ',
    exitCode: EXIT_RUNTIME,
    cause,
  });
}

function packetsRead({ packets }: ReadPosition): string {
  return packets === 1 ? '1 packet was read' : `${packets} packets were read`;
}

function place({ recordOffset, compression }: ReadPosition): string {
  return `byte ${recordOffset}${compression === '' ? '' : ' of the decompressed capture'}`;
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
