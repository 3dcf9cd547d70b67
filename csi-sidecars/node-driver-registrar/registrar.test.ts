import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, makeClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFakeDriver } from '../../lib/csi/fake-driver.ts';
import { runVerb } from '../frame/run-verb.ts';
import { testPlace } from '../frame/testing/place.ts';
import { decodeRegistrationStatus, encodePluginInfo } from './messages.ts';
import { NODE_DRIVER_REGISTRAR } from './verb.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'csi-registrar-'))));
afterEach(() => rmSync(folder, { recursive: true }));

test('the answer to kubelet has its four fields', () => {
  const bytes = encodePluginInfo({ type: 'CSIPlugin', name: 'd.example', endpoint: '/s', supportedVersions: ['1.0.0', '2'] });
  const fields: [number, string][] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) fields.push([reader.tag()[0], reader.string()]);
  expect(fields).toEqual([
    [1, 'CSIPlugin'],
    [2, 'd.example'],
    [3, '/s'],
    [4, '1.0.0'],
    [4, '2'],
  ]);
});

test("kubelet's word is read, and what a later version adds is skipped", () => {
  const bytes = new BinaryWriter().uint32(8).bool(true).uint32(74).string('later').uint32(18).string('why').finish();
  expect(decodeRegistrationStatus(bytes)).toEqual({ registered: true, error: 'why' });
  expect(decodeRegistrationStatus(new Uint8Array())).toEqual({ registered: false, error: '' });
});

/** kubelet, as far as it talks to the socket. */
function kubelet(socket: string) {
  const plain = { requestStream: false, responseStream: false, responseSerialize: Buffer.from } as const;
  const method = (name: string) => ({
    ...plain,
    path: `/pluginregistration.Registration/${name}`,
    requestSerialize: (value: Uint8Array) => Buffer.from(value),
    requestDeserialize: (value: Buffer) => value,
    responseDeserialize: (value: Buffer) => value,
    responseSerialize: (value: Buffer) => value,
  });
  const Client = makeClientConstructor({ GetInfo: method('GetInfo'), Notify: method('NotifyRegistrationStatus') }, 'Registration');
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  const ask = (name: 'GetInfo' | 'Notify', bytes: Uint8Array): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const call = client[name] as unknown as (request: Uint8Array, done: (error: ServiceError | null, value?: Buffer) => void) => void;
      call.call(client, bytes, (error, value) => (error === null ? resolve(value ?? Buffer.alloc(0)) : reject(error)));
    });
  return { ask, close: () => client.close() };
}

async function announced() {
  const door = createFakeDriver();
  const place = testPlace({ doors: { rpc: () => door } });
  const stop = new AbortController();
  const argv = [`--plugin-registration-path=${folder}`, '--kubelet-registration-path=/var/lib/kubelet/plugins/d/csi.sock'];
  const ended = runVerb(NODE_DRIVER_REGISTRAR, { ...place, signal: stop.signal }, argv);
  while (!place.err.some((line) => line.includes('is announced at'))) await new Promise((resolve) => setImmediate(resolve));
  const socket = place.err.join('\n').match(/announced at (\S+)/)?.[1] ?? '';
  return { place, stop, ended, socket, node: kubelet(socket) };
}

test('the driver is announced until the end, and the socket goes with it', async () => {
  const { place, stop, ended, socket, node } = await announced();
  expect(Buffer.from(await node.ask('GetInfo', new Uint8Array())).toString()).toContain('/var/lib/kubelet/plugins/d/csi.sock');
  await node.ask('Notify', new BinaryWriter().uint32(8).bool(true).finish());
  expect(place.err.at(-1)).toContain('kubelet has registered driver');
  node.close();
  stop.abort();
  expect(await ended).toBe(0);
  expect(existsSync(socket)).toBe(false);
});

test('a driver that kubelet refuses ends it, with the reason', async () => {
  const { place, ended, node } = await announced();
  await node.ask('Notify', new BinaryWriter().uint32(18).string('not this one').finish()).catch(() => undefined);
  expect(await ended).toBe(1);
  expect(place.out.join()).toContain('not this one');
  node.close();
});

test('without the path that kubelet is to use nothing starts', async () => {
  const place = testPlace();
  expect(await runVerb(NODE_DRIVER_REGISTRAR, place, [])).toBe(2);
  expect(place.err.join()).toContain('--kubelet-registration-path is missing');
});
