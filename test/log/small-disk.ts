import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** A directory of its own that every user may enter. */
export function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'httplog-log-'));
  chmodSync(directory, 0o755);
  return directory;
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** Mounts a file system in memory on a directory. */
export function mountSmallDisk(directory: string, size = '256k'): void {
  const options = `size=${size},mode=755`;
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'httplog-test', directory]);
}

export function remount(directory: string, mode: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${mode}`, directory]);
}

/**
 * Mounts a real file system of 64 MiB, in a file of the other directory, on a directory. Unlike one in memory it
 * can be frozen (it takes no byte then, and gives no error), and turns read-only by an error.
 */
export function mountRealDisk(directory: string, imageDirectory: string): void {
  const image = join(imageDirectory, 'image');
  writeFileSync(image, '');
  truncateSync(image, 64 * 1024 * 1024);
  execFileSync('mkfs.ext4', ['-q', image]);
  execFileSync('mount', ['-o', 'loop,errors=remount-ro', image, directory]);
}

/** Makes the kernel find an error on a real disk. What it has is on it before. */
export function breakDisk(directory: string): void {
  execFileSync('sync', ['-f', directory]);
  const device = execFileSync('findmnt', ['-no', 'SOURCE', directory], { encoding: 'utf8' });
  writeFileSync(`/sys/fs/ext4/${basename(device.trim())}/trigger_fs_error`, '1');
}

export function freezeDisk(directory: string): void {
  execFileSync('fsfreeze', ['--freeze', directory]);
}

export function thawDisk(directory: string): void {
  execFileSync('fsfreeze', ['--unfreeze', directory]);
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

/** Why no real disk can be made and frozen here, or undefined where one can. */
export function findReasonForNoRealDisk(): string | undefined {
  const imageDirectory = makeDirectory();
  const directory = makeDirectory();
  try {
    mountRealDisk(directory, imageDirectory);
    freezeDisk(directory);
    thawDisk(directory);
    unmountSmallDisk(directory);
    return undefined;
  } catch {
    return 'this machine has no loop devices, mkfs.ext4 or fsfreeze';
  } finally {
    removeDirectory(directory);
    removeDirectory(imageDirectory);
  }
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
