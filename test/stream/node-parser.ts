/** What Node's own parser (llhttp) makes of bytes: an oracle that shares no line with httplog. */
import { createServer, request } from 'node:http';
import { Duplex } from 'node:stream';

export interface ParsedMessage {
  startLine: string;
  /** Names and values in turn, as they were sent. */
  fields: string[];
  body: string;
}

export interface Parsed {
  messages: ParsedMessage[];
  /** Code of the first fault. */
  fault: string | undefined;
}

/** A connection whose peer has sent these bytes and then closed its side. */
class SentBytes extends Duplex {
  constructor(bytes: Uint8Array) {
    super();
    this.push(bytes);
    this.push(null);
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

export function parseRequests(bytes: Uint8Array): Promise<Parsed> {
  return new Promise((resolve) => {
    const parsed: Parsed = { messages: [], fault: undefined };
    const server = createServer({ requireHostHeader: false });
    const socket = new SentBytes(bytes);
    server.on('clientError', (error: NodeJS.ErrnoException, stream) => {
      parsed.fault ??= error.code ?? error.message;
      stream.destroy();
    });
    server.on('request', (message, response) => {
      const chunks: Buffer[] = [];
      const startLine = `${message.method} ${message.url} HTTP/${message.httpVersion}`;
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('error', () => {});
      message.on('end', () => {
        const body = Buffer.concat(chunks).toString('latin1');
        parsed.messages.push({ startLine, fields: message.rawHeaders, body });
        response.end();
      });
    });
    server.on('checkContinue', (message, response) => server.emit('request', message, response));
    socket.on('close', () => resolve(parsed));
    server.emit('connection', socket);
  });
}

export function parseResponse(bytes: Uint8Array, method: string): Promise<Parsed> {
  return new Promise((resolve) => {
    const parsed: Parsed = { messages: [], fault: undefined };
    const sent = request({ createConnection: () => new SentBytes(bytes), method });
    const fail = (error: NodeJS.ErrnoException): void => {
      parsed.fault ??= error.code ?? error.message;
      resolve(parsed);
    };
    sent.on('error', fail);
    sent.on('upgrade', () => resolve(parsed));
    sent.on('response', (message) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('error', fail);
      message.on('end', () => {
        const body = Buffer.concat(chunks).toString('latin1');
        const { statusCode, statusMessage, httpVersion, rawHeaders } = message;
        const startLine = `HTTP/${httpVersion} ${statusCode} ${statusMessage}`;
        parsed.messages.push({ startLine, fields: rawHeaders, body });
        resolve(parsed);
      });
    });
    sent.end();
  });
}
