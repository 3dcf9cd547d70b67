/** The real doors against real sockets, through servers that misbehave the way networks do. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { constants, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Metadata,
  Server as GrpcServer,
  status as GrpcStatus,
  type sendUnaryData,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listenOnLoopback } from '../../harness/loopback-server.ts';
import { createCsiClient } from '../../lib/csi/client.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { createLogList } from '../../lib/csi/fake-driver.ts';
import type { HttpDoor, HttpTarget } from '../../lib/doors/http.ts';
import type { RpcDoor } from '../../lib/doors/rpc.ts';
import { openClock } from '../../lib/process/doors/clock.ts';
import { openFiles } from '../../lib/process/doors/files.ts';
import { openHost } from '../../lib/process/doors/host.ts';
import { openHttp } from '../../lib/process/doors/http.ts';
import { openRandom } from '../../lib/process/doors/random.ts';
import { openRpc } from '../../lib/process/doors/rpc.ts';
import { TEST_CERTIFICATE } from './test-certificate.ts';

const live = (): AbortSignal => new AbortController().signal;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Runs at the end of each test, the last one first. */
let cleanups: (() => unknown)[] = [];
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'csi-adapters-'));
  cleanups = [() => rmSync(folder, { recursive: true, force: true })];
});
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function listening(server: Server): Promise<string> {
  const { port, close } = await listenOnLoopback(server);
  cleanups.push(close);
  return `http://127.0.0.1:${port}`;
}

const open = (baseUrl: string): HttpDoor => {
  const door = openHttp({ baseUrl });
  cleanups.push(() => door.close());
  return door;
};

