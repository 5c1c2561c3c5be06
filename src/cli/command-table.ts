import type { CommandName } from '../config/command-names.ts';

/** What help and the manual say about a command. */
export interface Command {
  name: CommandName;
  /** As it is typed, after `httplog`. */
  usage: string;
  /** One line without a final period, for the list of commands. */
  summary: string;
  /** Whole sentences, one line each. */
  description: readonly string[];
  /** What is typed, and what it does. */
  examples: readonly (readonly [line: string, meaning: string])[];
}

export const COMMANDS: readonly Command[] = [
  {
    name: 'run',
    usage: '[run] [OPTION...]',
    summary: 'Capture live and write the log; what httplog does if no command is named',
    description: [
      'Captures an interface until SIGTERM or SIGINT, and appends a line for each HTTP message.',
      'Needs root or the capability CAP_NET_RAW.',
    ],
    examples: [
      ['sudo httplog', 'port 80 of the default interface, to /log/httplog'],
      ['sudo httplog -i any -p 80,8000-8010 -o -', 'all interfaces, onto the terminal'],
    ],
  },
  {
    name: 'replay',
    usage: 'replay FILE... [OPTION...]',
    summary: 'Read capture files instead of an interface and write the same lines',
    description: [
      'Reads pcap and pcapng files, compressed by gzip or zstd too; - is standard input.',
      'Prints the lines, unless -o, -d or --output names another place for them.',
      'The lines of several files are written in the order of the arguments.',
    ],
    examples: [
      ['httplog replay day.pcap -p any', 'every HTTP message of a file, whatever its port'],
      ['tcpdump -i eth0 -U -w - | httplog replay -', 'packets of another program'],
    ],
  },
  {
    name: 'top',
    usage: 'top [OPTION...]',
    summary: 'Show the traffic as it passes: rate, status, slowest routes, busiest hosts',
    description: [
      'Captures as run would, on the interface and the ports of the same options, and writes no file.',
      'Draws what it has seen since the start; q ends it, r begins anew. Needs a terminal.',
      'Needs root or the capability CAP_NET_RAW.',
    ],
    examples: [
      ['sudo httplog top', 'port 80 of the default interface'],
      ['sudo httplog top -i any -p 80,8080 --status 5xx', 'what fails, on all interfaces'],
    ],
  },
  {
    name: 'demo',
    usage: 'demo [OPTION...]',
    summary: 'Show live capture on loopback, with a server and a client of its own',
    description: [
      'Needs nothing from outside, and reads neither the environment nor a configuration file.',
      'Without CAP_NET_RAW it replays a capture that comes with httplog.',
    ],
    examples: [['sudo httplog demo', 'lines of all four types, then the summary']],
  },
  {
    name: 'doctor',
    usage: 'doctor [-i NAME] [-p PORTS]',
    summary: 'Look at the network for five seconds, and tell why a run would see nothing',
    description: [
      'Reads the configuration as run would, looks at its interface and at all others, on every port,',
      'and tells what of HTTP there is, on which ports, what is encrypted, and which option shows it.',
      'Needs root or the capability CAP_NET_RAW, and some traffic meanwhile. Writes no file.',
      'Exit code 0 if a run would see messages, 1 if not.',
    ],
    examples: [['sudo httplog doctor -p 80', 'why -p 80 gives no line']],
  },
  {
    name: 'interfaces',
    usage: 'interfaces',
    summary: 'List the interfaces of this host, and which one is the default',
    description: ['Prints name, state, link type and addresses of each interface for -i.'],
    examples: [['httplog interfaces', 'the table']],
  },
  {
    name: 'check-config',
    usage: 'check-config [OPTION...]',
    summary: 'Print the effective value of every option and where it came from',
    description: [
      'Reads command line, environment and configuration file as run would, and starts nothing.',
      'Exit code 0 if a start would take them, 2 with every mistake if not.',
    ],
    examples: [
      ['httplog check-config', 'what httplog would start with'],
      ['httplog check-config --config new.conf', 'whether a file is right before it is used'],
    ],
  },
  {
    name: 'print-systemd',
    usage: 'print-systemd [OPTION...]',
    summary: 'Print a systemd unit that runs httplog with these options',
    description: [
      'The options are those of run, and stand in the unit as they are given; paths have to be absolute.',
      'Directories that the options and the configuration file name can be written to, all others not.',
    ],
    examples: [['httplog print-systemd -i eth0', 'the unit of a service that captures eth0']],
  },
  {
    name: 'status',
    usage: 'status [OPTION...]',
    summary: 'Tell whether httplog runs, and what it has done so far',
    description: [
      'Finds every daemon, however it was started, and asks its admin server if it has one.',
      '--listen-admin, or a pid file in HTTPLOG_PIDFILE, names one of them.',
      'Exit code 0 if httplog runs, 3 if it does not.',
    ],
    examples: [
      ['httplog status', 'all daemons of this machine'],
      ['httplog status --listen-admin 9090', 'packets, lines, drops and memory of one'],
    ],
  },
];

export function findCommand(name: CommandName): Command {
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) {
    throw new Error(`Command ${name} is missing in the table`);
  }
  return command;
}
