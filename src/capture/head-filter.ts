/**
 * The part of the default filter that lets those segments pass alone which begin like an HTTP message: a body's
 * never reach the ring, and cost nobody anything.
 */
import {
  BPF_ADD,
  BPF_ALU,
  BPF_AND,
  BPF_B,
  BPF_IND,
  BPF_JEQ,
  BPF_LD,
  BPF_MISC,
  BPF_RET,
  BPF_RSH,
  BPF_TAX,
  BPF_W,
  BPF_X,
  type BpfLine,
  jumpIf,
  label,
  statement,
} from './bpf-assembler.ts';

const TCP_FLAGS_AT = 13;
const TCP_FLAG_SYN = 0x02;
/** SYN and ACK: with both the server answers, and tells nothing that its client's SYN has not. */
const TCP_CONNECTION_FLAGS = 0x12;
const TCP_DATA_OFFSET_AT = 12;
const TCP_DATA_OFFSET_MASK = 0xf0;
/** A load of a packet compares four bytes at most. */
const WORD_BYTES = 4;
/** What every response begins with. */
const RESPONSE = 'HTTP';
/** What each client of HTTP/2 begins with. @see RFC 9113 section 3.4 */
const HTTP2_PREFACE = 'PRI';
/** ContentType handshake and the version's first byte, the same from SSL 3.0 to TLS 1.3. @see RFC 8446 section 5.1 */
const TLS_HANDSHAKE = 0x16030000;
const TLS_HANDSHAKE_MASK = 0xffff0000;
/** What a message may have before it in its segment: empty lines, the header of the PROXY protocol. */
const PROXY_HEADER = 'PROXY';
const LINE_END = 0x0d0a0000;
const LINE_FEED = 0x0a000000;
const LINE_FEED_MASK = 0xff000000;

/** What may stand behind a method, see `isBlank`. */
const BLANKS = [' ', '\t'];

/** Whether the first word tells all of these methods: each has its blank behind it. */
export function canMatchHeads(methods: readonly string[]): boolean {
  return methods.every((method) => method.length + 1 >= WORD_BYTES);
}

/**
 * From `head` on: accepts a segment whose payload begins with the first four bytes of a method, with its blank,
 * or of a response, or with what may stand before them. It is no more than what the decoder asks first; shorter
 * payloads begin no message to it. What a
 * connection of TLS or HTTP/2 begins with passes too, so that who waits for HTTP on such a port can be told; and so does
 * a client's SYN, with which sequence numbers begin anew.
 *
 * X is where the TCP header begins, counted from `networkAt`. **The caller has asked `canMatchHeads`.**
 *
 * @see RFC 9293 sections 3.1 and 3.5
 */
export function matchHeads(
  networkAt: number,
  methods: readonly string[],
  snaplen: number,
): BpfLine[] {
  const methodTexts = methods.flatMap((method) => BLANKS.map((blank) => method + blank));
  const others = [RESPONSE, HTTP2_PREFACE, PROXY_HEADER].map((text) => `${text} `);
  const words = new Set([...methodTexts, ...others].map(firstWord));
  return [
    label('head'),
    // A connection begins: what comes now is no repetition of what was seen of an older one.
    statement(BPF_LD | BPF_B | BPF_IND, networkAt + TCP_FLAGS_AT),
    statement(BPF_ALU | BPF_AND, TCP_CONNECTION_FLAGS),
    jumpIf(BPF_JEQ, TCP_FLAG_SYN, 'head hit'),
    statement(BPF_LD | BPF_B | BPF_IND, networkAt + TCP_DATA_OFFSET_AT),
    statement(BPF_ALU | BPF_AND, TCP_DATA_OFFSET_MASK),
    statement(BPF_ALU | BPF_RSH, 2),
    statement(BPF_ALU | BPF_ADD | BPF_X),
    statement(BPF_MISC | BPF_TAX),
    // Where the packet has no four bytes there the kernel ends the filter and refuses it.
    statement(BPF_LD | BPF_W | BPF_IND, networkAt),
    ...[...words].map((word) => jumpIf(BPF_JEQ, word, 'head hit')),
    statement(BPF_ALU | BPF_AND, TLS_HANDSHAKE_MASK),
    jumpIf(BPF_JEQ, TLS_HANDSHAKE, 'head hit'),
    jumpIf(BPF_JEQ, LINE_END, 'head hit'),
    statement(BPF_ALU | BPF_AND, LINE_FEED_MASK),
    jumpIf(BPF_JEQ, LINE_FEED, 'head hit'),
    statement(BPF_RET, 0),
    label('head hit'),
    statement(BPF_RET, snaplen),
  ];
}

function firstWord(text: string): number {
  return Buffer.from(text, 'latin1').readUInt32BE(0);
}
