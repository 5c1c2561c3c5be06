import { COMMANDS } from '../src/cli/command-table.ts';
import { EXIT_CODES, VALUE_RULES } from '../src/cli/help.ts';
import { findSpelling } from '../src/config/option-spellings.ts';
import { OPTION_GROUPS, OPTIONS, type Option } from '../src/config/option-table.ts';

const DESCRIPTION = [
  'httplog sniffs an interface and appends a line for each HTTP/1.x message that passes, or for each ' +
    'request with its response. It only listens: applications, proxies and the kernel stay as they are.',
  'Nothing is decrypted: put it behind the proxy that ends TLS. It needs root or CAP_NET_RAW, and ' +
    'as root becomes the user httplog where there is one.',
];

const SIGNALS = [
  [
    'TERM, INT',
    'Write everything that was captured, then end with exit code 0. A second one ends at once.',
  ],
  [
    'HUP',
    'Read the configuration again and reopen the files. What was taken over, and what needs a restart, is told.',
  ],
  ['USR1', 'Reopen the files, after a rotation by another program.'],
  ['USR2', 'Tell the statistics so far in the service log.'],
];

const FILES = [
  ['/etc/sysconfig/httplog', 'Configuration: shell KEY=value lines with the names of ENVIRONMENT.'],
  [
    './httplog.conf',
    'The same in the working directory, for a start where there is no /etc/sysconfig/httplog. ' +
      'Nobody but root and the caller may own or write it.',
  ],
  [
    '/log/httplog/http-YYYYMMDD.log',
    'The lines of a day, by the time of the packets. Numbered files of a day have .0002 and so on before .log.',
  ],
  ['/log/httplog/http-CQ-YYYYMMDD.log', 'With -log_split: the lines of one type.'],
  ['/run/httplog.pid', 'Pid file of the start script; HTTPLOG_PIDFILE names another one.'],
  ['/run/httplog.out', 'What a daemon of the start script says about itself.'],
  [
    '/run/httplog/',
    'A file for each daemon that runs, by which httplog status finds its admin server.',
  ],
];

/**
 * The manual page httplog(8), made from the tables of commands and options.
 *
 * @param version of httplog, for the foot of the page
 * @see groff_man(7)
 */
export function renderManual(version: string): string {
  const sections = [
    `.\\" Made from the tables of commands and options: node scripts/generate-conf.ts`,
    `.TH HTTPLOG 8 "" "httplog ${version}" "System Administration"`,
    '.SH NAME\nhttplog \\- write down the HTTP messages that a network card sees',
    `.SH SYNOPSIS\n${COMMANDS.map(({ usage }) => renderUsage(usage)).join('\n.br\n')}`,
    `.SH DESCRIPTION\n${DESCRIPTION.map(escapeText).join('\n.PP\n')}`,
    `.SH COMMANDS\n${COMMANDS.map(renderCommand).join('\n')}`,
    `.SH OPTIONS\n${VALUE_RULES.map(escapeText).join('\n')}`,
    ...OPTION_GROUPS.map(renderGroup),
    `.SH SIGNALS\nSignals to a live capture:\n${SIGNALS.map(renderRow).join('\n')}`,
    `.SH FILES\n${FILES.map(renderRow).join('\n')}`,
    `.SH ENVIRONMENT\n${renderEnvironment()}`,
    `.SH "EXIT STATUS"\n${EXIT_CODES.map(renderRow).join('\n')}`,
    `.SH EXAMPLES\n${COMMANDS.flatMap(({ examples }) => examples)
      .map(renderExample)
      .join('\n')}`,
    '.SH "SEE ALSO"\n.BR pcap-filter (7),\n.BR capabilities (7),\n.BR systemd.service (5),\n.BR logrotate (8)',
  ];
  return `${sections.join('\n')}\n`;
}

function renderUsage(usage: string): string {
  return `.B httplog\n${escapeText(usage)}`;
}

function renderCommand({ usage, summary, description }: (typeof COMMANDS)[number]): string {
  const sentences = [`${summary}.`, ...description].map(escapeText).join('\n');
  return `.TP\n.B ${quoteArgument(usage)}\n${sentences}`;
}

function renderGroup(group: (typeof OPTION_GROUPS)[number]): string {
  const members = OPTIONS.filter((option) => option.group === group);
  return [`.SS ${quoteArgument(group)}`, ...members.map(renderOption)].join('\n');
}

/** Flags, sentence, then what is allowed, the default and where else it can be set. */
function renderOption(option: Option): string {
  const { flags, placeholder, description, unit, environment, spelling, commands } = option;
  const names = flags.map((flag) => `\\fB${escapeWords(flag)}\\fR`).join(', ');
  const value = placeholder === undefined ? '' : ` \\fI${escapeWords(placeholder)}\\fR`;
  const facts = [
    `${description}.`,
    ...(environment === undefined ? [] : [`Allowed: ${findSpelling(spelling).allowed}.`]),
    ...(unit === undefined ? [] : [`Unit: ${unit}.`]),
    ...((option.default ?? option.unset) ? [`Default: ${option.default ?? option.unset}.`] : []),
    ...(environment === undefined ? [] : [`Environment: ${environment}.`]),
    `For ${commands.join(', ')}.`,
  ];
  return `.TP\n${names}${value}\n${facts.map(escapeText).join('\n')}`;
}

function renderEnvironment(): string {
  const rows = OPTIONS.flatMap(({ environment, flags }) =>
    environment === undefined
      ? []
      : [`.TP\n.B ${escapeWords(environment)}\nAs ${escapeWords(flags[0])}.`],
  );
  const rule =
    'An option of the command line counts before its variable, and that before the configuration file.';
  return [escapeText(rule), ...rows].join('\n');
}

function renderRow([name, meaning]: readonly string[]): string {
  const sentence = /[.]$/.test(meaning) ? meaning : `${meaning}.`;
  return `.TP\n.B ${quoteArgument(name)}\n${escapeText(sentence)}`;
}

function renderExample([line, meaning]: readonly [string, string]): string {
  return `.TP\n.B ${quoteArgument(line)}\n${escapeText(`${meaning}.`)}`;
}

/** A line of text: one that begins with a dot or an apostrophe would be a request. */
function escapeText(text: string): string {
  return escapeWords(text).replace(/^[.']/, '\\&$&');
}

/** Dashes, quotes and accents as they are typed, not as a printer would set them. */
function escapeWords(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('"', '\\(dq')
    .replaceAll('^', '\\(ha')
    .replaceAll('`', '\\(ga')
    .replaceAll('~', '\\(ti');
}

/** One argument of a macro. */
function quoteArgument(text: string): string {
  const escaped = escapeWords(text);
  return escaped.includes(' ') ? `"${escaped}"` : escaped;
}
