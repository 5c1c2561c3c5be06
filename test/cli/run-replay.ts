import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PCAPS_URL } from '../fixtures/built-captures.ts';
import { type ProcessExit, runCommand } from '../live/child-process.ts';
import { runHttplog } from '../live/httplog-process.ts';
import { ownSettings } from '../live/own-settings.ts';

/** What the tests of the real command share: the command, captures with their lines, a folder to run in. */

export const PROGRAM = fileURLToPath(new URL('../../bin/httplog', import.meta.url));
/** For a shell: the command without this machine's own configuration. */
export const REPLAY = [PROGRAM, ...ownSettings(['replay'])].join(' ');
export const IPV4 = fixturePath('nginx-ipv4.pcap');
export const IPV6 = fixturePath('nginx-ipv6.pcap');
export const IPV4_LINES = goldenLines('nginx-ipv4.pcap');
export const IPV6_LINES = goldenLines('nginx-ipv6.pcap');
/** Of a pcap file. */
export const FILE_HEADER_LENGTH = 24;
export const TEXT = 'A page of text that nobody captured\n';

export const isRoot = process.getuid?.() === 0;

/** Every user may enter it; `text.txt` and `empty.pcap` are in it. */
export const folder = mkdtempSync(join(tmpdir(), 'httplog-command-'));
chmodSync(folder, 0o755);
writeTemporary('text.txt', Buffer.from(TEXT));
writeTemporary('empty.pcap', Buffer.alloc(0));
// Several files share it in one process.
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

export function fixturePath(file: string): string {
  return fileURLToPath(new URL(file, PCAPS_URL));
}

function goldenLines(file: string): string {
  return readFileSync(new URL(`../golden/lines/${file}.lines`, import.meta.url), 'utf8');
}

/** Writes a file into `folder`; gives its name there. */
export function writeTemporary(name: string, bytes: Uint8Array): string {
  writeFileSync(join(folder, name), bytes);
  return name;
}

/** Lines on standard output, unless the arguments say otherwise; run in `folder`. */
export function replay(files: readonly string[], ...args: string[]): Promise<ProcessExit> {
  const output = args.includes('-o') || args.includes('-d') ? [] : ['-o', '-'];
  return runHttplog(['replay', ...files, '--timezone', 'UTC', ...output, ...args], { cwd: folder });
}

/** As a user without privileges. */
export function runAsNobody(args: readonly string[]): Promise<ProcessExit> {
  const drop = ['--reuid', '65534', '--regid', '65534', '--clear-groups', '--bounding-set', '-all'];
  return isRoot
    ? runCommand('setpriv', [...drop, PROGRAM, ...ownSettings(args, false)], { cwd: folder })
    : runCommand(PROGRAM, ownSettings(args), { cwd: folder });
}
