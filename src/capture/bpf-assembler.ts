/**
 * A small assembler for classic BPF, the machine that the kernel runs over each packet of a socket
 * before it copies it.
 *
 * @see https://www.kernel.org/doc/html/latest/networking/filter.html
 */

/** A filter as `setsockopt(SO_ATTACH_FILTER)` and `pcap_setfilter` take it. */
export interface BpfProgram {
  /** `struct sock_filter[]`: u16 code, u8 jt, u8 jf, u32 k in the byte order of the machine. */
  instructions: Uint8Array<ArrayBuffer>;
  /** Instructions, not bytes. */
  length: number;
}

export const BPF_INSTRUCTION_BYTES = 8;

// Names and numbers of linux/bpf_common.h and linux/filter.h.
export const BPF_LD = 0x00;
export const BPF_LDX = 0x01;
export const BPF_ST = 0x02;
export const BPF_STX = 0x03;
export const BPF_ALU = 0x04;
export const BPF_JMP = 0x05;
export const BPF_RET = 0x06;
export const BPF_MISC = 0x07;

export const BPF_W = 0x00;
export const BPF_H = 0x08;
export const BPF_B = 0x10;

export const BPF_IMM = 0x00;
export const BPF_ABS = 0x20;
export const BPF_IND = 0x40;
export const BPF_MEM = 0x60;
export const BPF_LEN = 0x80;
export const BPF_MSH = 0xa0;

export const BPF_ADD = 0x00;
export const BPF_SUB = 0x10;
export const BPF_MUL = 0x20;
export const BPF_DIV = 0x30;
export const BPF_OR = 0x40;
export const BPF_AND = 0x50;
export const BPF_LSH = 0x60;
export const BPF_RSH = 0x70;
export const BPF_NEG = 0x80;
export const BPF_MOD = 0x90;
export const BPF_XOR = 0xa0;

export const BPF_JA = 0x00;
export const BPF_JEQ = 0x10;
export const BPF_JGT = 0x20;
export const BPF_JGE = 0x30;
export const BPF_JSET = 0x40;

/** Source of an operand: the constant `k`, or the register X. */
export const BPF_K = 0x00;
export const BPF_X = 0x08;
/** `ret A`. */
export const BPF_A = 0x10;

export const BPF_TAX = 0x00;
export const BPF_TXA = 0x80;

/** The kernel refuses longer programs. */
export const BPF_MAXINSNS = 4096;
/** Words of scratch memory. */
export const BPF_MEMWORDS = 16;

/** Loads from here up are not of the packet: they ask the kernel for what it knows about it. */
export const SKF_AD_OFF = -0x1000;
export const SKF_AD_PROTOCOL = 0;
export const SKF_AD_PKTTYPE = 4;
export const SKF_AD_VLAN_TAG = 44;
export const SKF_AD_VLAN_TAG_PRESENT = 48;
export const SKF_AD_VLAN_TPID = 60;

/** Farthest instruction that a conditional jump can skip to: `jt` and `jf` are one byte each. */
const CONDITIONAL_JUMP_MAX = 255;

/** One line of a program: an instruction, or a label that names the place of the next instruction. */
export type BpfLine = BpfStatement | BpfJump | BpfLabel;

interface BpfStatement {
  code: number;
  k: number;
}

/** Where a target is undefined, the next instruction is meant. */
interface BpfJump {
  code: number;
  k: number;
  ifTrue: string | undefined;
  ifFalse: string | undefined;
}

interface BpfLabel {
  label: string;
}

/** An instruction that does not jump. */
export function statement(code: number, k = 0): BpfLine {
  return { code, k };
}

/** `BPF_JMP | condition` against the constant `k`. */
export function jumpIf(condition: number, k: number, ifTrue?: string, ifFalse?: string): BpfLine {
  return { code: BPF_JMP | condition | BPF_K, k, ifTrue, ifFalse };
}

/** The only jump that reaches farther than 255 instructions. */
export function jumpTo(target: string): BpfLine {
  return { code: BPF_JMP | BPF_JA, k: 0, ifTrue: target, ifFalse: undefined };
}

export function label(name: string): BpfLine {
  return { label: name };
}

/**
 * Turns lines into the bytes that the kernel takes.
 *
 * @throws RangeError for a mistake in the program: an unknown label, a label given twice, a jump
 * backwards or out of reach, too many instructions.
 */
export function assembleBpf(lines: readonly BpfLine[]): BpfProgram {
  const positions = findLabels(lines);
  const length = positions.length;
  if (length === 0 || length > BPF_MAXINSNS) {
    throw new RangeError(`A filter has 1 to ${BPF_MAXINSNS} instructions, not ${length}`);
  }
  const instructions = new Uint8Array(length * BPF_INSTRUCTION_BYTES);
  const codes = new Uint16Array(instructions.buffer);
  const operands = new Uint32Array(instructions.buffer);
  let index = 0;
  for (const line of lines) {
    if ('label' in line) {
      continue;
    }
    codes[index * 4] = line.code;
    operands[index * 2 + 1] = line.k;
    if ('ifTrue' in line) {
      const ifTrue = jumpOffset(positions.byName, line.ifTrue, index);
      const ifFalse = jumpOffset(positions.byName, line.ifFalse, index);
      if (line.code === (BPF_JMP | BPF_JA)) {
        operands[index * 2 + 1] = ifTrue;
      } else {
        instructions[index * BPF_INSTRUCTION_BYTES + 2] = checkReach(ifTrue, line.ifTrue);
        instructions[index * BPF_INSTRUCTION_BYTES + 3] = checkReach(ifFalse, line.ifFalse);
      }
    }
    index += 1;
  }
  return { instructions, length };
}

function findLabels(lines: readonly BpfLine[]): { byName: Map<string, number>; length: number } {
  const byName = new Map<string, number>();
  let length = 0;
  for (const line of lines) {
    if (!('label' in line)) {
      length += 1;
    } else if (byName.has(line.label)) {
      throw new RangeError(`Label ${line.label} stands twice in the filter`);
    } else {
      byName.set(line.label, length);
    }
  }
  return { byName, length };
}

/** Instructions to skip after the one at `index`. */
function jumpOffset(byName: Map<string, number>, name: string | undefined, index: number): number {
  if (name === undefined) {
    return 0;
  }
  const position = byName.get(name);
  if (position === undefined) {
    throw new RangeError(`Label ${name} is nowhere in the filter`);
  }
  if (position <= index) {
    throw new RangeError(`Jump at ${index} goes back to ${name} at ${position}`);
  }
  return position - index - 1;
}

function checkReach(offset: number, name: string | undefined): number {
  if (offset > CONDITIONAL_JUMP_MAX) {
    throw new RangeError(
      `Jump to ${name} skips ${offset} instructions, ${CONDITIONAL_JUMP_MAX} at most`,
    );
  }
  return offset;
}
