/**
 * A classic BPF program as data that can be run: taken apart, and checked as the kernel checks it.
 */
import {
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
  BPF_INSTRUCTION_BYTES,
  BPF_JA,
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
  BPF_MEMWORDS,
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
  BPF_TXA,
  BPF_W,
  BPF_X,
  BPF_XOR,
  type BpfProgram,
} from './bpf-assembler.ts';

/** A program taken apart and checked, ready to run any number of times. */
export interface BpfCode {
  codes: Int32Array;
  jumpsTrue: Int32Array;
  jumpsFalse: Int32Array;
  operands: Int32Array;
  /** Scratch memory; it belongs to one run at a time. */
  memory: Int32Array;
}

/**
 * Takes a program apart and makes sure that it ends: jumps stay inside it, and its last instruction returns.
 *
 * @throws RangeError when it is not a program that the kernel would take.
 */
export function createBpfCode({ instructions, length }: BpfProgram): BpfCode {
  if (length === 0 || length > BPF_MAXINSNS) {
    throw new RangeError(`A filter has 1 to ${BPF_MAXINSNS} instructions, not ${length}`);
  }
  if (instructions.length !== length * BPF_INSTRUCTION_BYTES) {
    throw new RangeError(`A filter of ${length} instructions has ${instructions.length} bytes`);
  }
  // A copy: the bytes may lie anywhere in their buffer, typed arrays of words only at multiples.
  const aligned = instructions.slice().buffer;
  const halfWords = new Uint16Array(aligned);
  const words = new Int32Array(aligned);
  const code: BpfCode = {
    codes: new Int32Array(length),
    jumpsTrue: new Int32Array(length),
    jumpsFalse: new Int32Array(length),
    operands: new Int32Array(length),
    memory: new Int32Array(BPF_MEMWORDS),
  };
  for (let index = 0; index < length; index += 1) {
    const at = index * BPF_INSTRUCTION_BYTES;
    code.codes[index] = halfWords[index * 4];
    code.jumpsTrue[index] = instructions[at + 2];
    code.jumpsFalse[index] = instructions[at + 3];
    code.operands[index] = words[index * 2 + 1];
    checkInstruction(code, index, length);
  }
  if ((code.codes[length - 1] & 0x07) !== BPF_RET) {
    throw new RangeError('The last instruction of a filter is a return');
  }
  return code;
}

function checkInstruction(code: BpfCode, index: number, length: number): void {
  const opcode = code.codes[index];
  const operand = code.operands[index] >>> 0;
  if (!KNOWN_CODES.has(opcode)) {
    throw new RangeError(`Instruction ${index} has unknown code 0x${opcode.toString(16)}`);
  }
  if ((opcode & 0x07) === BPF_JMP) {
    const farthest =
      opcode === (BPF_JMP | BPF_JA)
        ? operand
        : Math.max(code.jumpsTrue[index], code.jumpsFalse[index]);
    if (index + 1 + farthest >= length) {
      throw new RangeError(`Instruction ${index} jumps past the end of the filter`);
    }
  }
  const usesMemory = MEMORY_CODES.has(opcode);
  if (usesMemory && operand >= BPF_MEMWORDS) {
    throw new RangeError(`Instruction ${index} uses word ${operand} of ${BPF_MEMWORDS}`);
  }
  if ((opcode === DIVIDE_BY_K || opcode === MODULO_BY_K) && operand === 0) {
    throw new RangeError(`Instruction ${index} divides by zero`);
  }
}

const DIVIDE_BY_K = BPF_ALU | BPF_DIV;
const MODULO_BY_K = BPF_ALU | BPF_MOD;

const MEMORY_CODES: ReadonlySet<number> = new Set([
  BPF_LD | BPF_MEM,
  BPF_LDX | BPF_MEM,
  BPF_ST,
  BPF_STX,
]);

const KNOWN_CODES: ReadonlySet<number> = new Set([
  ...MEMORY_CODES,
  ...[BPF_W, BPF_H, BPF_B].flatMap((size) => [BPF_LD | BPF_ABS | size, BPF_LD | BPF_IND | size]),
  BPF_LD | BPF_IMM,
  BPF_LD | BPF_LEN,
  BPF_LDX | BPF_IMM,
  BPF_LDX | BPF_LEN,
  BPF_LDX | BPF_MSH | BPF_B,
  ...[
    BPF_ADD,
    BPF_SUB,
    BPF_MUL,
    BPF_DIV,
    BPF_MOD,
    BPF_OR,
    BPF_AND,
    BPF_XOR,
    BPF_LSH,
    BPF_RSH,
  ].flatMap((operation) => [BPF_ALU | operation, BPF_ALU | operation | BPF_X]),
  BPF_ALU | BPF_NEG,
  BPF_JMP | BPF_JA,
  ...[BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET].flatMap((condition) => [
    BPF_JMP | condition,
    BPF_JMP | condition | BPF_X,
  ]),
  BPF_RET,
  BPF_RET | BPF_A,
  BPF_MISC,
  BPF_MISC | BPF_TXA,
]);
