import { access, accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EXIT_PERMISSION, EXIT_USAGE, HttplogError } from '../errors.ts';
import { describeSystemError } from '../log/write-fault.ts';
import {
  emptyBoundingSet,
  findUser,
  forbidNewPrivileges,
  keepCapabilities,
  keepNetRawOnly,
  layDownNetRaw,
  type UserIds,
} from '../system/privileges.ts';

/** A user that is not the one httplog was started by. */
export interface OtherUser extends UserIds {
  name: string;
}

/** What Node's types leave out. */
type ProcessWithGroups = typeof process & {
  /** The user's groups as this host's databases have them, and the given one. */
  initgroups(user: string, extraGroup: number): void;
};

/** What a package's installation may make; a start as root then drops to it without being told. */
export const DEFAULT_USER = 'httplog';
const ROOT_UID = 0;

/**
 * The user to become, or undefined to stay the one there is.
 *
 * @param name of `--user`; undefined: `httplog` where there is such a user
 * @throws HttplogError with exit code 2 when there is no such user, 4 when only root could become it
 */
export function chooseUser(name: string | undefined): OtherUser | undefined {
  const ownUid = process.getuid?.();
  if (name === undefined && ownUid !== ROOT_UID) {
    return undefined;
  }
  const ids = findUser(name ?? DEFAULT_USER);
  if (ids === undefined) {
    if (name === undefined) {
      return undefined;
    }
    throw new HttplogError(`There is no user ${name}`, {
      code: 'HTTPLOG_USER_UNKNOWN',
      exitCode: EXIT_USAGE,
      hint: 'Name a user of this host with --user, or make one with useradd --system',
    });
  }
  if (ids.uid === ownUid) {
    return undefined;
  }
  if (ownUid !== ROOT_UID) {
    throw new HttplogError(`Only root can become user ${name}`, {
      code: 'HTTPLOG_USER_PERMISSION',
      exitCode: EXIT_PERMISSION,
      hint: 'Start as root, or leave --user out to stay who you are',
    });
  }
  return { ...ids, name: name ?? DEFAULT_USER };
}

/**
 * Becomes the user for good, in every thread. CAP_NET_RAW is kept, because an interface that comes back needs
 * a new socket: by this thread, not in effect, for the decode workers that it starts afterwards, which take it
 * up. Threads that are there already (V8's, libuv's) keep no capability. A start that is not root's keeps what
 * its threads were given; libuv's and those of databases get CAP_NET_RAW out of effect. Nothing that is started
 * can get more, in either case.
 *
 * @throws HttplogError with exit code 4 when this is not permitted or the user cannot read the program itself
 */
export function dropPrivileges(user: OtherUser | undefined): void {
  if (user !== undefined) {
    startThreadPool();
    becomeUser(user);
    checkProgramIsReadable(user);
  } else if (process.getuid?.() !== ROOT_UID) {
    layDownNetRaw();
    startThreadPool();
  }
  if (!forbidNewPrivileges(process.arch) && user !== undefined) {
    throw createDropError(user, 'the kernel refuses no_new_privs');
  }
}

/** libuv starts all threads of its pool with the first task, and waits until they are there. */
function startThreadPool(): void {
  access('/', () => undefined);
}

function becomeUser(user: OtherUser): void {
  emptyBoundingSet();
  if (!keepCapabilities()) {
    throw createDropError(user, 'the kernel refuses to keep CAP_NET_RAW');
  }
  try {
    // In this order: after the last one the others are not permitted any more.
    (process as ProcessWithGroups).initgroups(user.name, user.gid);
    process.setgid?.(user.gid);
    process.setuid?.(user.uid);
  } catch (error) {
    throw createDropError(user, describeSystemError(error), error);
  }
  if (!keepNetRawOnly()) {
    throw createDropError(user, 'CAP_NET_RAW is not among the capabilities of this start');
  }
}

/** Workers and other parts are loaded later, and by that user. */
function checkProgramIsReadable({ name }: OtherUser): void {
  const path = fileURLToPath(import.meta.url);
  try {
    accessSync(path, constants.R_OK);
  } catch (cause) {
    throw new HttplogError(`User ${name} cannot read httplog itself: ${path}`, {
      code: 'HTTPLOG_USER_PERMISSION',
      exitCode: EXIT_PERMISSION,
      hint: 'Install it where every user can read it, or stay root with --user root',
      cause,
    });
  }
}

function createDropError({ name }: OtherUser, reason: string, cause?: unknown): HttplogError {
  return new HttplogError(`Cannot become user ${name}: ${reason}`, {
    code: 'HTTPLOG_USER_PERMISSION',
    exitCode: EXIT_PERMISSION,
    hint: 'Start with CAP_SETUID, CAP_SETGID and CAP_NET_RAW, or stay root with --user root',
    cause,
  });
}

/**
 * A sentence for the one who started httplog as root, where it stays root unasked. Making a user is not for a program that is started from a checkout, which that user may not even read.
 *
 * @param name of `--user`
 * @param user who is become
 */
export function describeStayingRoot(
  name: string | undefined,
  user: OtherUser | undefined,
): string[] {
  if (process.getuid?.() !== ROOT_UID || name !== undefined || user !== undefined) {
    return [];
  }
  return [
    `httplog stays root: there is no user ${DEFAULT_USER} for it to become. Make one` +
      ` (useradd --system --user-group --no-create-home --shell /usr/sbin/nologin ${DEFAULT_USER}) who owns the` +
      ' log directory, name another one with --user, or say with --user root that this is meant',
  ];
}

/** What is closed to the user says so: the one who started httplog is another, and may well have access. */
export function explainForUser(error: unknown, user: OtherUser | undefined): unknown {
  if (
    user === undefined ||
    !(error instanceof HttplogError) ||
    error.exitCode !== EXIT_PERMISSION
  ) {
    return error;
  }
  return new HttplogError(`${error.message}; httplog runs as user ${user.name}`, {
    code: error.code,
    exitCode: error.exitCode,
    hint: `Give it to that user (chown -R ${user.name}), or stay root with --user root`,
    cause: error,
  });
}
