import type { Stats } from 'node:fs';

/** Whose a file is, and who may write to it. @see inode(7) */

export const ROOT_UID = 0;
export const ROOT_GID = 0;
export const EVERYBODY_WRITES = 0o002;
export const GROUP_WRITES = 0o020;
const STICKY = 0o1000;

/** Of these users, or root's, who can do what they can. */
export function belongsToOrRoot({ uid }: Pick<Stats, 'uid'>, userId: number | undefined): boolean {
  return uid === ROOT_UID || uid === userId;
}

/** Of a directory: only owners may rename or delete what is in it, whoever may write to it. */
export function isSticky({ mode }: Pick<Stats, 'mode'>): boolean {
  return (mode & STICKY) !== 0;
}

/** Whether some of these writers, `EVERYBODY_WRITES` or `GROUP_WRITES`, may replace what is in the directory. */
export function isReplaceable(directory: Pick<Stats, 'mode'>, writers: number): boolean {
  return (directory.mode & writers) !== 0 && !isSticky(directory);
}
