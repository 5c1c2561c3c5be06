import type { Settings } from './configuration.ts';
import type { FormatName } from './option-formats.ts';

export const COMMAND_NAMES = ['run', 'replay', 'demo', 'interfaces', 'check-config'] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

/** The sections of help and of the sample configuration file, in their order. */
export const OPTION_GROUPS = ['Capture', 'Lines and files', 'Service', 'General'] as const;
export type OptionGroup = (typeof OPTION_GROUPS)[number];

/**
 * One option, told once: parser, help, `check-config`, configuration schema and the sample file are all
 * made from these rows.
 */
export interface Option {
  key: keyof Settings | 'configurationFile' | 'version' | 'help';
  /** As they are written in help, the first one in messages; one dash or two are the same. */
  flags: readonly [string, ...string[]];
  /** Name in the environment and in the configuration file; options without one are no settings. */
  environment?: string;
  /** What stands for the value in help; a switch has none. */
  placeholder?: string;
  unit?: string;
  /** The default as it would be written in the configuration file; absent: the option is not set. */
  default?: string;
  /** What holds while the option is not set. */
  unset?: string;
  /** One sentence without a final period. */
  description: string;
  format: FormatName;
  /** The values of all its occurrences count, not only the last. */
  isRepeatable?: boolean;
  group: OptionGroup;
  commands: readonly CommandName[];
}

/** An option that has a value in {@link Settings}. */
export interface SettingOption extends Option {
  key: keyof Settings;
  environment: string;
}

const LIVE = ['run', 'check-config'] as const;
const LIVE_AND_REPLAY = ['run', 'replay', 'check-config'] as const;
const LIVE_AND_DEMO = ['run', 'demo', 'check-config'] as const;
const WITH_PACKETS = ['run', 'replay', 'demo', 'check-config'] as const;

