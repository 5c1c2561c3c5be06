/**
 * The part of the default filter that compares the ports of a TCP segment.
 */
import { PORT_RANGES_MAX } from '../limits.ts';
import {
  BPF_H,
  BPF_IND,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_LD,
  BPF_RET,
  type BpfLine,
  jumpIf,
  jumpTo,
  label,
  statement,
} from './bpf-assembler.ts';
import type { PortRange } from './port-range.ts';

const TCP_SOURCE_PORT_AT = 0;
const TCP_DESTINATION_PORT_AT = 2;

/** Ranges that are compared one after the other, once a search by halves has come down to them. */
const RANGES_PER_LEAF = 16;

/**
 * Does `hit` with a segment whose source or destination port is in one of the ranges; rejects the others.
 *
 * X is where the TCP header begins, counted from `networkAt`.
 *
 * @throws RangeError for no range, more than `PORT_RANGES_MAX`, or one that is not within 0 to 65535
 */
export function matchPorts(
  networkAt: number,
  ports: readonly PortRange[],
  hit: BpfLine,
): BpfLine[] {
  const ranges = mergeRanges(ports);
  return [
    statement(BPF_LD | BPF_H | BPF_IND, networkAt + TCP_SOURCE_PORT_AT),
    ...searchPort(ranges, hit, jumpTo('destination'), 'source'),
    label('destination'),
    statement(BPF_LD | BPF_H | BPF_IND, networkAt + TCP_DESTINATION_PORT_AT),
    ...searchPort(ranges, hit, statement(BPF_RET, 0), 'destination'),
  ];
}

/** Sorted, and so that no two of them touch. */
function mergeRanges(ports: readonly PortRange[]): PortRange[] {
  if (ports.length === 0 || ports.length > PORT_RANGES_MAX) {
    throw new RangeError(`A filter has 1 to ${PORT_RANGES_MAX} port ranges, not ${ports.length}`);
  }
  const merged: PortRange[] = [];
  for (const { first, last } of ports.toSorted((one, other) => one.first - other.first)) {
    if (!(first >= 0 && first <= last && last <= 65535)) {
      throw new RangeError(`A port range lies within 0 to 65535, not ${first}-${last}`);
    }
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous.last + 1) {
      previous.last = Math.max(previous.last, last);
    } else {
      merged.push({ first, last });
    }
  }
  return merged;
}

/**
 * Does `hit` when A is in one of the ranges, else `miss`.
 *
 * A search by halves: the kernel compares a port some 20 times at most, and every conditional jump
 * stays within its leaf however long the program is.
 */
function searchPort(
  ranges: readonly PortRange[],
  hit: BpfLine,
  miss: BpfLine,
  name: string,
): BpfLine[] {
  if (ranges.length <= RANGES_PER_LEAF) {
    return [
      ...ranges.flatMap((range, index) => comparePort(range, `${name} hit`, `${name} ${index}`)),
      miss,
      label(`${name} hit`),
      hit,
    ];
  }
  const middle = ranges.length >> 1;
  return [
    jumpIf(BPF_JGE, ranges[middle].first, undefined, `${name} low`),
    jumpTo(`${name} high`),
    label(`${name} low`),
    ...searchPort(ranges.slice(0, middle), hit, miss, `${name} low`),
    label(`${name} high`),
    ...searchPort(ranges.slice(middle), hit, miss, `${name} high`),
  ];
}

function comparePort({ first, last }: PortRange, hit: string, next: string): BpfLine[] {
  if (first === last) {
    return [jumpIf(BPF_JEQ, first, hit)];
  }
  return [
    jumpIf(BPF_JGE, first, undefined, next),
    jumpIf(BPF_JGT, last, undefined, hit),
    label(next),
  ];
}
