import koffi from 'koffi';

/** The C library's calls around users and capabilities that Node does not have. */
const libc = koffi.load('libc.so.6');

const prctl = libc.func(
  'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
);
const capset = libc.func('int capset(const void *header, const void *data)');
const capget = libc.func('int capget(const void *header, void *data)');
const seccomp = libc.func(
  'long syscall(long number, unsigned int operation, unsigned int flags, const void *program)',
);
const getpwnam = libc.func('void *getpwnam(const char *name)');
const exit = libc.func('void _exit(int code)');

/** linux/prctl.h */
const PR_SET_KEEPCAPS = 8;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;

/** linux/capability.h */
const CAPABILITY_VERSION_3 = 0x20080522;
const CAP_NET_RAW = 13;
const NET_RAW_BIT = 1 << CAP_NET_RAW;
/** struct __user_cap_data_struct twice, for capabilities 0 to 31 and the rest: effective, permitted, inheritable. */
const EFFECTIVE = 0;
const PERMITTED = 1;
/** Capabilities have 64 bits; the kernel refuses those that it does not know. */
const CAPABILITIES_COUNT = 64;

/** linux/seccomp.h; the number of the system call by architecture. */
const SECCOMP_NUMBERS: Readonly<Record<string, number>> = { x64: 317, arm64: 277 };
const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_TSYNC = 1;
/** Without it older kernels slow the whole process down, against a leak that this filter has no part in. */
const SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4;
/** BPF_RET | BPF_K, in a struct sock_filter. */
const BPF_RETURN = 6;
const SECCOMP_RET_ALLOW = 0x7fff0000;

/** struct passwd: two pointers, then pw_uid and pw_gid. */
const PASSWD_UID_OFFSET = 16;
const PASSWD_GID_OFFSET = 20;

export interface UserIds {
  uid: number;
  gid: number;
}

/** The user of that name and its main group, from wherever this host keeps its users. */
export function findUser(name: string): UserIds | undefined {
  const entry = getpwnam(name);
  return entry === null
    ? undefined
    : {
        uid: koffi.decode(entry, PASSWD_UID_OFFSET, 'uint32_t'),
        gid: koffi.decode(entry, PASSWD_GID_OFFSET, 'uint32_t'),
      };
}

/** This thread's capabilities outlast its next change of user, permitted though not effective. */
export function keepCapabilities(): boolean {
  return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) === 0;
}

/** No program that this thread and its children start can be given a capability by its file. */
export function emptyBoundingSet(): void {
  for (let capability = 0; capability < CAPABILITIES_COUNT; capability++) {
    // Without CAP_SETPCAP nothing can be taken away, and what the kernel does not know is not there.
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/**
 * Leaves this thread, and those that it starts from now on, CAP_NET_RAW alone, and that one not in effect: who
 * needs it takes it up.
 *
 * @returns false when it was not permitted that capability
 */
export function keepNetRawOnly(): boolean {
  return capset(thisThread(), Uint32Array.of(0, NET_RAW_BIT, 0, 0, 0, 0)) === 0;
}

/** Puts CAP_NET_RAW out of effect in this thread and those that it starts; other capabilities stay. */
export function layDownNetRaw(): void {
  const sets = readCapabilities();
  sets[EFFECTIVE] &= ~NET_RAW_BIT;
  capset(thisThread(), sets);
}

/** Puts CAP_NET_RAW into effect in this thread, where it is permitted; who opens a socket says if it is not. */
export function takeUpNetRaw(): void {
  const sets = readCapabilities();
  sets[EFFECTIVE] |= sets[PERMITTED] & NET_RAW_BIT;
  capset(thisThread(), sets);
}

function readCapabilities(): Uint32Array {
  const sets = new Uint32Array(6);
  capget(thisThread(), sets);
  return sets;
}

function thisThread(): Uint32Array {
  return Uint32Array.of(CAPABILITY_VERSION_3, 0);
}

/**
 * Sets no_new_privs in every thread of the process. prctl does so for this one alone, and V8 has started
 * others before any code of ours; a filter of system calls that lets all of them pass takes them along.
 *
 * @param architecture as `process.arch` has it
 */
export function forbidNewPrivileges(architecture: string): boolean {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) {
    return false;
  }
  const instruction = Buffer.alloc(8);
  instruction.writeUInt16LE(BPF_RETURN, 0);
  instruction.writeUInt32LE(SECCOMP_RET_ALLOW, 4);
  // struct sock_fprog: unsigned short len, padding, struct sock_filter *filter.
  const program = Buffer.alloc(16);
  program.writeUInt16LE(1, 0);
  program.writeBigUInt64LE(koffi.address(instruction), 8);
  const number = SECCOMP_NUMBERS[architecture];
  const flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  return number !== undefined && seccomp(number, SECCOMP_SET_MODE_FILTER, flags, program) === 0;
}

/** Ends the process here and now: nothing is waited for, flushed or closed. */
export function exitAtOnce(code: number): void {
  exit(code);
}