describe('the HTTP door', () => {
  const get = { method: 'GET', path: '/x', headers: {} } as const;

  async function http(
    handle: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<{ readonly door: HttpDoor; readonly connections: () => number }> {
    const server = createHttpServer(handle);
    let connections = 0;
    server.on('connection', () => (connections += 1));
    return { door: open(await listening(server)), connections: () => connections };
  }

  test('exchanges whole bodies, keeps the connection and joins repeated headers', async () => {
    const { door, connections } = await http((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.writeHead(201, { 'X-Kind': ['a', 'b'] });
        response.end(`${request.method} ${request.url} ${request.headers['content-type']} ${Buffer.concat(chunks).toString()}`);
      });
    });
    const body = new TextEncoder().encode('{"ü":1}');
    for (const method of ['PATCH', 'DELETE', 'POST', 'PUT', 'DELETE', 'PATCH'] as const) {
      const answer = await door.exchange({ method, path: '/a?b=c', headers: { 'content-type': 'application/json' }, body }, live());
      expect(answer).toMatchObject({ status: 201, headers: { 'x-kind': 'a, b' } });
      expect(text(answer.body)).toBe(`${method} /a?b=c application/json {"ü":1}`);
    }
    expect(connections()).toBe(1);
  });

  test('a pool grows to what is asked for at once, and no further', async () => {
    const { door, connections } = await http((_request, response) => void setTimeout(() => response.end('ok'), 1));
    const inTurn = async (): Promise<void> => {
      for (let round = 0; round < 10; round += 1) await door.exchange(get, live());
    };
    await Promise.all(Array.from({ length: 8 }, inTurn));
    expect(connections()).toBe(8);
  });

  test('a request that is given up leaves a connection that serves the next', async () => {
    let silent = true;
    const { door } = await http((_request, response) => {
      if (!silent) response.end('ok');
    });
    const abort = new AbortController();
    const call = door.exchange(get, abort.signal);
    setTimeout(() => abort.abort(), 5);
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
    silent = false;
    expect(text((await door.exchange(get, live())).body)).toBe('ok');
  });

  test('a reader that stops for a while loses nothing', async () => {
    const { door } = await http((_request, response) => {
      response.writeHead(200);
      const send = (at: number): void => {
        if (at === 300) response.end();
        else response.write(`${at}\n`, () => setImmediate(send, at + 1));
      };
      send(0);
    });
    const stream = await door.stream(get, live());
    await new Promise((resolve) => setTimeout(resolve, 50));
    let seen = '';
    for await (const chunk of stream.chunks) seen += text(chunk);
    expect(seen).toBe(Array.from({ length: 300 }, (_, at) => `${at}\n`).join(''));
  });

  test('streams chunks as they come, at any byte boundary, until the server ends', async () => {
    const bytes = new TextEncoder().encode('{"type":"ADDED","object":"ü"}\n');
    const { door } = await http((_request, response) => {
      response.writeHead(200);
      // One byte a write, a turn apart: every boundary there is, also inside a character.
      const send = (at: number): void => {
        if (at === bytes.length) response.end();
        else response.write(bytes.subarray(at, at + 1), () => setImmediate(send, at + 1));
      };
      send(0);
    });
    const stream = await door.stream(get, live());
    const seen: Uint8Array[] = [];
    for await (const chunk of stream.chunks) seen.push(chunk);
    expect(text(Buffer.concat(seen))).toBe(text(bytes));
    expect(seen.length).toBeGreaterThan(1);
  });

  test('a stream hands over what there is while the server stays silent', async () => {
    const { door } = await http((_request, response) => {
      response.writeHead(200);
      response.write('first\n');
    });
    const stream = await door.stream(get, live());
    const { value } = await stream.chunks[Symbol.asyncIterator]().next();
    expect(text(value as Uint8Array)).toBe('first\n');
  });

  test('aborting a stream ends it without an error', async () => {
    const { door } = await http((_request, response) => {
      response.writeHead(200);
      response.write('first\n');
    });
    const abort = new AbortController();
    const stream = await door.stream(get, abort.signal);
    const seen: string[] = [];
    for await (const chunk of stream.chunks) {
      seen.push(text(chunk));
      abort.abort();
    }
    expect(seen).toEqual(['first\n']);
  });

  test('a connection that breaks inside a body is an error, for both calls', async () => {
    const { door } = await http((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.socket?.destroy());
    });
    await expect(door.exchange(get, live())).rejects.toMatchObject({ name: 'HttpDoorError', code: 'ECONNRESET' });
    const stream = await door.stream(get, live());
    const read = async (): Promise<void> => {
      for await (const _chunk of stream.chunks);
    };
    await expect(read()).rejects.toMatchObject({ name: 'HttpDoorError' });
  });

  test('a connection that is reset before the answer is an error', async () => {
    const base = await listening(createTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())));
    await expect(open(base).exchange(get, live())).rejects.toMatchObject({ name: 'HttpDoorError', code: 'ECONNRESET' });
  });

  test('a half-open connection is left by the signal', async () => {
    const server = createTcpServer(() => undefined);
    const door = open(await listening(server));
    const abort = new AbortController();
    const call = door.exchange(get, abort.signal);
    call.catch(() => undefined);
    await once(server, 'connection');
    abort.abort();
    await expect(call).rejects.toMatchObject({ name: 'HttpDoorError', code: 'ABORTED' });
  });

  test('nobody listening is ECONNREFUSED', async () => {
    const server = createTcpServer();
    const base = await listening(server);
    server.close();
    await once(server, 'close');
    await expect(open(base).exchange(get, live())).rejects.toMatchObject({ name: 'HttpDoorError', code: 'ECONNREFUSED' });
  });

  test('an idle connection that the server closed is not used again', async () => {
    let sockets = 0;
    const server = createTcpServer((socket) => {
      sockets += 1;
      socket.on('data', () => {
        // Says keep-alive and closes all the same, as a load balancer does.
        socket.end('HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok');
      });
    });
    const closed = (): Promise<unknown> =>
      new Promise((resolve) => server.once('connection', (socket: Socket) => socket.once('close', resolve)));
    const door = open(await listening(server));
    for (let round = 1; round <= 3; round += 1) {
      const gone = closed();
      expect(text((await door.exchange(get, live())).body)).toBe('ok');
      await gone;
      expect(sockets).toBe(round);
    }
  });

  test('two doors to one server share no connection', async () => {
    let connections = 0;
    const server = createHttpServer((_request, response) => response.end('ok'));
    server.on('connection', () => (connections += 1));
    const base = await listening(server);
    for (const door of [open(base), open(base)]) await door.exchange(get, live());
    expect(connections).toBe(2);
  });

  test('a path prefix of the server is kept', async () => {
    const server = createHttpServer((request, response) => response.end(request.url));
    const base = await listening(server);
    expect(text((await open(`${base}/prefix/`).exchange(get, live())).body)).toBe('/prefix/x');
  });

  /** What a proxy is asked for; `refusal`: it lets nobody through. */
  async function proxy(refusal?: number): Promise<{ readonly url: URL; readonly asked: string[] }> {
    const asked: string[] = [];
    const server = createHttpServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers['proxy-authorization'] ?? ''}`.trim());
      response.end('by proxy');
    });
    server.on('connect', (request: IncomingMessage, client: Socket) => {
      asked.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
      if (refusal !== undefined) {
        client.end(`HTTP/1.1 ${refusal} Not today\r\n\r\n`);
        return;
      }
      // Whatever the name, what is behind the proxy is on this machine.
      const { port } = new URL(`http://${request.url}`);
      const inner = connect(Number(port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        inner.pipe(client).pipe(inner);
      });
      for (const socket of [inner, client]) socket.on('error', () => undefined);
      cleanups.push(() => inner.destroy());
    });
    return { url: new URL(await listening(server)), asked };
  }

  async function secured(): Promise<string> {
    const server = createHttpsServer(TEST_CERTIFICATE, (request, response) => response.end(`${request.url} for ${request.headers.host}`));
    return new URL(await listening(server)).port;
  }

  const via = (target: HttpTarget): HttpDoor => {
    const door = openHttp(target);
    cleanups.push(() => door.close());
    return door;
  };

  test('a server behind a proxy is reached through a tunnel, with its own certificate, and the tunnel is kept', async () => {
    const { url, asked } = await proxy();
    const port = await secured();
    url.username = 'user';
    url.password = 'p%40ss';
    const door = via({ baseUrl: `https://api.test:${port}`, ca: TEST_CERTIFICATE.cert, proxyUrl: url.href });
    for (let round = 0; round < 3; round += 1) expect(text((await door.exchange(get, live())).body)).toBe(`/x for api.test:${port}`);
    expect(asked).toEqual([`CONNECT api.test:${port} Basic ${Buffer.from('user:p@ss').toString('base64')}`]);
  });

  test('an IPv6 address is asked of the proxy in brackets', async () => {
    const { url, asked } = await proxy();
    const port = await secured();
    const door = via({ baseUrl: `https://[::1]:${port}`, ca: TEST_CERTIFICATE.cert, serverName: 'api.test', proxyUrl: url.href });
    expect(text((await door.exchange(get, live())).body)).toBe(`/x for [::1]:${port}`);
    expect(asked).toEqual([`CONNECT [::1]:${port}`]);
  });

  test('a server whose certificate is another one’s is refused within the tunnel, too', async () => {
    const { url } = await proxy();
    const target = { baseUrl: `https://api.test:${await secured()}`, proxyUrl: url.href };
    await expect(via(target).exchange(get, live())).rejects.toMatchObject({ name: 'HttpDoorError' });
    await expect(via({ ...target, ca: TEST_CERTIFICATE.cert, serverName: 'other.test' }).exchange(get, live())).rejects.toThrow(
      /other\.test/,
    );
  });

  test('a proxy that refuses, or is not there, is named', async () => {
    const { url } = await proxy(407);
    const baseUrl = 'https://api.test:6443';
    await expect(via({ baseUrl, proxyUrl: url.href }).exchange(get, live())).rejects.toThrow(
      `proxy ${url.host} refused CONNECT api.test:6443: 407 Not today`,
    );
    await expect(via({ baseUrl, proxyUrl: 'http://127.0.0.1:1' }).exchange(get, live())).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      message: expect.stringContaining('proxy 127.0.0.1:1'),
    });
  });

  test('a certificate that cannot be read is told before anything is asked', () => {
    const clientCertificate = '-----BEGIN CERTIFICATE-----\nno base64\n-----END CERTIFICATE-----\n';
    const target = { baseUrl: 'https://api.test:6443', clientCertificate, clientKey: TEST_CERTIFICATE.key };
    expect(() => openHttp(target)).toThrow(/^client-certificate or client-key for https:\/\/api\.test:6443 cannot be read: /);
  });

  test('without TLS the proxy is asked for the whole URL', async () => {
    const { url, asked } = await proxy();
    expect(text((await via({ baseUrl: 'http://api.test/prefix', proxyUrl: url.href }).exchange(get, live())).body)).toBe('by proxy');
    expect(asked).toEqual(['GET http://api.test/prefix/x api.test']);
  });
});

