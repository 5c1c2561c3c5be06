import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  assembleBpf,
  BPF_A,
  BPF_ABS,
  BPF_ADD,
  BPF_ALU,
  BPF_AND,
  BPF_B,
  BPF_DIV,
  BPF_H,
  BPF_IMM,
  BPF_IND,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JMP,
  BPF_JSET,
  BPF_LD,
  BPF_LDX,
  BPF_LEN,
  BPF_LSH,
  BPF_MAXINSNS,
  BPF_MEM,
  BPF_MISC,
  BPF_MOD,
  BPF_MSH,
  BPF_MUL,
  BPF_NEG,
  BPF_OR,
  BPF_RET,
  BPF_RSH,
  BPF_ST,
  BPF_STX,
  BPF_SUB,
  BPF_TAX,
  BPF_TXA,
  BPF_W,
  BPF_X,
  BPF_XOR,
  type BpfLine,
  jumpIf,
  label,
  SKF_AD_OFF,
  SKF_AD_PKTTYPE,
  SKF_AD_PROTOCOL,
  SKF_AD_VLAN_TAG,
  SKF_AD_VLAN_TAG_PRESENT,
  SKF_AD_VLAN_TPID,
  statement,
} from '../../src/capture/bpf-assembler.ts';
import { createBpfCode } from '../../src/capture/bpf-code.ts';
import { type BpfAncillary, runBpf } from '../../src/capture/bpf-interpreter.ts';
import { compileFilter } from '../../src/capture/compile-filter.ts';
import { LINKTYPE_ETHERNET } from '../../src/capture/link-types.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';
import { listCorpus, missingCorpus, readClassicPcap } from './classic-pcap.ts';

const returnA = statement(BPF_RET | BPF_A);
const ancillary: BpfAncillary = {
  protocol: 0x86dd,
  packetType: 4,
  vlanTagged: 1,
  vlanTci: 0x6123,
  vlanTpid: 0x88a8,
};

interface Packet {
  hex?: string;
  wireLength?: number;
  ancillary?: BpfAncillary | null;
}

/** Runs lines over bytes that stand between others, which no load may reach. */
function run(lines: readonly BpfLine[], packet: Packet = {}): number {
  const bytes = Buffer.from(`eeee${packet.hex ?? ''}eeeeeeee`, 'hex');
  const end = bytes.length - 4;
  const code = createBpfCode(assembleBpf(lines));
  return runBpf(code, bytes, 2, end, packet.wireLength ?? end - 2, packet.ancillary ?? null);
}

/** The result of one operation on A = `a` with the constant, and with X. */
function calculate(operation: number, a: number, operand: number): number[] {
  const loadA = statement(BPF_LD | BPF_IMM, a);
  return [
    run([loadA, statement(BPF_ALU | operation, operand), returnA]),
    run([
      loadA,
      statement(BPF_LDX | BPF_IMM, operand),
      statement(BPF_ALU | operation | BPF_X),
      returnA,
    ]),
  ];
}

function isTaken(condition: number, a: number, operand: number): boolean {
  const verdict = run([
    statement(BPF_LD | BPF_IMM, a),
    jumpIf(condition, operand, 'yes'),
    statement(BPF_RET, 0),
    label('yes'),
    statement(BPF_RET, 1),
  ]);
  return verdict === 1;
}

