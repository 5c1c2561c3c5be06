import { existsSync } from 'node:fs';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import {
  EXIT_NOT_FOUND,
  EXIT_PERMISSION,
  EXIT_USAGE,
  HttplogError,
  systemErrorName,
} from '../errors.ts';
import { ADMIN_CONNECTIONS_MAX, ADMIN_HEAD_BYTES_MAX, ADMIN_TIMEOUT_MS } from '../limits.ts';
import { describeSystemError } from '../log/write-fault.ts';
import { type AdminAddress, printAdminAddress } from './admin-address.ts';

/** What a path is answered with. */
export interface AdminAnswer {
  statusCode: number;
  contentType: string;
  body: string;
}

export interface AdminServer {
  /** Closes every connection at once; a Unix socket is removed. */
  close(): Promise<void>;
}

/** Milliseconds between two looks for requests that are late. */
const TIMEOUT_CHECK_INTERVAL_MS = 1000;
/** Who owns the socket, and its group. */
const SOCKET_MODE = 0o660;

const TEXT = 'text/plain; charset=utf-8';
const ALLOWED_METHODS = 'GET, HEAD';

/**
 * Starts the admin server: GET and HEAD of a few paths, nothing else, and nothing that changes anything.
 *
 * @param findAnswer the answer of a path, undefined where there is none
 * @param onError told of errors after the start, which end nothing
 * @throws HttplogError when it cannot listen: exit code 2 (in use, not an address of this host), 3 (no such
 *   directory) or 4 (no permission)
 */
export async function openAdminServer(
  address: AdminAddress,
  findAnswer: (path: string) => AdminAnswer | undefined,
  onError: (error: Error) => void,
): Promise<AdminServer> {
  const server = createServer(
    {
      maxHeaderSize: ADMIN_HEAD_BYTES_MAX,
      headersTimeout: ADMIN_TIMEOUT_MS,
      requestTimeout: ADMIN_TIMEOUT_MS,
      keepAliveTimeout: ADMIN_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL_MS,
    },
    (request, response) => respond(request, response, findAnswer, onError),
  );
  server.maxConnections = ADMIN_CONNECTIONS_MAX;
  // A client that does not read its answer is as silent as one that does not ask.
  server.setTimeout(ADMIN_TIMEOUT_MS);
  await listen(server, address);
  server.on('error', onError);
  return { close: () => closeServer(server) };
}

function respond(
  request: IncomingMessage,
  response: ServerResponse,
  findAnswer: (path: string) => AdminAnswer | undefined,
  onError: (error: Error) => void,
): void {
  const { method = '' } = request;
  const isBodySent = hasBody(request);
  if (isBodySent) {
    // It is not read, so that no other request can follow it.
    response.setHeader('connection', 'close');
  }
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', ALLOWED_METHODS);
    send(response, method, plainAnswer(405, `Allowed are ${ALLOWED_METHODS}`));
    return;
  }
  if (isBodySent) {
    send(response, method, plainAnswer(413, 'No body is taken'));
    return;
  }
  send(response, method, answerSafely(request.url ?? '', findAnswer, onError));
}

/** A mistake in what is shown must not end the capture. */
function answerSafely(
  target: string,
  findAnswer: (path: string) => AdminAnswer | undefined,
  onError: (error: Error) => void,
): AdminAnswer {
  try {
    const [path] = target.split('?', 1);
    return findAnswer(path) ?? plainAnswer(404, 'There is nothing at this path');
  } catch (error) {
    onError(error instanceof Error ? error : new Error(String(error)));
    return plainAnswer(500, 'This is a bug of httplog; the service log tells more');
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  const isEmpty = (headers['content-length'] ?? '0') === '0';
  return !isEmpty || headers['transfer-encoding'] !== undefined;
}

export function plainAnswer(statusCode: number, text: string): AdminAnswer {
  return { statusCode, contentType: TEXT, body: `${text}\n` };
}

function send(response: ServerResponse, method: string, answer: AdminAnswer): void {
  const { statusCode, contentType, body } = answer;
  response.writeHead(statusCode, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(method === 'HEAD' ? undefined : body);
}

async function listen(server: Server, address: AdminAddress): Promise<void> {
  try {
    await listenOnce(server, address).catch(async (error: unknown) => {
      const isFree = address.kind === 'socket' && (await removeDeadSocket(address.path, error));
      if (!isFree) {
        throw error;
      }
      await listenOnce(server, address);
    });
    if (address.kind === 'socket') {
      await chmod(address.path, SOCKET_MODE);
    }
  } catch (error) {
    server.close();
    throw createListenError(address, error);
  }
}

function listenOnce(server: Server, address: AdminAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const onListening = (): void => {
      server.off('error', reject);
      resolve();
    };
    if (address.kind === 'socket') {
      server.listen(address.path, onListening);
    } else {
      const { host, port } = address;
      server.listen({ host, port, ipv6Only: true }, onListening);
    }
  });
}

/** After a crash the socket's name is still there, though nobody answers. Nothing but a socket is removed. */
async function removeDeadSocket(path: string, listenError: unknown): Promise<boolean> {
  if (systemErrorName(listenError) !== 'EADDRINUSE' || !(await lstat(path)).isSocket()) {
    return false;
  }
  const isDead = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.on('error', (error) => resolve(systemErrorName(error) === 'ECONNREFUSED'));
    probe.on('connect', () => {
      probe.destroy();
      resolve(false);
    });
  });
  if (isDead) {
    await unlink(path);
  }
  return isDead;
}

function createListenError(address: AdminAddress, cause: unknown): HttplogError {
  const name = findErrorName(address, cause);
  const isMissing = name === 'ENOENT';
  const isDenied = name === 'EACCES' || name === 'EPERM' || name === 'EROFS';
  const reason = isMissing ? 'its directory does not exist' : describeSystemError(cause);
  const remedy = isDenied
    ? 'Let this user listen there'
    : isMissing
      ? 'Create that directory'
      : 'Leave the option out';
  return new HttplogError(`Cannot listen on ${printAdminAddress(address)}: ${reason}`, {
    code: 'HTTPLOG_ADMIN_LISTEN',
    exitCode: isDenied ? EXIT_PERMISSION : isMissing ? EXIT_NOT_FOUND : EXIT_USAGE,
    hint: `${remedy}, or name another address with --listen-admin`,
    cause,
  });
}

/** libuv says EACCES where the kernel says ENOENT: then the directory tells which of them it was. */
function findErrorName(address: AdminAddress, error: unknown): string {
  const name = systemErrorName(error);
  const isMissing =
    name === 'EACCES' && address.kind === 'socket' && !existsSync(dirname(address.path));
  return isMissing ? 'ENOENT' : name;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
