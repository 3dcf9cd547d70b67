/** Two processes of one driver on one state directory, each with a segment of its own. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { capability, type Client } from '../../mock-driver/workbench.ts';
import { openStage, type Stage } from '../../harness/stage.ts';
import { control } from './mock-driver-kills.ts';
import { type DriverProcess, startDriverProcess } from './mock-driver-process.ts';

let stage: Stage;
beforeEach(() => {
  stage = openStage('mock-driver-instances');
});
afterEach(() => stage.close());

const KEY = 'topology.example/zone';
const GIB = 1n << 30n;
const volumeCapabilities = [capability()];

const inZone = (zone: string): Promise<DriverProcess> =>
  startDriverProcess(stage, { nodeId: `node-${zone}`, args: [`--topology=${KEY}=${zone}`, '--pool=10Gi'] });

const make = (client: Client, name: string, fields: object = {}) => client.createVolume({ name, volumeCapabilities, ...fields });

test('they share pools, see each other’s volumes, and refuse a volume of the other’s segment', async () => {
  const [a, b] = [await inZone('a'), await inZone('b')];
  const { response } = await make(a.client, 'v', { capacityRange: { requiredBytes: 4n * GIB, limitBytes: 0n } });
  const volumeId = response.volume?.volumeId ?? '';
  expect(response.volume?.accessibleTopology).toEqual([{ segments: { [KEY]: 'a' } }]);
  expect((await b.client.getVolume({ volumeId })).response.volume).toEqual(response.volume);
  const left = async (client: Client) =>
    (await client.getCapacity({ accessibleTopology: { segments: { [KEY]: 'a' } } })).response.availableCapacity;
  expect([await left(a.client), await left(b.client)]).toEqual([6n * GIB, 6n * GIB]);
  const volumeCapability = capability();
  for (const { client } of [a, b]) {
    expect((await client.controllerPublish({ volumeId, nodeId: 'node-b', volumeCapability })).code).toBe('FAILED_PRECONDITION');
  }
  expect((await b.client.stage({ volumeId, stagingTargetPath: stage.dir, volumeCapability })).code).toBe('FAILED_PRECONDITION');
  expect(
    (await b.client.publish({ volumeId, stagingTargetPath: stage.dir, targetPath: join(stage.dir, 't'), volumeCapability })).code,
  ).toBe('FAILED_PRECONDITION');
  expect((await b.client.controllerPublish({ volumeId, nodeId: 'node-a', volumeCapability })).code).toBe('OK');
});

test('the same names sent to both at once make one volume each', async () => {
  const drivers = [await inZone('a'), await inZone('b')];
  const accessibilityRequirements = { requisite: [{ segments: { [KEY]: 'a' } }], preferred: [] };
  const names = Array.from({ length: 40 }, (_, index) => `v${index % 20}`);
  const answers = await Promise.all(
    names.flatMap((name) =>
      drivers.map(async ({ client }) => ({
        name,
        ...(await make(client, name, { accessibilityRequirements, capacityRange: { requiredBytes: 1n, limitBytes: 0n } })),
      })),
    ),
  );
  const ids = new Map<string, Set<string>>();
  for (const { name, code, response } of answers) {
    // ABORTED is allowed while the same instance has the name pending.
    expect(['OK', 'ABORTED']).toContain(code);
    if (code === 'OK') ids.set(name, (ids.get(name) ?? new Set()).add(response.volume?.volumeId ?? ''));
  }
  expect([...ids.values()].map(({ size }) => size)).toEqual(Array.from({ length: 20 }, () => 1));
  expect(readdirSync(join(stage.dir, 'state', 'volumes'))).toHaveLength(20);
  const ledgers = [];
  for (const driver of drivers) {
    await driver.client.listVolumes();
    ledgers.push(await control(driver, 'GET', '/ledger'));
  }
  expect(ledgers[0]).toBe(ledgers[1]);
});

test('one that is killed within a commit does not stop the other, and leaves nothing half', async () => {
  const [a, b] = [await inZone('a'), await inZone('b')];
  await control(a, 'POST', '/faults', '{"faults":[{"rpc":"CreateVolume","crash":"during","crashStep":1}]}');
  const [died, lived] = await Promise.all([make(a.client, 'half'), a.program.ended.then(() => make(b.client, 'whole'))]);
  expect([died.code === 'OK', lived.code]).toEqual([false, 'OK']);
  expect(readdirSync(join(stage.dir, 'state', 'tmp'))).toEqual([]);
  expect((await b.client.listVolumes()).response.entries.map(({ volume }) => volume?.volumeId)).toEqual([lived.response.volume?.volumeId]);
  const again = await inZone('a');
  expect((await make(again.client, 'half')).code).toBe('OK');
  expect((await b.client.listVolumes()).response.entries).toHaveLength(2);
});
