import { SETTING_OPTIONS } from '../config/option-table.ts';
import { DEFAULT_USER } from '../daemon/privileges.ts';

/** What the unit of a service depends on. All paths are absolute. */
export interface UnitSettings {
  program: string;
  /** The options of `httplog run`, a word each, not quoted. */
  args: readonly string[];
  /** Undefined: the usual service user. */
  user: string | undefined;
  writtenDirectories: readonly string[];
  /** Files besides the program that are only read. */
  readFiles: readonly string[];
}

/** Where the packages for distributions put the program. */
export const DEFAULT_PROGRAM = '/usr/bin/httplog';
/** Made by the unit for the service's user: a place for the socket of `--listen-admin`. */
export const RUNTIME_DIRECTORY = '/run/httplog';

/** The unit with nothing given: conf/httplog.service. */
export const DEFAULT_UNIT: UnitSettings = {
  program: DEFAULT_PROGRAM,
  args: [],
  user: undefined,
  writtenDirectories: ['/log/httplog'],
  readFiles: [],
};

const LINE_COLUMNS = 100;
/** Words that mean themselves in a unit; `%` and `$` do not. */
const PLAIN_WORD = /^[\w@+=:,./-]+$/;

const FIRST_START = `\
#
#   useradd --system --user-group --no-create-home --shell /usr/sbin/nologin ${DEFAULT_USER}
#   install -d -o ${DEFAULT_USER} -g ${DEFAULT_USER} -m 0750 /log/httplog
`;

/** Nothing of this is in the way of capture, of V8's compiler, of threads or of the files. */
const HARDENING = `\
# Nothing but what a capture needs. V8 compiles at run time: MemoryDenyWriteExecute= would end it.
# A packet socket is opened again when its interface comes back: PrivateNetwork= and PrivateUsers=
# would leave it without one, and ProcSubset=pid without the table of routes.
CapabilityBoundingSet=CAP_NET_RAW
AmbientCapabilities=CAP_NET_RAW
NoNewPrivileges=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectSystem=strict
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_PACKET AF_NETLINK AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
KeyringMode=private
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
UMask=0027
`;

/**
 * The text of a systemd unit, ended by a line feed.
 *
 * @see systemd.service(5), systemd.exec(5)
 */
export function renderSystemdUnit(settings: UnitSettings): string {
  const { program, args, user = DEFAULT_USER, writtenDirectories, readFiles } = settings;
  const command = [quoteWord(program), 'run', ...args.map(quoteArgument)].join(' ');
  const paths = [program, ...writtenDirectories, ...readFiles];
  const isWithin = (...tops: string[]) =>
    paths.some((path) => tops.some((top) => `${path}/`.startsWith(top)));
  return `\
# Runs httplog as a service; "httplog print-systemd" prints this for options of your own.
# It needs the user ${user}, who owns the directories of ReadWritePaths=.
${user === DEFAULT_USER ? FIRST_START : ''}
[Unit]
Description=httplog, writes down the HTTP messages that a network card sees
Documentation=man:httplog(8)
After=network.target

[Service]
# Ready when packets flow, or while the interface that they are to come from is down.
Type=notify
NotifyAccess=main
ExecStart=${command}
ExecReload=/bin/kill -HUP $MAINPID
User=${quoteWord(user)}
# httplog reads its own settings from this file itself, so that a reload sees what has changed in it.
# What they would be in the environment would hide that; what else is there (TZ, NODE_OPTIONS) counts.
# In a drop-in, give options to ExecStart=, or a file of its own with --config.
EnvironmentFile=-/etc/sysconfig/httplog
${renderUnsetEnvironment()}
# Exit codes 2 and 4 are a wrong configuration and a missing permission: a restart does not help.
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2 4
# Fed while the main thread and all decode workers go on, every ten seconds. What stands still for longer has
# lost packets by then; a standard error that takes nothing holds httplog up for one second.
WatchdogSec=30
# Longer than httplog's own deadline for what is still to be written.
TimeoutStopSec=30
RuntimeDirectory=httplog
RuntimeDirectoryMode=0750
${writtenDirectories.map((path) => `ReadWritePaths=${quoteWord(`-${path}`)}\n`).join('')}
${HARDENING}\
ProtectHome=${isWithin('/home/', '/root/', '/run/user/') ? 'read-only' : 'yes'}
PrivateTmp=${isWithin('/tmp/', '/var/tmp/') ? 'no' : 'yes'}

[Install]
WantedBy=multi-user.target
`;
}

function renderUnsetEnvironment(): string {
  const key = 'UnsetEnvironment=';
  const lines: string[] = [];
  let line = '';
  for (const { environment } of SETTING_OPTIONS) {
    if (line.length + environment.length >= LINE_COLUMNS) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? `${key}${environment}` : ` ${environment}`;
  }
  return [...lines, line].join('\n');
}

/** Only within a command line a `$` begins the name of a variable. */
function quoteArgument(word: string): string {
  return quoteWord(word).replaceAll('$', '$$$$');
}

/** One word of a unit: quoted with the escapes of C where it is more than plain, `%` doubled. */
export function quoteWord(word: string): string {
  if (PLAIN_WORD.test(word)) {
    return word;
  }
  const escaped = word
    .replace(/[\\"]/g, '\\$&')
    .replaceAll('%', '%%')
    .replace(/\p{Cc}/gu, escapeControl);
  return `"${escaped}"`;
}

/** C1 control characters are two bytes of UTF-8 each: the escape of their code point. */
function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
