import { existsSync } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { type AdminAddress, printAdminAddress } from '../config/admin-address.ts';
import { createHostCheck } from '../config/admin-hosts.ts';
import {
  EXIT_NOT_FOUND,
  EXIT_PERMISSION,
  EXIT_USAGE,
  HttplogError,
  systemErrorName,
} from '../errors.ts';
import { ADMIN_CONNECTIONS_MAX } from '../limits.ts';
import { findTrustRemedy, followPathSync, isTrustFault } from '../log/path-trust.ts';
import { describeSystemError } from '../log/write-fault.ts';
import { ADMIN_METHODS, type AdminAnswer, plainAnswer, renderAnswer } from './answer.ts';
import { AdminConnection } from './connection.ts';
import { ADMIN_ANSWER_AGE_MS } from './limits.ts';
import { type AdminRequest, parseAdminRequest } from './request.ts';

export interface AdminServer {
  /** Closes every connection at once; a Unix socket is removed. */
  close(): Promise<void>;
}

export interface AdminServerOptions {
  address: AdminAddress;
  /** Hosts that a request may name besides the address and loopback, as `parseAdminHosts` gives them. */
  hosts: readonly string[];
  /** The answer of a path, undefined where there is none. */
  findAnswer(path: string): AdminAnswer | undefined;
  /** Told of errors after the start, which end nothing. */
  onError(error: Error): void;
}

/** Who owns the socket, and its group, may ask. */
const SOCKET_MASK = 0o117;

/**
 * Starts the admin server: GET and HEAD of a few paths, nothing else, and nothing that changes anything. It is written on
 * the sockets themselves, so that what a client can make it keep is bounded: see `AdminConnection`.
 *
 * @throws HttplogError when it cannot listen: exit code 2 (in use, not an address of this host), 3 (no such
 *   directory) or 4 (no permission)
 */
export async function openAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { address, onError } = options;
  const answer = createAnswerer(options);
  const connections = new Set<AdminConnection>();
  const server = createServer((socket) => {
    makeRoom(connections);
    const connection = new AdminConnection(socket, answer, () => connections.delete(connection));
    connections.add(connection);
  });
  await listen(server, address);
  server.on('error', onError);
  return { close: () => closeServer(server, connections) };
}

/** Whoever holds connections open does not keep others out: one that has its answer goes, else the oldest one. */
function makeRoom(connections: Set<AdminConnection>): void {
  if (connections.size < ADMIN_CONNECTIONS_MAX) {
    return;
  }
  const all = [...connections];
  const leaving = all.find(({ isAnswered }) => isAnswered) ?? all[0];
  connections.delete(leaving);
  leaving.close();
}

/** Gives the answer to a head. Those of the same moment are one, however many ask. */
function createAnswerer(
  options: AdminServerOptions,
): (head: string, localAddress: string | undefined) => Buffer {
  const isKnownHost = createHostCheck(options.address, options.hosts);
  const kept = new Map<string, { bytes: Buffer; endMs: number }>();
  return (head, localAddress) => {
    const request = parseAdminRequest(head);
    if (request === null) {
      return renderAnswer(plainAnswer(400, 'This is no request of HTTP/1.1 with one Host'), '');
    }
    const { method, path } = request;
    const refusal = findRefusal(request, (host) => isKnownHost(host, localAddress));
    if (refusal !== undefined) {
      return renderAnswer(refusal, method);
    }
    const key = `${method} ${path}`;
    const nowMs = performance.now();
    const last = kept.get(key);
    if (last !== undefined && nowMs < last.endMs) {
      return last.bytes;
    }
    const answer = answerSafely(path, options);
    const bytes = renderAnswer(answer ?? plainAnswer(404, 'There is nothing at this path'), method);
    if (answer !== undefined) {
      kept.set(key, { bytes, endMs: nowMs + ADMIN_ANSWER_AGE_MS });
    }
    return bytes;
  };
}

function findRefusal(
  { method, host, hasBody }: AdminRequest,
  isKnownHost: (host: string) => boolean,
): AdminAnswer | undefined {
  if (host !== undefined && !isKnownHost(host)) {
    return plainAnswer(421, 'Host is no name of this server; --admin-host NAME allows it');
  }
  if (!ADMIN_METHODS.includes(method)) {
    return plainAnswer(405, `Allowed are ${ADMIN_METHODS.join(', ')}`);
  }
  return hasBody ? plainAnswer(413, 'No body is taken') : undefined;
}

/** A mistake in what is shown must not end the capture. */
function answerSafely(
  path: string,
  { findAnswer, onError }: AdminServerOptions,
): AdminAnswer | undefined {
  try {
    return findAnswer(path);
  } catch (error) {
    onError(error instanceof Error ? error : new Error(String(error)));
    return plainAnswer(500, 'This is a bug of httplog; the service log tells more');
  }
}

async function listen(server: Server, address: AdminAddress): Promise<void> {
  try {
    if (address.kind === 'socket') {
      followPathSync(dirname(address.path), true);
    }
    await listenOnce(server, address).catch(async (error: unknown) => {
      const isFree = address.kind === 'socket' && (await removeDeadSocket(address.path, error));
      if (!isFree) {
        throw error;
      }
      await listenOnce(server, address);
    });
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
      listenOnSocket(server, address.path, onListening);
    } else {
      const { host, port } = address;
      server.listen({ host, port, ipv6Only: true }, onListening);
    }
  });
}

/** It is born with its mode: one that is given to its name later may be given to what a link there leads to. */
function listenOnSocket(server: Server, path: string, onListening: () => void): void {
  const mask = process.umask(SOCKET_MASK);
  try {
    server.listen(path, onListening);
  } finally {
    process.umask(mask);
  }
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
  const isDistrusted = isTrustFault(name);
  const isDenied = isDistrusted || name === 'EACCES' || name === 'EPERM' || name === 'EROFS';
  const reason = isMissing ? 'its directory does not exist' : describeSystemError(cause);
  const remedy = isDistrusted
    ? findTrustRemedy(printAdminAddress(address), name)
    : isDenied
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

function closeServer(server: Server, connections: Iterable<AdminConnection>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const connection of connections) {
      connection.close();
    }
  });
}
