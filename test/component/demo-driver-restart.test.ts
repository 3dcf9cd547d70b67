/** The driver is killed and started again at every stage of the main job: the job is completed, and no other process ends. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleFile } from '../../demo/manifests.ts';
import type { World } from '../../demo/world.ts';
import { installWorldCrds, openSandboxWorld, readLedger, startDriver, startSidecars } from '../../demo/world.ts';
import type { KubeObject, PersistentVolumeClaim, VolumeSnapshot } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import type { Program } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';

const namespace = 'default';
let world: World;
let driver: Program;
let sidecars: Program[];

beforeAll(async () => {
  world = await openSandboxWorld('driver-restart');
  await installWorldCrds(world, world.stage.broken);
  mkdirSync(join(world.stage.dir, 'scenarios'));
  driver = await startDriver(world);
  sidecars = startSidecars(world, {
    oneProcess: false,
    flags: ['--retry-interval-start=200ms', '--retry-interval-max=1s'],
  });
  await world.apply(exampleFile('10'));
});
afterAll(() => world.close());

/** Runs `act` while the driver is dead, then brings the driver back. */
async function withoutDriver(act: () => Promise<void>): Promise<void> {
  await driver.kill();
  await act();
  driver = await startDriver(world);
}

test('the main job is completed although the driver is killed and restarted at every stage of it', async () => {
  const { kube, stage } = world;
  const isBound = ({ status }: PersistentVolumeClaim): boolean => status?.phase === 'Bound';
  const isReady = ({ status }: VolumeSnapshot): boolean => status?.readyToUse === true;
  const signal = stage.broken;

  await withoutDriver(() => world.apply(exampleFile('20')));
  await kube.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data' }, { what: 'bound', test: isBound, signal });

  await withoutDriver(async () => {
    await world.apply(exampleFile('40'));
    // The content waits for the driver with the mark of a call under way, or is not marked yet: either must heal.
    await eventually('the content', async () => (await kube.list(VOLUME_SNAPSHOT_CONTENTS))[0], { signal });
  });
  await kube.until(VOLUME_SNAPSHOTS, { namespace, name: 'data-snapshot' }, { what: 'ready', test: isReady, signal });

  await withoutDriver(() => world.apply(exampleFile('50')));
  await kube.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'data-restored' }, { what: 'bound', test: isBound, signal });
  expect(await readLedger(world)).toEqual({ volumes: 2, snapshots: 1 });

  await withoutDriver(async () => {
    await kube.delete(VOLUME_SNAPSHOTS, { namespace, name: 'data-snapshot' });
    for (const name of ['data-restored', 'data']) await kube.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name });
  });
  const gone = async (list: () => Promise<KubeObject[]>): Promise<true | undefined> => ((await list()).length === 0 ? true : undefined);
  await eventually('the contents to go', () => gone(() => kube.list(VOLUME_SNAPSHOT_CONTENTS)), { signal });
  await eventually('the volumes to go', () => gone(() => kube.list(PERSISTENT_VOLUMES)), { signal });
  expect(await readLedger(world)).toEqual({ volumes: 0, snapshots: 0 });
  for (const program of sidecars) expect(program.running(), program.name).toBe(true);
});

test('a driver killed while it works on a call does the call again after its restart, once', async () => {
  const { kube, stage } = world;
  const signal = stage.broken;
  const claim = (name: string): PersistentVolumeClaim => ({
    metadata: { name, namespace },
    spec: { storageClassName: 'csi-mock', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
  });
  // The driver makes the volume and dies before it can answer.
  const scenario = join(stage.dir, 'scenarios', 'crash.json');
  writeFileSync(scenario, JSON.stringify({ faults: [{ rpc: 'CreateVolume', calls: 1, crash: 'after' }] }));
  await driver.kill();
  driver = await startDriver(world, { flags: [`--scenario=${scenario}`], mayEnd: true });
  const died = driver.ended;
  await kube.create(PERSISTENT_VOLUME_CLAIMS, claim('crashing'));
  await died;
  driver = await startDriver(world);
  const bound = { what: 'bound', test: ({ status }: PersistentVolumeClaim) => status?.phase === 'Bound', signal };
  await kube.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name: 'crashing' }, bound);
  expect(await readLedger(world)).toEqual({ volumes: 1, snapshots: 0 });
  for (const program of sidecars) expect(program.running(), program.name).toBe(true);
});
