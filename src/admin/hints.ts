import type { Settings } from '../config/settings.ts';
import {
  COUNTER_FRAMES_FILTERED,
  COUNTER_HTTP_PORT_UNREAD,
  COUNTER_OTHER_PROTOCOL_FIRST,
} from '../counters/counter-table.ts';
import { countFrames } from '../counters/counters.ts';
import { METHODS_REGISTERED } from '../http/grammar.ts';
import { SILENCE_NOTICE_MS } from '../limits.ts';
import type { Tally } from './tally.ts';

/** Why there may be no message, and what to try: for an operator who looks at an empty log. */

/** What passed on the captured interface whatever the filter; NaN packets where that is not known. */
export interface Passage {
  interfaceName: string;
  packets: number;
}

/** After a replay that found none: what all of its packets tell. */
export function describeNoMessage(tally: Tally, settings: Settings): string {
  const seen = describeSeen(tally);
  if (seen.length > 0) {
    return `No message was found; ${seen.join('; ')}`;
  }
  const framesRead = countFrames(tally.counters);
  if (framesRead === 0) {
    return 'No message was found';
  }
  if (tally.counters[COUNTER_FRAMES_FILTERED] === framesRead) {
    return 'No message was found; -f refused every packet';
  }
  const where = settings.filter === undefined ? 'on no port anything' : 'nothing that passed -f';
  const remedy = hasAllMethods(settings) ? '' : ': try --methods all for others';
  return `No message was found; ${where} began like HTTP/1.x${remedy}`;
}

/** Of a live capture that has found none so far: the kernel keeps from it what is on other ports. */
export function describeSilence(tally: Tally, settings: Settings, passage: Passage): string {
  const { interfaceName, packets } = passage;
  const start = `No HTTP message in the first ${SILENCE_NOTICE_MS / 1000} seconds on ${interfaceName}`;
  const seen = describeSeen(tally);
  if (seen.length > 0) {
    return `${start}: ${seen.join('; ')}`;
  }
  const remedies = [
    ...(settings.filter !== undefined ? ['without -f'] : []),
    ...(settings.filter === undefined && settings.ports !== 'any' ? ['-p any'] : []),
    ...(interfaceName === 'any' ? [] : ['-i any']),
  ];
  const remedy = remedies.length === 0 ? '' : `; try ${remedies.join(', or ')}`;
  return `${start}${describePassage(packets, settings)}${remedy}`;
}

function describePassage(packets: number, { filter, ports }: Settings): string {
  if (Number.isNaN(packets)) {
    return '';
  }
  if (packets === 0) {
    return ': no packet at all has passed there';
  }
  const place = filter !== undefined ? ' behind -f' : ports === 'any' ? '' : ' on the ports read';
  return `: ${packets} packets have passed there, none of them begins one${place}`;
}

function describeSeen({ counters }: Tally): string[] {
  const port = counters[COUNTER_HTTP_PORT_UNREAD];
  const [tls, http2] = counters.subarray(COUNTER_OTHER_PROTOCOL_FIRST);
  return [
    ...(port > 0 ? [`HTTP was seen on port ${port}: try -p ${port}, or -p any`] : []),
    ...(tls > 0
      ? [
          'TLS was seen on the ports read: what is encrypted stays so, capture behind the proxy that ends it',
        ]
      : []),
    ...(http2 > 0 ? ['HTTP/2 was seen on the ports read: httplog reads HTTP/1.x'] : []),
  ];
}

function hasAllMethods({ methods }: Settings): boolean {
  return METHODS_REGISTERED.every((method) => methods.includes(method));
}
