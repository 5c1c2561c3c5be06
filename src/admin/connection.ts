import type { Socket } from 'node:net';
import { plainAnswer, renderAnswer } from './answer.ts';
import { ADMIN_DISCARDED_BYTES_MAX, ADMIN_HEAD_BYTES_MAX, ADMIN_TIMEOUT_MS } from './limits.ts';

/** Of a head, in CR LF or in LF alone. */
const HEAD_END = /\r?\n\r?\n/g;
/** Bytes of the longest end of a head, less the last one. */
const HEAD_END_BYTES_BEFORE = 3;

/**
 * A connection of the admin server: one request, one answer, the end. What it may cost is known: a head, an answer, a
 * read of the socket; while an answer waits nothing is read, and each of both has its time.
 */
export class AdminConnection {
  readonly #socket: Socket;
  readonly #answer: (head: string, localAddress: string | undefined) => Buffer;
  #head = '';
  #isAnswering = false;
  #isAnswered = false;
  #discardedBytes = 0;
  #deadline: NodeJS.Timeout;

  /** @param answer of a head, without the empty line behind it; **does not throw** */
  constructor(
    socket: Socket,
    answer: (head: string, localAddress: string | undefined) => Buffer,
    onClose: () => void,
  ) {
    this.#socket = socket;
    this.#answer = answer;
    this.#deadline = setTimeout(() => this.#endWait(), ADMIN_TIMEOUT_MS);
    socket.on('data', (bytes: Buffer) => {
      if (this.#isAnswering) {
        this.#discard(bytes);
      } else {
        this.#read(bytes);
      }
    });
    // What went wrong with a client's connection is of no interest; its end follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(this.#deadline);
      onClose();
    });
  }

  /** The system has taken the whole answer: nothing is lost by a close. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    const searchFrom = Math.max(0, this.#head.length - HEAD_END_BYTES_BEFORE);
    const room = ADMIN_HEAD_BYTES_MAX - this.#head.length;
    this.#head += bytes.toString('latin1', 0, Math.min(bytes.length, room));
    HEAD_END.lastIndex = searchFrom;
    const end = HEAD_END.exec(this.#head);
    if (end !== null) {
      this.#write(this.#answer(this.#head.slice(0, end.index), this.#socket.localAddress));
    } else if (bytes.length >= room) {
      this.#refuse(431, `The head of a request has ${ADMIN_HEAD_BYTES_MAX} bytes at most`);
    }
  }

  #refuse(statusCode: number, text: string): void {
    this.#write(renderAnswer(plainAnswer(statusCode, text), ''));
  }

  #write(answer: Buffer): void {
    this.#isAnswering = true;
    this.#head = '';
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.close(), ADMIN_TIMEOUT_MS);
    this.#socket.pause();
    this.#socket.end(answer, () => {
      this.#isAnswered = true;
      // What came behind the request is read and dropped: a close with unread bytes would take the answer back.
      this.#socket.resume();
    });
  }

  #discard(bytes: Buffer): void {
    this.#discardedBytes += bytes.length;
    if (this.#discardedBytes > ADMIN_DISCARDED_BYTES_MAX) {
      this.close();
    }
  }

  /** The time for the request is over: who has begun one is told so. */
  #endWait(): void {
    if (this.#head === '') {
      this.close();
    } else {
      this.#refuse(408, `The request was not there within ${ADMIN_TIMEOUT_MS / 1000} seconds`);
    }
  }
}