describe('the RPC door', () => {
  type Answer = (request: Buffer, call: ServerUnaryCall<Buffer, Buffer>) => Promise<Buffer>;
  const identity = (bytes: Buffer): Buffer => bytes;

  /** A gRPC server on a unix socket that answers every method of one service with `answer`. */
  async function serve(path: string, answer: Answer): Promise<() => void> {
    const server = new GrpcServer();
    const method = {
      path: '/csi.v1.Identity/Probe',
      requestStream: false,
      responseStream: false,
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    };
    server.addService(
      { Probe: method },
      {
        Probe: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
          answer(call.request, call).then(
            (value) => done(null, value),
            (error: ServiceError) => done(error),
          );
        },
      },
    );
    await new Promise<void>((resolve, reject) =>
      server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error))),
    );
    const stop = (): void => server.forceShutdown();
    cleanups.push(stop);
    return stop;
  }

  const openDoor = (
    address: string,
  ): { readonly door: RpcDoor; readonly states: string[]; readonly next: (state: string) => Promise<void> } => {
    const door = openRpc(address);
    const states: string[] = [];
    const waiting: { readonly state: string; readonly resolve: () => void }[] = [];
    door.onConnection((state) => {
      states.push(state);
      for (const each of waiting.splice(0))
        if (each.state === state) each.resolve();
        else waiting.push(each);
    });
    cleanups.push(() => door.close());
    return { door, states, next: (state) => new Promise((resolve) => waiting.push({ state, resolve })) };
  };
  const probe = { method: '/csi.v1.Identity/Probe', request: Uint8Array.of(1, 2, 3) };

  test('says why no connection can be made: no file, nobody behind it, no right; and nothing where one can be made', async () => {
    const path = join(folder, 's');
    expect(await openDoor(`unix://${path}`).door.refusal?.()).toBe('ENOENT');
    writeFileSync(path, '');
    expect(await openDoor(path).door.refusal?.()).toBe('ECONNREFUSED');
    rmSync(path);
    await serve(path, () => Promise.resolve(Buffer.of(1)));
    expect(await openDoor(path).door.refusal?.()).toBeUndefined();
  });

  test('carries bytes both ways, also large ones', async () => {
    const path = join(folder, 's');
    const large = Buffer.alloc(20 * 1024 * 1024, 7);
    await serve(path, (request) => Promise.resolve(request.length === 3 ? Buffer.from(request).reverse() : large));
    const { door } = openDoor(`unix://${path}`);
    expect(await door.unary(probe, live())).toMatchObject({ code: 0, response: Buffer.of(3, 2, 1) });
    expect((await door.unary({ ...probe, request: Uint8Array.of(1) }, live())).response.length).toBe(large.length);
  });

  test('a status is an answer, not an exception', async () => {
    const path = join(folder, 's');
    await serve(path, () => Promise.reject(Object.assign(new Error('x'), { code: GrpcStatus.RESOURCE_EXHAUSTED, details: 'full ü' })));
    expect(await openDoor(path).door.unary(probe, live())).toMatchObject({ code: 8, message: 'full ü' });
    expect(await openDoor(path).door.unary({ ...probe, method: '/csi.v1.Controller/CreateVolume' }, live())).toMatchObject({ code: 12 });
  });

  test("a status is the server's in whichever headers it comes: at once, or behind headers that were sent before", async () => {
    const path = join(folder, 's');
    for (const headersFirst of [false, true]) {
      const stop = await serve(path, async (_request, call) => {
        if (headersFirst) call.sendMetadata(new Metadata());
        throw Object.assign(new Error('x'), { code: GrpcStatus.INTERNAL, details: 'disk on fire' });
      });
      expect(await openDoor(path).door.unary(probe, live()), String(headersFirst)).toMatchObject({ code: 13, message: 'disk on fire' });
      stop();
    }
  });

  test('an answer above the size limit is no status: the server did what it was asked', async () => {
    const path = join(folder, 's');
    const sizes = new Map([
      [1, 64 * 1024 * 1024],
      [2, 70 * 1024 * 1024],
    ]);
    await serve(path, ([what = 0]) => Promise.resolve(Buffer.alloc(sizes.get(what) ?? 0, 7)));
    const { door } = openDoor(path);
    await expect(door.unary({ ...probe, request: Uint8Array.of(2) }, live())).rejects.toThrow('larger than max');
    // The connection lives on, and the limit is where it is said to be.
    expect((await door.unary({ ...probe, request: Uint8Array.of(1) }, live())).response.length).toBe(sizes.get(1));
  });

  test("the driver's client takes it for an unknown outcome, and a real RESOURCE_EXHAUSTED for what it says", async () => {
    const path = join(folder, 's');
    const context = { clock: openClock(), log: createLogList(), timeoutMs: 60_000, observe: (): void => undefined };
    const codeOf = async (): Promise<unknown> => {
      const client = createCsiClient({ ...context, door: openDoor(path).door });
      return client.probe({}, live()).then(
        () => 'no error',
        (error: unknown) => (error instanceof CsiError ? error.grpcCode : error),
      );
    };
    const stop = await serve(path, () => Promise.resolve(Buffer.alloc(70 * 1024 * 1024, 7)));
    expect(await codeOf()).toBeUndefined();
    stop();
    await serve(path, () => Promise.reject(Object.assign(new Error('x'), { code: GrpcStatus.RESOURCE_EXHAUSTED, details: 'no room' })));
    expect(await codeOf()).toBe(GrpcStatus.RESOURCE_EXHAUSTED);
  });

  /** A server that speaks HTTP/2 and answers what it likes. */
  async function http2(path: string, answer: (stream: ServerHttp2Stream) => void): Promise<void> {
    const server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      answer(stream);
    });
    server.on('session', (session) => cleanups.push(() => session.destroy()));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    cleanups.push(() => server.close());
  }

  const GRPC_HEADERS = { ':status': 200, 'content-type': 'application/grpc' };
  const compressed = (bytes: Buffer): Buffer => {
    const head = Buffer.alloc(5);
    head[0] = 1;
    head.writeUInt32BE(bytes.length, 1);
    return Buffer.concat([head, bytes]);
  };
  const withStatus = (stream: ServerHttp2Stream, trailers: Record<string, string>, body?: Buffer): void => {
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(body);
  };

  test.each<[string, (stream: ServerHttp2Stream) => void]>([
    ['an HTML page', (stream) => (stream.respond({ ':status': 404, 'content-type': 'text/html' }), stream.end('<html>not here</html>'))],
    ['an HTTP refusal without a body', (stream) => stream.respond({ ':status': 403 }, { endStream: true })],
    ['an end without a status', (stream) => (stream.respond(GRPC_HEADERS), stream.end())],
    ['a status in the first headers that is none', (stream) => stream.respond(GRPC_HEADERS, { endStream: true })],
    [
      'trailers without a status',
      (stream) => (stream.respond(GRPC_HEADERS, { waitForTrailers: true }), withStatus(stream, { 'x-a': 'b' })),
    ],
    [
      'OK without an answer',
      (stream) => (stream.respond(GRPC_HEADERS, { waitForTrailers: true }), withStatus(stream, { 'grpc-status': '0' })),
    ],
    [
      'an answer that is not compressed as it says',
      (stream) => {
        stream.respond({ ...GRPC_HEADERS, 'grpc-encoding': 'gzip' }, { waitForTrailers: true });
        withStatus(stream, { 'grpc-status': '0' }, compressed(Buffer.from('no gzip')));
      },
    ],
    [
      'an answer compressed in an unknown way',
      (stream) => {
        stream.respond({ ...GRPC_HEADERS, 'grpc-encoding': 'x' }, { waitForTrailers: true });
        withStatus(stream, { 'grpc-status': '0' }, compressed(Buffer.from('?')));
      },
    ],
    ['a reset stream', (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
    ['a reset in the midst of an answer', (stream) => (stream.respond(GRPC_HEADERS), stream.close(constants.NGHTTP2_PROTOCOL_ERROR))],
    ['a server that is told to calm down', (stream) => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM)],
    ['a refusal of the protocol', (stream) => stream.close(constants.NGHTTP2_INADEQUATE_SECURITY)],
  ])('%s is no status of a driver', async (_title, answer) => {
    const path = join(folder, 's');
    await http2(path, answer);
    await expect(openDoor(path).door.unary(probe, live())).rejects.toThrow(/./);
  });

  test('an abort is CANCELLED, and reaches the server', async () => {
    const path = join(folder, 's');
    let arrived = (): void => undefined;
    const atServer = new Promise<void>((resolve) => (arrived = resolve));
    await serve(path, () => {
      arrived();
      return new Promise(() => undefined);
    });
    const abort = new AbortController();
    const call = openDoor(path).door.unary(probe, abort.signal);
    await atServer;
    abort.abort();
    expect(await call).toMatchObject({ code: 1 });
  });

  test('a time limit is said to the server, a little later than the caller gives up; without one nothing is said', async () => {
    const path = join(folder, 's');
    const seen: { readonly deadlineMs: number; readonly nowMs: number }[] = [];
    await serve(path, (request, call) => {
      seen.push({ deadlineMs: Number(call.getDeadline()), nowMs: Date.now() });
      return Promise.resolve(request);
    });
    const { door } = openDoor(path);
    const before = Date.now();
    expect(await door.unary({ ...probe, timeoutMs: 3_600_000 }, live())).toMatchObject({ code: 0 });
    expect(await door.unary(probe, live())).toMatchObject({ code: 0 });
    expect(seen[0]?.deadlineMs).toBeGreaterThan(before + 3_600_000);
    expect(seen[0]?.deadlineMs).toBeLessThan((seen[0]?.nowMs ?? 0) + 3_601_000);
    expect(seen[1]?.deadlineMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('no server is UNAVAILABLE; one that appears later is found', async () => {
    const path = join(folder, 's');
    const { door, next } = openDoor(path);
    expect(await door.unary(probe, live())).toMatchObject({ code: 14 });
    const connected = next('connected');
    door.connect();
    await serve(path, (request) => Promise.resolve(request));
    await connected;
    expect(await door.unary(probe, live())).toMatchObject({ code: 0 });
  });

  test('a server that dies is told, and one that comes back is connected without being asked', async () => {
    const path = join(folder, 's');
    const stop = await serve(path, (request) => Promise.resolve(request));
    const { door, states, next } = openDoor(path);
    const first = next('connected');
    door.connect();
    await first;
    const lost = next('lost');
    const again = next('connected');
    stop();
    await lost;
    if (existsSync(path)) rmSync(path);
    await serve(path, (request) => Promise.resolve(request));
    await again;
    expect(states).toEqual(['connected', 'lost', 'connected']);
    expect(await door.unary(probe, live())).toMatchObject({ code: 0 });
  });

  test('a call under way when the server dies is answered, with no verdict on it', async () => {
    const path = join(folder, 's');
    let arrived = (): void => undefined;
    const atServer = new Promise<void>((resolve) => (arrived = resolve));
    const stop = await serve(path, () => {
      arrived();
      return new Promise(() => undefined);
    });
    const call = openDoor(path).door.unary(probe, live());
    await atServer;
    stop();
    // CANCELLED where the server could still say so, UNAVAILABLE where only the connection broke.
    expect([1, 14]).toContain((await call).code);
  });
});

describe('the host door', () => {
  test('serves HTTP, answers HEAD without a body, and refuses what is too much', async () => {
    const listener = await openHost().listen('127.0.0.1:0', async (request) => ({
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: new TextEncoder().encode(`${request.method} ${request.path} ${request.body?.length ?? 0}`),
    }));
    cleanups.push(() => listener.close());
    const base = `http://127.0.0.1:${listener.port}`;
    expect(await (await fetch(`${base}/a?b`)).text()).toBe('GET /a?b 0');
    expect(await (await fetch(base, { method: 'POST', body: 'abc' })).text()).toBe('POST / 3');
    const head = await fetch(base, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await fetch(base, { method: 'OPTIONS' })).status).toBe(405);
    expect((await fetch(base, { method: 'PUT', body: new Uint8Array((1 << 20) + 1) })).status).toBe(413);
  });

  test('a handler that fails is a 500 and no more', async () => {
    const listener = await openHost().listen('127.0.0.1:0', () => Promise.reject(new Error('x')));
    cleanups.push(() => listener.close());
    expect((await fetch(`http://127.0.0.1:${listener.port}/`)).status).toBe(500);
    expect((await fetch(`http://127.0.0.1:${listener.port}/`)).status).toBe(500);
  });

  test('an address in use, and one that is none, reject', async () => {
    const handle = (): Promise<never> => Promise.reject(new Error('x'));
    const listener = await openHost().listen('127.0.0.1:0', handle);
    cleanups.push(() => listener.close());
    await expect(openHost().listen(`127.0.0.1:${listener.port}`, handle)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(openHost().listen('nonsense', handle)).rejects.toThrow('host:port');
  });

  test('knows the process', () => {
    const host = openHost();
    const { residentBytes, cpuSeconds, startSeconds } = host.usage();
    expect(residentBytes).toBeGreaterThan(1 << 20);
    expect(cpuSeconds).toBeGreaterThan(0);
    expect(startSeconds).toBeGreaterThan(1_700_000_000);
    expect(host.hostname()).not.toBe('');
    if (process.platform !== 'linux') return;
    const { virtualBytes, openFiles, maxFiles, receivedBytes } = host.usage();
    expect(virtualBytes).toBeGreaterThan(residentBytes);
    expect(openFiles).toBeGreaterThan(3);
    expect(maxFiles).toBeGreaterThan(openFiles ?? 0);
    expect(Number.isInteger(receivedBytes)).toBe(true);
  });
});

describe('the small doors', () => {
  test('timers fire in their order and not after they were cancelled', async () => {
    const clock = openClock();
    const fired: string[] = [];
    const cancel = clock.setTimer(1, () => fired.push('cancelled'));
    cancel();
    cancel();
    await new Promise<void>((resolve) => {
      clock.setTimer(20, () => {
        fired.push('late');
        resolve();
      });
      clock.setTimer(2, () => fired.push('early'));
    });
    expect(fired).toEqual(['early', 'late']);
  });

  test('a wait beyond the range of timers does not fire at once', async () => {
    const clock = openClock();
    let fired = false;
    const cancel = clock.setTimer(2 ** 32, () => (fired = true));
    await new Promise((resolve) => clock.setTimer(20, () => resolve(undefined)));
    cancel();
    expect(fired).toBe(false);
  });

  test('files are read and written, and an error keeps its code', async () => {
    const files = openFiles();
    const path = join(folder, 'f');
    expect(await files.exists(path)).toBe(false);
    await files.write(path, new TextEncoder().encode('ü'));
    expect([await files.exists(path), text(await files.read(path))]).toEqual([true, 'ü']);
    await expect(files.read(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('chance is a fraction and a uuid', () => {
    const random = openRandom();
    expect(random.next()).toBeGreaterThanOrEqual(0);
    expect(random.next()).toBeLessThan(1);
    expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