describe('runBpf', () => {
  it.each([
    ['byte', BPF_B, 1, 0xf1],
    ['half word', BPF_H, 2, 0xf1f2],
    ['word', BPF_W, 4, 0xf1f2f3f4],
  ])('loads a %s in network order up to the last captured byte', (_name, size, length, value) => {
    const hex = 'f1f2f3f4f5';
    const absolute = (at: number) => [statement(BPF_LD | size | BPF_ABS, at), returnA];
    const indexed = (x: number, at: number) => [
      statement(BPF_LDX | BPF_IMM, x),
      statement(BPF_LD | size | BPF_IND, at),
      returnA,
    ];
    expect(run(absolute(0), { hex })).toBe(value);
    expect(run(indexed(1, 0), { hex: `00${hex}` })).toBe(value);
    expect(run(indexed(3, -2), { hex: `00${hex}` })).toBe(value);
    const last = 5 - length;
    expect(run(absolute(last), { hex })).toBeGreaterThan(0);
    expect(run(absolute(last + 1), { hex, wireLength: 1500 })).toBe(0);
    expect(run(indexed(1, last), { hex })).toBe(0);
    expect(run(indexed(0x7fffffff, 0x7fffffff), { hex })).toBe(0);
    expect(run(indexed(0, -1), { hex })).toBe(0);
    expect(run(absolute(0x7fffffff), { hex })).toBe(0);
  });

  it('loads the header length of IPv4 into X', () => {
    const lines = (at: number) => [
      statement(BPF_LDX | BPF_B | BPF_MSH, at),
      statement(BPF_MISC | BPF_TXA),
      returnA,
    ];
    expect(run(lines(1), { hex: '0046' })).toBe(24);
    expect(run(lines(2), { hex: '0046' })).toBe(0);
    expect(run(lines(-1), { hex: '0046' })).toBe(0);
  });

  it('gives the length on the wire, not the captured one', () => {
    expect(run([statement(BPF_LD | BPF_LEN), returnA], { hex: '00', wireLength: 1514 })).toBe(1514);
    const intoX = [statement(BPF_LDX | BPF_LEN), statement(BPF_MISC | BPF_TXA), returnA];
    expect(run(intoX, { hex: '00', wireLength: 1514 })).toBe(1514);
  });

  it('keeps words in scratch memory, which is empty at the start of each run', () => {
    const lines = [
      statement(BPF_LD | BPF_MEM, 15),
      statement(BPF_ALU | BPF_ADD, 7),
      statement(BPF_ST, 15),
      statement(BPF_LDX | BPF_MEM, 15),
      statement(BPF_STX, 0),
      statement(BPF_LD | BPF_MEM, 0),
      returnA,
    ];
    const code = createBpfCode(assembleBpf(lines));
    const none = new Uint8Array(0);
    expect(runBpf(code, none, 0, 0, 0, null)).toBe(7);
    expect(runBpf(code, none, 0, 0, 0, null)).toBe(7);
  });

  it.each([
    ['adds', BPF_ADD, 0xffffffff, 2, 1],
    ['subtracts', BPF_SUB, 1, 2, 0xffffffff],
    ['multiplies', BPF_MUL, 0x10001, 0x10001, 0x20001],
    ['divides without sign', BPF_DIV, 0xfffffffe, 2, 0x7fffffff],
    ['divides by what would be negative', BPF_DIV, 0xffffffff, 0xffffffff, 1],
    ['takes the remainder without sign', BPF_MOD, 0xffffffff, 16, 15],
    ['ors', BPF_OR, 0xf0000000, 0x0f, 0xf000000f],
    ['ands', BPF_AND, 0xf00000ff, 0x8000000f, 0x8000000f],
    ['xors', BPF_XOR, 0xffffffff, 0x0f, 0xfffffff0],
    ['shifts left', BPF_LSH, 0xc0000001, 1, 0x80000002],
    ['shifts right without sign', BPF_RSH, 0x80000000, 31, 1],
  ])('%s in 32 bits', (_name, operation, a, operand, result) => {
    expect(calculate(operation, a, operand)).toEqual([result, result]);
  });

  it('negates', () => {
    const lines = [statement(BPF_LD | BPF_IMM, 1), statement(BPF_ALU | BPF_NEG), returnA];
    expect(run(lines)).toBe(0xffffffff);
  });

  it('rejects a packet on division by an X of zero', () => {
    for (const operation of [BPF_DIV, BPF_MOD]) {
      const divide = statement(BPF_ALU | operation | BPF_X);
      expect(run([divide, statement(BPF_RET, 1)])).toBe(0);
      expect(run([statement(BPF_LDX | BPF_IMM, 1), divide, statement(BPF_RET, 1)])).toBe(1);
    }
  });

  it('moves between A and X', () => {
    const lines = [
      statement(BPF_LD | BPF_IMM, 9),
      statement(BPF_MISC | BPF_TAX),
      statement(BPF_LD | BPF_IMM, 1),
      statement(BPF_MISC | BPF_TXA),
      returnA,
    ];
    expect(run(lines)).toBe(9);
  });

  it('compares without sign', () => {
    expect(isTaken(BPF_JEQ, 0xffffffff, -1)).toBe(true);
    expect(isTaken(BPF_JEQ, 1, 2)).toBe(false);
    expect(isTaken(BPF_JGT, 0xffffffff, 1)).toBe(true);
    expect(isTaken(BPF_JGT, 1, 1)).toBe(false);
    expect(isTaken(BPF_JGE, 1, 1)).toBe(true);
    expect(isTaken(BPF_JGE, 1, 0x80000000)).toBe(false);
    expect(isTaken(BPF_JSET, 0x80000001, 0x80000000)).toBe(true);
    expect(isTaken(BPF_JSET, 0x80000001, 2)).toBe(false);
  });

  it('compares with X', () => {
    const program = (x: number) => [
      statement(BPF_LD | BPF_IMM, 5),
      statement(BPF_LDX | BPF_IMM, x),
      { code: BPF_JMP | BPF_JEQ | BPF_X, k: 0, ifTrue: 'yes', ifFalse: undefined },
      statement(BPF_RET, 0),
      label('yes'),
      statement(BPF_RET, 1),
    ];
    expect(run(program(5))).toBe(1);
    expect(run(program(6))).toBe(0);
  });

  it('loads what the kernel knows beside the bytes, and rejects where it is not known', () => {
    const load = (field: number) => [
      statement(BPF_LD | BPF_H | BPF_ABS, SKF_AD_OFF + field),
      returnA,
    ];
    expect(run(load(SKF_AD_PROTOCOL), { ancillary })).toBe(0x86dd);
    expect(run(load(SKF_AD_PKTTYPE), { ancillary })).toBe(4);
    expect(run(load(SKF_AD_VLAN_TAG), { ancillary })).toBe(0x6123);
    expect(run(load(SKF_AD_VLAN_TAG_PRESENT), { ancillary })).toBe(1);
    expect(run(load(SKF_AD_VLAN_TPID), { ancillary })).toBe(0x88a8);
    const orAccept = (at: number) => [
      statement(BPF_LD | BPF_W | BPF_ABS, at),
      statement(BPF_RET, 1),
    ];
    expect(run(orAccept(SKF_AD_OFF + SKF_AD_PROTOCOL), { ancillary: null })).toBe(0);
    expect(run(orAccept(SKF_AD_OFF + 8), { ancillary })).toBe(0);
    expect(run(orAccept(-0x100000), { ancillary, hex: '00000000' })).toBe(0);
  });
});

