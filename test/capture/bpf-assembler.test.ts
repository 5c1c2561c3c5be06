import { describe, expect, it } from 'vitest';
import {
  assembleBpf,
  BPF_ABS,
  BPF_H,
  BPF_JEQ,
  BPF_LD,
  BPF_MAXINSNS,
  BPF_RET,
  type BpfLine,
  jumpIf,
  jumpTo,
  label,
  SKF_AD_OFF,
  statement,
} from '../../src/capture/bpf-assembler.ts';

const accept = statement(BPF_RET, 1560);
const reject = statement(BPF_RET, 0);

function fillers(count: number): BpfLine[] {
  return Array.from({ length: count }, () => reject);
}

describe('assembleBpf', () => {
  it('lays instructions out as struct sock_filter', () => {
    const program = assembleBpf([
      statement(BPF_LD | BPF_H | BPF_ABS, 12),
      jumpIf(BPF_JEQ, 0x0800, undefined, 'reject'),
      accept,
      label('reject'),
      reject,
    ]);
    expect(program.length).toBe(4);
    expect(Buffer.from(program.instructions).toString('hex')).toBe(
      // code jt jf k, in the byte order of the machine
      ['2800', '00', '00', '0c000000', '1500', '00', '01', '00080000'].join('') +
        ['0600', '00', '00', '18060000', '0600', '00', '00', '00000000'].join(''),
    );
  });

  it('writes negative constants in two’s complement', () => {
    const { instructions } = assembleBpf([statement(BPF_LD | BPF_H | BPF_ABS, SKF_AD_OFF), accept]);
    expect([...instructions.subarray(4, 8)]).toEqual([0x00, 0xf0, 0xff, 0xff]);
  });

  it('lets a conditional jump skip 255 instructions and not 256', () => {
    const jump = [jumpIf(BPF_JEQ, 1, 'far')];
    const { instructions } = assembleBpf([...jump, ...fillers(255), label('far'), accept]);
    expect(instructions[2]).toBe(255);
    expect(() => assembleBpf([...jump, ...fillers(256), label('far'), accept])).toThrow(
      /far skips 256 instructions, 255 at most/,
    );
  });

  it('lets an unconditional jump skip any number', () => {
    const { instructions } = assembleBpf([jumpTo('far'), ...fillers(1000), label('far'), accept]);
    expect(new Uint32Array(instructions.buffer)[1]).toBe(1000);
  });

  it('refuses an unknown label, a label given twice and a jump back', () => {
    expect(() => assembleBpf([jumpTo('nowhere'), accept])).toThrow(/nowhere is nowhere/);
    expect(() => assembleBpf([label('a'), label('a'), accept])).toThrow(/a stands twice/);
    expect(() => assembleBpf([label('a'), reject, jumpTo('a'), accept])).toThrow(/goes back/);
  });

  it('refuses an empty program and one that the kernel would find too long', () => {
    expect(() => assembleBpf([])).toThrow(/not 0/);
    expect(assembleBpf(fillers(BPF_MAXINSNS)).length).toBe(BPF_MAXINSNS);
    expect(() => assembleBpf(fillers(BPF_MAXINSNS + 1))).toThrow(/not 4097/);
  });
});
