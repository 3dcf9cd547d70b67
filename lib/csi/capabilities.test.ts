import { expect, test } from 'vitest';
import { type ControllerServiceCapability, ControllerServiceCapability_RPC_Type } from '../../proto/gen/csi.ts';
import { readCapabilities } from './capabilities.ts';
import type { CsiClient } from './client.ts';
import { CsiError } from './csi-error.ts';
import { GrpcCode } from './grpc-code.ts';

const signal = new AbortController().signal;
const questions = { asks: [], withoutGroups: () => undefined };
type Types = typeof ControllerServiceCapability_RPC_Type;
const rpc = (name: keyof Types): ControllerServiceCapability => ({
  type: { $case: 'rpc', value: { type: ControllerServiceCapability_RPC_Type[name] } },
});

function controllerOf(answer: () => Promise<{ capabilities: ControllerServiceCapability[] }>): Promise<readonly string[]> {
  const client = { controllerGetCapabilities: answer } as unknown as CsiClient;
  return readCapabilities(client, signal, questions).then(({ controller }) => [...controller]);
}

test.each<[string, ControllerServiceCapability[], string[]]>([
  [
    'a driver that makes volumes and snapshots',
    [rpc('CREATE_DELETE_VOLUME'), rpc('CREATE_DELETE_SNAPSHOT')],
    ['CREATE_DELETE_VOLUME', 'CREATE_DELETE_SNAPSHOT'],
  ],
  ['a driver that makes volumes alone', [rpc('CREATE_DELETE_VOLUME')], ['CREATE_DELETE_VOLUME']],
  ['a capability without a type', [{ type: undefined }], []],
  ['a capability that this version of CSI does not know', [{ type: { $case: 'rpc', value: { type: 9_999 as never } } }], []],
  ['a driver without capabilities', [], []],
])('%s is understood', async (_, capabilities, expected) => {
  expect(await controllerOf(async () => ({ capabilities }))).toEqual(expected);
});

test('an error of the question is an error', async () => {
  const error = new CsiError({ rpc: 'ControllerGetCapabilities', grpcCode: GrpcCode.INTERNAL, message: 'no' });
  await expect(controllerOf(() => Promise.reject(error))).rejects.toBe(error);
});
