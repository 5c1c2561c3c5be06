import { existsSync } from 'node:fs';
import { networkInterfaces, userInfo } from 'node:os';
import { type HttplogProcess, listHttplogProcesses } from '../admin/process.ts';
import type { AdminAddress } from '../config/admin-address.ts';
import { systemErrorName } from '../errors.ts';
import { findUser } from '../system/privileges.ts';
import { DEFAULT_USER } from './privileges.ts';
import { type DaemonState, readStates } from './state-file.ts';

/** A daemon that runs. */
export interface RunningDaemon {
  pid: number;
  /** Undefined: the kernel does not show it to this user. */
  process: HttplogProcess | undefined;
  userName: string;
  /** Where its admin server may be asked. */
  admin: AdminAddress | undefined;
}

/**
 * All daemons that run and that this user can know of, however they were started. A process counts when it is
 * root's, this user's, of the user httplog, or may capture: another one that only looks like httplog does not.
 *
 * @param isRun whether arguments behind the program are those of a daemon
 */
export function findRunningDaemons(
  environment: Readonly<Record<string, string | undefined>>,
  isRun: (args: readonly string[]) => boolean,
): RunningDaemon[] {
  const trustedUids = [0, process.getuid?.() ?? 0, findUser(DEFAULT_USER)?.uid];
  const states = readStates(environment);
  const seen = listHttplogProcesses()
    .filter(({ uid, canCapture }) => canCapture || trustedUids.includes(uid))
    .filter(({ args }) => isRun(args))
    .map((found) => ({
      pid: found.pid,
      process: found,
      userName: nameUser(found.uid),
      admin: findAdmin(found, states),
    }));
  const hidden = states.filter(
    ({ pid, uid }) => trustedUids.includes(uid) && isHidden(pid) && !isSeen(seen, pid),
  );
  return [...seen, ...hidden.map(describeHidden)].sort((one, other) => one.pid - other.pid);
}

/** Whether processes of other users can be seen: /proc may be mounted with hidepid. */
export function canSeeAllProcesses(): boolean {
  return existsSync('/proc/1/stat');
}

/** What a process has said of itself: a file of its user's that names it and the moment it has started. */
function findAdmin(
  { pid, uid, startTicks }: HttplogProcess,
  states: readonly DaemonState[],
): AdminAddress | undefined {
  const own = states.find(
    (state) => state.pid === pid && state.startTicks === startTicks && state.uid === uid,
  );
  return own?.admin !== undefined && isOfThisHost(own.admin) ? own.admin : undefined;
}

/** Nobody is sent to ask another machine. */
function isOfThisHost(address: AdminAddress): boolean {
  if (address.kind === 'socket') {
    return true;
  }
  const { host } = address;
  const addresses = Object.values(networkInterfaces()).flatMap((list = []) => list);
  const isLoopback = host === '::1' || host.startsWith('127.');
  const isAny = host === '0.0.0.0' || host === '::';
  return isLoopback || isAny || addresses.some((known) => known.address === host);
}

function isSeen(daemons: readonly RunningDaemon[], pid: number): boolean {
  return daemons.some((daemon) => daemon.pid === pid);
}

/** There, and not shown: what has a capability is hidden from its own user, too. */
function isHidden(pid: number): boolean {
  if (existsSync(`/proc/${pid}/stat`)) {
    return false;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorName(error) === 'EPERM';
  }
}

function describeHidden({ pid, uid, admin }: DaemonState): RunningDaemon {
  const isLocal = admin !== undefined && isOfThisHost(admin);
  const userName = nameUser(uid);
  return { pid, process: undefined, userName, admin: isLocal ? admin : undefined };
}

function nameUser(uid: number): string {
  if (uid === 0) {
    return 'root';
  }
  if (findUser(DEFAULT_USER)?.uid === uid) {
    return DEFAULT_USER;
  }
  try {
    return uid === process.getuid?.() ? userInfo().username : `${uid}`;
  } catch {
    // A user without a name.
    return `${uid}`;
  }
}