describe('createBpfCode', () => {
  const decodeWith = (lines: readonly BpfLine[], change: (bytes: Uint8Array) => void) => {
    const program = assembleBpf(lines);
    change(program.instructions);
    return () => createBpfCode(program);
  };
  const keep = () => undefined;

  it('refuses a program that does not end in a return', () => {
    expect(decodeWith([statement(BPF_LD | BPF_IMM, 1)], keep)).toThrow(/last instruction/);
    expect(decodeWith([returnA], keep)).not.toThrow();
  });

  it('refuses jumps past the end and no others', () => {
    const lines = [jumpIf(BPF_JEQ, 0), returnA, returnA];
    expect(decodeWith(lines, (bytes) => bytes.set([1], 3))).not.toThrow();
    expect(decodeWith(lines, (bytes) => bytes.set([2], 3))).toThrow(/past the end/);
    expect(decodeWith(lines, (bytes) => bytes.set([2], 2))).toThrow(/past the end/);
    const always = [{ code: BPF_JMP, k: 0 }, returnA];
    expect(decodeWith(always, keep)).not.toThrow();
    expect(decodeWith(always, (bytes) => bytes.fill(0xff, 4, 8))).toThrow(/past the end/);
  });

  it('refuses unknown codes, words past scratch memory and division by a constant zero', () => {
    expect(decodeWith([{ code: 0xff, k: 0 }, returnA], keep)).toThrow(/unknown code 0xff/);
    expect(decodeWith([statement(BPF_ST, 15), returnA], keep)).not.toThrow();
    expect(decodeWith([statement(BPF_ST, 16), returnA], keep)).toThrow(/word 16 of 16/);
    expect(decodeWith([statement(BPF_ALU | BPF_DIV, 0), returnA], keep)).toThrow(/by zero/);
  });

  it('refuses a length that is not that of the bytes, none, and too many', () => {
    const instructions = new Uint8Array(8 * (BPF_MAXINSNS + 1));
    expect(() => createBpfCode({ instructions, length: BPF_MAXINSNS + 1 })).toThrow(/4097/);
    expect(() => createBpfCode({ instructions, length: 1 })).toThrow(/has 32776 bytes/);
    expect(() => createBpfCode({ instructions: new Uint8Array(0), length: 0 })).toThrow(/not 0/);
  });
});

describe('runBpf beside tcpdump', () => {
  const reason = missingCorpus() ?? missingTool('tcpdump');
  const expressions = [
    'tcp',
    'tcp port 80',
    'udp or icmp',
    'ip6 and tcp',
    'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0',
    'host 192.168.0.1 or net 10.0.0.0/8',
    'tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)',
    'greater 200',
    'ether broadcast or ether multicast',
    'vlan and tcp',
    'portrange 1-1023 and not port 53',
    'ip[6:2] & 0x1fff != 0',
    'ip[8] * 2 / 3 % 7 > 2',
  ];
  const names = [
    'arkime/arkime_synthetic.pcap',
    'arkime/twovlan.pcap',
    'pcapplusplus/Pcap++Test/PcapExamples/example2.pcap',
  ];

  it.skipIf(reason !== undefined)(
    titleWithReason('matches as many packets for each expression', reason),
    () => {
      const paths = listCorpus('EN10MB=1').filter((path) =>
        names.some((name) => path.endsWith(name)),
      );
      expect(paths).toHaveLength(names.length);
      let matched = 0;
      for (const path of paths) {
        const packets = readClassicPcap(path) ?? [];
        for (const expression of expressions) {
          const program = compileFilter({
            expression,
            linkType: LINKTYPE_ETHERNET,
            snaplen: 65535,
          });
          const code = createBpfCode(program);
          const count = packets.filter(
            ({ bytes, wireLength }) => runBpf(code, bytes, 0, bytes.length, wireLength, null) !== 0,
          ).length;
          expect([path, expression, count]).toEqual([
            path,
            expression,
            countByTcpdump(path, expression),
          ]);
          matched += count;
        }
      }
      expect(matched).toBeGreaterThan(1000);
    },
  );
});

function countByTcpdump(path: string, expression: string): number {
  const { stdout } = spawnSync('tcpdump', ['-r', path, '--count', expression], {
    encoding: 'utf8',
  });
  return Number.parseInt(stdout, 10);
}