export const OPTIONS: readonly Option[] = [
  {
    key: 'interfaceName',
    flags: ['-i'],
    environment: 'HTTPLOG_DEVICE',
    placeholder: 'NAME',
    unset: 'the interface of the default route',
    description: 'Interface to capture from; any = all of them',
    format: 'interface',
    group: 'Capture',
    commands: LIVE,
  },
  {
    key: 'ports',
    flags: ['-p'],
    environment: 'HTTPLOG_PORT',
    placeholder: 'PORTS',
    default: '80',
    description: 'TCP ports of the HTTP servers: one, a list such as 80,8080,8000-8010, or any',
    format: 'ports',
    group: 'Capture',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'filter',
    flags: ['-f'],
    environment: 'HTTPLOG_FILTER',
    placeholder: 'EXPR',
    unset: 'the ports of -p',
    description: 'Packets to look at, as a tcpdump expression that takes the place of -p',
    format: 'text',
    group: 'Capture',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'localNetworks',
    flags: ['--local'],
    environment: 'HTTPLOG_LOCAL',
    placeholder: 'ADDR|CIDR',
    unset: 'the addresses of this host; in replay none',
    description:
      'Address or network that counts as this host when a line gets its type; can be repeated',
    format: 'networks',
    isRepeatable: true,
    group: 'Capture',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'methods',
    flags: ['--methods'],
    environment: 'HTTPLOG_METHODS',
    placeholder: 'LIST|all',
    default: 'GET,HEAD,POST,PUT,DELETE,CONNECT,OPTIONS,TRACE,PATCH',
    description: 'Methods that begin a request; all = those that IANA has registered',
    format: 'methods',
    group: 'Capture',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'completeHeads',
    flags: ['--complete-heads'],
    environment: 'HTTPLOG_COMPLETE_HEADS',
    default: 'false',
    description:
      'Put a head that does not end in its first segment together from the following ones',
    format: 'switch',
    group: 'Capture',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'tunnels',
    flags: ['--tunnels'],
    environment: 'HTTPLOG_TUNNELS',
    default: 'false',
    description: "Let packets within tunnels pass the kernel's filter; a replay always opens them",
    format: 'switch',
    group: 'Capture',
    commands: LIVE,
  },
  {
    key: 'vxlanPorts',
    flags: ['--vxlan-port'],
    environment: 'HTTPLOG_VXLAN_PORT',
    placeholder: 'PORTS',
    unset: '4789 and 8472 only',
    description: 'UDP ports of VXLAN besides the usual ones',
    format: 'udp-ports',
    group: 'Capture',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'snaplen',
    flags: ['-s'],
    environment: 'HTTPLOG_SNAPLEN',
    placeholder: 'BYTES',
    unit: 'bytes',
    default: '1560',
    description: 'Bytes kept of each packet, 0 or less = 65535; in replay only when it is given',
    format: 'snaplen',
    group: 'Capture',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'ringMegabytes',
    flags: ['-b'],
    environment: 'HTTPLOG_BUFSIZE',
    placeholder: 'MB',
    unit: 'MB',
    default: '8',
    description: 'Size of the packet ring that the kernel fills, one for each decode worker',
    format: 'ring-size',
    group: 'Capture',
    commands: LIVE,
  },
  {
    key: 'packetCountMax',
    flags: ['-c'],
    environment: 'HTTPLOG_COUNT',
    placeholder: 'N',
    unit: 'packets',
    default: '-1',
    description: 'Stop after this many packets; -1 or 0 = go on for ever',
    format: 'packet-count',
    group: 'Capture',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'workers',
    flags: ['-cpu'],
    environment: 'HTTPLOG_CPUNO',
    placeholder: 'N',
    unit: 'threads',
    default: '1',
    description:
      'Decode workers with a thread and a ring each; in replay, files at once (else one a core)',
    format: 'workers',
    group: 'Capture',
    commands: WITH_PACKETS,
  },
  {
    key: 'engine',
    flags: ['--engine'],
    environment: 'HTTPLOG_ENGINE',
    placeholder: 'afpacket|libpcap',
    default: 'afpacket',
    description: "Capture engine: the kernel's packet ring, or the libpcap of this machine",
    format: 'engine',
    group: 'Capture',
    commands: LIVE_AND_DEMO,
  },
  {
    key: 'promiscuous',
    flags: ['--promisc'],
    environment: 'HTTPLOG_PROMISC',
    default: 'false',
    description: 'Put the interface into promiscuous mode, for a mirror port',
    format: 'switch',
    group: 'Capture',
    commands: LIVE,
  },
  {
    key: 'directory',
    flags: ['-d'],
    environment: 'HTTPLOG_DIR',
    placeholder: 'DIR',
    default: '/log/httplog',
    description: 'Directory of the daily log files; it has to exist',
    format: 'path',
    group: 'Lines and files',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'outputPath',
    flags: ['-o'],
    environment: 'HTTPLOG_OUTPUT',
    placeholder: 'FILE|-',
    unset: 'daily files in the directory of -d',
    description: 'Write all lines to one file, or to standard output with -',
    format: 'output',
    group: 'Lines and files',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'splitByType',
    flags: ['-log_split'],
    environment: 'HTTPLOG_LOG_SPLIT',
    default: 'false',
    description: 'Write four daily files, one for each of CQ, CR, SQ and SR, instead of one',
    format: 'switch',
    group: 'Lines and files',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'addVlan',
    flags: ['-add_vlan'],
    environment: 'HTTPLOG_ADD_VLAN',
    default: 'false',
    description: 'End the line of a tagged packet with vlan=ID, or vlan=OUTER.INNER',
    format: 'switch',
    group: 'Lines and files',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'timezone',
    flags: ['--timezone'],
    environment: 'HTTPLOG_TIMEZONE',
    placeholder: 'ZONE',
    default: 'local',
    description:
      'Time zone of the lines and of the daily files: local, UTC, or a name like Asia/Seoul',
    format: 'timezone',
    group: 'Lines and files',
    commands: WITH_PACKETS,
  },
  {
    key: 'logEvery',
    flags: ['-log_every'],
    environment: 'HTTPLOG_LOG_EVERY',
    placeholder: 'N',
    unit: 'packets',
    default: '10000',
    description:
      'Look at the loss counters every N packets and report them if they grew; 0 = never',
    format: 'log-every',
    group: 'Service',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'serviceLogDirectory',
    flags: ['--service-log'],
    environment: 'HTTPLOG_SERVICE_LOG',
    placeholder: 'DIR',
    unset: 'standard error',
    description: 'Directory for daily files of what httplog has to say about itself',
    format: 'path',
    group: 'Service',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'quiet',
    flags: ['--quiet'],
    environment: 'HTTPLOG_QUIET',
    default: 'false',
    description: 'Leave out progress, summary and notes; warnings and errors are still told',
    format: 'switch',
    group: 'Service',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'cpuProfilePath',
    flags: ['-cpuprofile'],
    environment: 'HTTPLOG_CPUPROFILE',
    placeholder: 'FILE',
    unset: 'no profile',
    description: 'Write a V8 CPU profile that Chrome DevTools opens',
    format: 'path',
    group: 'Service',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'configurationFile',
    flags: ['--config'],
    placeholder: 'FILE',
    unset: '/etc/sysconfig/httplog, else ./httplog.conf, where there is one',
    description: 'Configuration file of shell KEY=value lines to read instead of the usual one',
    format: 'path',
    group: 'General',
    commands: LIVE_AND_REPLAY,
  },
  {
    key: 'version',
    flags: ['-v', '--version'],
    description: 'Print the version and exit',
    format: 'switch',
    group: 'General',
    commands: COMMAND_NAMES,
  },
  {
    key: 'help',
    flags: ['-h', '--help'],
    description: 'Print help, of one command if one is named, and exit',
    format: 'switch',
    group: 'General',
    commands: COMMAND_NAMES,
  },
];

/** The rows that have a value in {@link Settings}, in the order of the table. */
export const SETTING_OPTIONS: readonly SettingOption[] = OPTIONS.filter(
  (option): option is SettingOption => option.environment !== undefined,
);
