import { get, type IncomingMessage } from 'node:http';
import { type AdminAddress, printAdminAddress } from '../config/admin-address.ts';
import { EXIT_PERMISSION, EXIT_RUNTIME, HttplogError, systemErrorName } from '../errors.ts';
import { describeSystemError } from '../log/write-fault.ts';
import { ADMIN_ANSWER_BYTES_MAX, ADMIN_TIMEOUT_MS } from './limits.ts';
import { type AdminStatus, parseStatus } from './status.ts';

/**
 * Asks a daemon's admin server how it is.
 *
 * @returns undefined when nobody listens there
 * @throws HttplogError when it must not be asked, or what answers is not httplog
 */
export async function askStatus(address: AdminAddress): Promise<AdminStatus | undefined> {
  let text: string;
  try {
    text = await fetchText(address, '/status');
  } catch (error) {
    const name = systemErrorName(error);
    if (name === 'ECONNREFUSED' || name === 'ENOENT') {
      return undefined;
    }
    throw createAskError(address, describeSystemError(error), error);
  }
  const status = parseStatus(text);
  if (status === null) {
    throw createAskError(address, 'what answers there is not httplog');
  }
  return status;
}

function fetchText(address: AdminAddress, path: string): Promise<string> {
  const place =
    address.kind === 'socket'
      ? { socketPath: address.path }
      : { host: reachable(address.host), port: address.port };
  const signal = AbortSignal.timeout(ADMIN_TIMEOUT_MS);
  return new Promise((resolve, reject) => {
    const request = get({ ...place, path, agent: false, signal }, (response) => {
      readBody(response).then(resolve, reject);
    });
    request.on('error', reject);
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let byteLength = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    byteLength += chunk.length;
    if (byteLength > ADMIN_ANSWER_BYTES_MAX) {
      throw new Error('the answer is too long');
    }
  }
  return Buffer.concat(chunks).toString();
}

/** A server that listens on all addresses is asked on the loopback one. */
function reachable(host: string): string {
  if (host === '0.0.0.0') {
    return '127.0.0.1';
  }
  return host === '::' ? '::1' : host;
}

function createAskError(address: AdminAddress, reason: string, cause?: unknown): HttplogError {
  const name = systemErrorName(cause);
  const isDenied = name === 'EACCES' || name === 'EPERM';
  return new HttplogError(`Cannot ask ${printAdminAddress(address)}: ${reason}`, {
    code: 'HTTPLOG_ADMIN_ASK',
    exitCode: isDenied ? EXIT_PERMISSION : EXIT_RUNTIME,
    hint: isDenied
      ? 'Ask as the user that httplog runs as, or as root'
      : 'Name the address that httplog was started with, with --listen-admin',
    cause,
  });
}
