/**
 * The gRPC server on a unix socket. Methods carry bytes: everything is decoded behind `handle`, the
 * same way for every caller. The socket is made under another name and renamed: where it exists, it serves.
 */
import { existsSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { type handleUnaryCall, Server, ServerCredentials, type MethodDefinition } from '@grpc/grpc-js';
import type { Codec } from '../codec.ts';
import type { Driver } from '../driver.ts';

/** What a unix socket's address can hold on Linux, its end included. */
const MAX_SOCKET_PATH = 107;
const DRAIN_MS = 10_000;

export interface RunningServer {
  /** Lets calls in work end (10 s at most), then removes the socket. */
  stop(): Promise<void>;
}

/** `unix:///p`, `unix:p` or `/p`, as CSI endpoints are written. */
export function socketPath(endpoint: string): string {
  const path = endpoint.replace(/^unix:(\/\/)?/, '');
  if (!path.startsWith('/')) throw new Error(`${endpoint} is no endpoint; write unix:///absolute/path.sock`);
  if (Buffer.byteLength(path) + 1 > MAX_SOCKET_PATH)
    throw new Error(`${path} is too long for a socket (${MAX_SOCKET_PATH - 1} bytes); choose a shorter path`);
  return path;
}

export async function serve(driver: Driver, codec: Codec, path: string): Promise<RunningServer> {
  await requireFree(path);
  mkdirSync(dirname(path), { recursive: true });
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1, 'grpc.enable_channelz': 0 });
  for (const [service, methods] of byService(codec)) {
    const definition: Record<string, MethodDefinition<Buffer, Buffer>> = {};
    const handlers: Record<string, handleUnaryCall<Buffer, Buffer>> = {};
    for (const { path: method, name } of methods) {
      definition[name] = {
        path: method,
        requestStream: false,
        responseStream: false,
        requestSerialize: (bytes: Buffer) => bytes,
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (bytes: Buffer) => bytes,
        responseDeserialize: (bytes: Buffer) => bytes,
      };
      handlers[name] = (call, callback) => {
        void driver.handle(method, call.request).then(({ code, message, response }) => {
          if (code === 0) callback(null, Buffer.from(response));
          else callback({ code, details: message });
        });
      };
    }
    if (service !== '') server.addService(definition, handlers);
  }
  const made = `${path}~`;
  rmSync(made, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${made}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
  });
  const { ino } = lstatSync(made);
  renameSync(made, path);
  return { stop: () => stop(server, { path, ino }) };
}

function byService(codec: Codec): Map<string, { path: string; name: string }[]> {
  const services = new Map<string, { path: string; name: string }[]>();
  for (const { path, name } of codec.values()) {
    const service = path.split('/')[1] ?? '';
    services.set(service, [...(services.get(service) ?? []), { path, name }]);
  }
  return services;
}

/** A socket that nobody answers on is left over and will be replaced; a living one is not ours to take. */
export async function requireFree(path: string): Promise<void> {
  if (!existsSync(path)) return;
  if (!lstatSync(path).isSocket()) throw new Error(`${path} exists and is not a socket; remove it or choose another endpoint`);
  const answered = await new Promise<boolean>((resolve) => {
    const connection = createConnection(path, () => resolve(true));
    connection.on('error', () => resolve(false));
    connection.on('connect', () => connection.destroy());
  });
  if (answered) throw new Error(`a program is serving on ${path} already; stop it or choose another endpoint`);
}

async function stop(server: Server, { path, ino }: { path: string; ino: number }): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, DRAIN_MS);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
  // Another instance may have taken the place meanwhile.
  if (existsSync(path) && lstatSync(path).ino === ino) rmSync(path);
}
