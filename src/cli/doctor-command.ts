import { SPELLINGS } from '../config/option-spellings.ts';
import type { Configuration, Settings } from '../config/settings.ts';
import { listInterfaces } from '../daemon/interfaces.ts';
import { type Survey, surveyPorts } from '../daemon/port-survey.ts';
import { chooseInterface } from '../daemon/run-capture.ts';
import { EXIT_OK, EXIT_RUNTIME, type ExitCode } from '../errors.ts';
import { DOCTOR_LOOK_MS, DOCTOR_PORTS_MAX } from './limits.ts';

type Ports = Settings['ports'];

/** What a run would look at, and what there was on its interface and on all. */
export interface Examination {
  interfaceName: string;
  ports: Ports;
  own: Survey;
  all: Survey;
}

/** `httplog doctor`: what of HTTP passes, and which option shows it. */
export async function runDoctorCommand(
  { settings }: Configuration,
  print: (text: string) => void,
): Promise<ExitCode> {
  const interfaceName = chooseInterface(settings);
  const info = listInterfaces().find(({ name }) => name === interfaceName);
  const state = info === undefined ? '' : `, ${info.state}`;
  print(
    `A run would look at ${interfaceName}${state}, ${describePorts(settings.ports)}.\n` +
      `Looking at all ports for ${DOCTOR_LOOK_MS / 1000} seconds; make some requests meanwhile.\n`,
  );
  const [own, all] = await Promise.all([
    surveyPorts(settings, interfaceName, DOCTOR_LOOK_MS),
    surveyPorts(settings, 'any', DOCTOR_LOOK_MS),
  ]);
  const examination = { interfaceName, ports: settings.ports, own, all };
  print(`${describeExamination(examination).join('\n')}\n`);
  return countSeen(own, settings.ports) > 0 ? EXIT_OK : EXIT_RUNTIME;
}

/** What was found, and what to do about it: whole lines. */
export function describeExamination(examination: Examination): string[] {
  const { interfaceName, own, all } = examination;
  const surveys: [string, Survey][] =
    interfaceName === 'any'
      ? [['any', own]]
      : [
          [interfaceName, own],
          ['any', all],
        ];
  return ['', ...surveys.map(describeSurvey), '', ...advise(examination)];
}

function describeSurvey([name, survey]: [string, Survey]): string {
  const { packets, messagesByPort, tlsSegments, http2Connections } = survey;
  const ports = busiestPorts(messagesByPort).map(([port, count]) => `${count} on port ${port}`);
  const http =
    ports.length === 0 ? 'no HTTP/1.x message' : `HTTP/1.x messages: ${ports.join(', ')}`;
  const others = [
    ...(tlsSegments > 0 ? [`${tlsSegments} segments of TLS`] : []),
    ...(http2Connections > 0 ? [`${http2Connections} connections of HTTP/2`] : []),
  ];
  return `${name}: ${[`${packets} TCP packets`, http, ...others].join('; ')}`;
}

function advise({ interfaceName, ports, own, all }: Examination): string[] {
  const seen = countSeen(own, ports);
  const missedHere = findMissed(own, ports);
  const missedElsewhere = interfaceName === 'any' ? [] : findMissed(all, 'none');
  const advice = [
    ...(missedHere.length > 0
      ? [`HTTP on ports that are not read: try ${optionFor(missedHere)}`]
      : []),
    ...(seen === 0 && missedHere.length === 0 && missedElsewhere.length > 0
      ? [`HTTP on another interface: try -i any ${optionFor(missedElsewhere)}`]
      : []),
    ...(all.tlsSegments + own.tlsSegments > 0
      ? ['What is encrypted stays so: capture behind the proxy that ends TLS, on its port']
      : []),
    ...(all.http2Connections + own.http2Connections > 0
      ? ['HTTP/2 is not read: httplog reads HTTP/1.x']
      : []),
    ...(own.packets + all.packets === 0
      ? ['No TCP packet at all: make a request while the doctor looks, or see httplog interfaces']
      : []),
  ];
  return [
    seen > 0 ? `A run would have seen ${seen} messages.` : 'A run would have seen no message.',
    ...advice.map((line) => `- ${line}`),
  ];
}

function countSeen({ messagesByPort }: Survey, ports: Ports): number {
  return [...messagesByPort].reduce(
    (sum, [port, count]) => sum + (isRead(port, ports) ? count : 0),
    0,
  );
}

/** Ports of messages that no run with these would read, the busiest first. */
function findMissed({ messagesByPort }: Survey, ports: Ports | 'none'): number[] {
  return busiestPorts(messagesByPort)
    .map(([port]) => port)
    .filter((port) => ports === 'none' || !isRead(port, ports));
}

function isRead(port: number, ports: Ports): boolean {
  return ports === 'any' || ports.some(({ first, last }) => first <= port && port <= last);
}

function optionFor(ports: readonly number[]): string {
  return `-p ${ports.join(',')}, or -p any`;
}

function busiestPorts(messagesByPort: ReadonlyMap<number, number>): [number, number][] {
  return [...messagesByPort].sort(([, one], [, other]) => other - one).slice(0, DOCTOR_PORTS_MAX);
}

function describePorts(ports: Ports): string {
  return ports === 'any' ? 'every port' : `port ${SPELLINGS.ports.print(ports)}`;
}
