/**
 * Runs classic BPF programs as the kernel does, for packets that no kernel filters: those of a file.
 *
 * @see https://www.kernel.org/doc/html/latest/networking/filter.html
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
  BPF_JA,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JMP,
  BPF_LD,
  BPF_LDX,
  BPF_LSH,
  BPF_MEM,
  BPF_MISC,
  BPF_MOD,
  BPF_MSH,
  BPF_MUL,
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
  SKF_AD_OFF,
  SKF_AD_PKTTYPE,
  SKF_AD_PROTOCOL,
  SKF_AD_VLAN_TAG,
  SKF_AD_VLAN_TAG_PRESENT,
  SKF_AD_VLAN_TPID,
} from './bpf-assembler.ts';
import type { BpfCode } from './bpf-code.ts';

/** What the kernel knows about a packet beside its bytes; loads at `SKF_AD_OFF` and up read it. */
export interface BpfAncillary {
  /** EtherType, in network meaning. */
  protocol: number;
  /** `PACKET_HOST` 0, `PACKET_OUTGOING` 4 and so on. */
  packetType: number;
  /** 1 when the outer VLAN tag is not in the bytes but in the next two. */
  vlanTagged: 0 | 1;
  vlanTci: number;
  vlanTpid: number;
}

/**
 * Hot. Gives how many bytes of the packet the filter keeps; 0 rejects it.
 *
 * As in the kernel, a load outside the packet and a division by zero reject. Only the captured bytes
 * count as the packet, as in libpcap: the kernel sees those that a capture has cut away. Ancillary
 * loads other than the five of {@link BpfAncillary}, and loads at `SKF_NET_OFF` and `SKF_LL_OFF`,
 * which no compiler of filters makes, reject too; so do all where `ancillary` is null.
 */
export function runBpf(
  code: BpfCode,
  bytes: Uint8Array,
  offset: number,
  end: number,
  wireLength: number,
  ancillary: BpfAncillary | null,
): number {
  const { codes, operands, memory } = code;
  const capturedLength = end - offset;
  let a = 0;
  let x = 0;
  memory.fill(0);
  // Every jump goes forward, so this ends; the last instruction returns.
  for (let index = 0; index < codes.length; index += 1) {
    const opcode = codes[index];
    const k = operands[index];
    switch (opcode & 0x07) {
      case BPF_LD: {
        const mode = opcode & 0xe0;
        if (mode === BPF_ABS || mode === BPF_IND) {
          const at = mode === BPF_ABS ? k : (x + k) | 0;
          if (at < 0) {
            a = mode === BPF_ABS ? loadAncillary(ancillary, at - SKF_AD_OFF) : -1;
            if (a < 0) return 0;
            break;
          }
          const size = opcode & 0x18;
          if (at + SIZE_BYTES[size] > capturedLength) return 0;
          a = loadBigEndian(bytes, offset + at, size);
        } else {
          a = mode === BPF_IMM ? k : mode === BPF_MEM ? memory[k] : wireLength;
        }
        break;
      }
      case BPF_LDX:
        if ((opcode & 0xe0) === BPF_MSH) {
          if (k < 0 || k >= capturedLength) return 0;
          x = (bytes[offset + k] & 0x0f) << 2;
        } else {
          x = opcode === BPF_LDX ? k : opcode === (BPF_LDX | BPF_MEM) ? memory[k] : wireLength;
        }
        break;
      case BPF_ST:
        memory[k] = a;
        break;
      case BPF_STX:
        memory[k] = x;
        break;
      case BPF_ALU: {
        const operand = (opcode & BPF_X) === 0 ? k : x;
        if (operand === 0 && isDivision(opcode)) return 0;
        a = calculate(opcode & 0xf0, a, operand);
        break;
      }
      case BPF_JMP:
        if (opcode === (BPF_JMP | BPF_JA)) {
          index += k;
        } else if (isTrue(opcode & 0xf0, a >>> 0, ((opcode & BPF_X) === 0 ? k : x) >>> 0)) {
          index += code.jumpsTrue[index];
        } else {
          index += code.jumpsFalse[index];
        }
        break;
      case BPF_RET:
        return (opcode & 0x18) === BPF_A ? a >>> 0 : k >>> 0;
      default:
        if (opcode === (BPF_MISC | BPF_TXA)) a = x;
        else x = a;
    }
  }
  return 0;
}

function isDivision(opcode: number): boolean {
  const operation = opcode & 0xf0;
  return operation === BPF_DIV || operation === BPF_MOD;
}

/** Bytes of a load by its size code. */
const SIZE_BYTES = new Int32Array(0x20);
SIZE_BYTES[BPF_W] = 4;
SIZE_BYTES[BPF_H] = 2;
SIZE_BYTES[BPF_B] = 1;

/** **Caller has checked that the bytes are there.** */
function loadBigEndian(bytes: Uint8Array, at: number, size: number): number {
  if (size === BPF_B) {
    return bytes[at];
  }
  if (size === BPF_H) {
    return (bytes[at] << 8) | bytes[at + 1];
  }
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

/** None of the values reaches 32 bits, so -1 can mean that there is none. */
function loadAncillary(ancillary: BpfAncillary | null, field: number): number {
  if (ancillary === null) {
    return -1;
  }
  switch (field) {
    case SKF_AD_PROTOCOL:
      return ancillary.protocol;
    case SKF_AD_PKTTYPE:
      return ancillary.packetType;
    case SKF_AD_VLAN_TAG:
      return ancillary.vlanTci;
    case SKF_AD_VLAN_TAG_PRESENT:
      return ancillary.vlanTagged;
    case SKF_AD_VLAN_TPID:
      return ancillary.vlanTpid;
    default:
      return -1;
  }
}

/** 32-bit arithmetic; shifts take the count modulo 32, as the kernel's and JavaScript's do. */
function calculate(operation: number, a: number, operand: number): number {
  switch (operation) {
    case BPF_ADD:
      return (a + operand) | 0;
    case BPF_SUB:
      return (a - operand) | 0;
    case BPF_MUL:
      return Math.imul(a, operand);
    case BPF_DIV:
      return ((a >>> 0) / (operand >>> 0)) | 0;
    case BPF_MOD:
      return ((a >>> 0) % (operand >>> 0)) | 0;
    case BPF_OR:
      return a | operand;
    case BPF_AND:
      return a & operand;
    case BPF_XOR:
      return a ^ operand;
    case BPF_LSH:
      return a << operand;
    case BPF_RSH:
      return (a >>> operand) | 0;
    default:
      return -a | 0;
  }
}

function isTrue(condition: number, a: number, operand: number): boolean {
  switch (condition) {
    case BPF_JEQ:
      return a === operand;
    case BPF_JGT:
      return a > operand;
    case BPF_JGE:
      return a >= operand;
    default:
      return (a & operand) !== 0;
  }
}
