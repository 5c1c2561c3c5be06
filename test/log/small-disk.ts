import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of its own that every user may enter. */
export function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'httplog-log-'));
  chmodSync(directory, 0o755);
  return directory;
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** Mounts a file system of 256 KiB in memory on a directory. */
export function mountSmallDisk(directory: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=755', 'httplog-test', directory]);
}

export function remount(directory: string, mode: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${mode}`, directory]);
}

export function unmountSmallDisk(directory: string): void {
  execFileSync('umount', ['-l', directory]);
}

/** Fills the disk with a file until only so many bytes are left; gives the path of that file. */
export function fillDisk(directory: string, leftByteLength: number): string {
  const { bavail, bsize } = statfsSync(directory);
  const path = join(directory, 'filler');
  writeFileSync(path, Buffer.alloc(bavail * bsize - leftByteLength));
  return path;
}

/** Why tests that mount cannot run here, or undefined where they can. */
export function findReasonNotToMount(): string | undefined {
  if (process.getuid?.() !== 0) {
    return 'mounting needs root';
  }
  const directory = makeDirectory();
  try {
    mountSmallDisk(directory);
    unmountSmallDisk(directory);
    return undefined;
  } catch {
    return 'this machine does not allow mounting';
  } finally {
    removeDirectory(directory);
  }
}
