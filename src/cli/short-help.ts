import { alignColumns } from './text-table.ts';

/** What people do with httplog, most often first: what is typed, and what comes of it. */
export const ERRANDS: readonly (readonly [line: string, meaning: string])[] = [
  ['sudo httplog -o -', 'lines of port 80, as they pass'],
  ['sudo httplog -o - --format short', 'a line an exchange: status, latency'],
  ['sudo httplog -i any -p 80,8080 -o -', 'all interfaces, several ports'],
  ['sudo httplog -o - --status 5xx', 'what failed, and nothing else'],
  ['sudo httplog -o - --slower-than 500ms', 'what was slow'],
  ['sudo httplog top', 'how much, how slow, from whom, as it is'],
  ['sudo httplog', 'daily files in /log/httplog'],
  ['httplog replay day.pcap -p any', 'lines of a capture, - is a pipe'],
  ['httplog replay day.pcap --format json', 'request and response, for jq'],
  ['httplog status', 'does it run, what has it done'],
];

/** The text of `httplog -h`: one screen of 80 columns and 24 lines, the prompt behind it included. */
export function renderShortHelp(): string {
  return [
    'httplog writes down every HTTP/1.x message that a network card sees.',
    '',
    ...alignColumns(ERRANDS).map((line) => `  ${line}`),
    '',
    '  -i NAME  interface, any = all      -o FILE    one file, - is this terminal',
    '  -p PORTS 80,8000-8010 or any       -d DIR     daily files, in that directory',
    '  -f EXPR  as tcpdump has it         --format   text, short, json, ecs, otel,',
    '  -c N     stop after N packets                 combined, tsv, template:...',
    '',
    'Nothing to be seen? httplog doctor. What -i can name: httplog interfaces.',
    'What holds, and where it was said: httplog check-config. A show: httplog demo.',
    'All options: httplog --help. One command: httplog COMMAND -h. And: man httplog.',
    '',
  ].join('\n');
}
