/** One snapshot restored into many claims at once, and deleted while they are being made. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installCrds, readCrds } from '../../harness/crds.ts';
import { type MockDriver, startMockDriver } from '../../harness/mock-driver.ts';
import { type ControlPlane, startControlPlane } from '../../harness/real/control-plane.ts';
import { eventually } from '../../harness/wait.ts';
import { PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { createClaim, deleteClaim, openScene, provision, takeSnapshot, untilBound, untilNothingLeft } from './main-job.ts';
import { castOf, ownKubeconfigOf, PROGRAM_USERS, startCast } from './programs.ts';

const CLAIMS = 50;

let plane: ControlPlane;
let driver: MockDriver;

beforeAll(async () => {
  plane = await startControlPlane({ users: PROGRAM_USERS });
  await installCrds(plane.raw, readCrds());
  driver = await startMockDriver(plane.stage);
});
afterAll(() => plane.stop());

test('fifty claims are restored from a snapshot that is deleted meanwhile: each has its volume, and then the snapshot goes', async () => {
  await startCast(plane.stage, {
    cast: castOf('ours'),
    address: driver.address,
    kubeconfigOf: ownKubeconfigOf(plane),
    // Most of them have to wait for their turn, so that the snapshot is deleted before they are looked at.
    argsOf: (role) => (role === 'csi-provisioner' ? ['--worker-threads=4'] : []),
  });
  const scene = await openScene({ plane, driver, name: 'restores' });
  const { kube, namespace } = scene;
  const guard = { signal: plane.stage.broken };
  await provision(scene, 'source');
  const { content } = await takeSnapshot(scene, 'snapshot', 'source');
  const names = Array.from({ length: CLAIMS }, (_, index) => `restored-${index}`);
  await Promise.all(names.map((name) => createClaim(scene, name, { fromSnapshot: 'snapshot' })));
  const bound = async (): Promise<number> =>
    (await kube.list(PERSISTENT_VOLUME_CLAIMS, namespace)).filter(
      ({ metadata, status }) => metadata?.name !== 'source' && status?.phase === 'Bound',
    ).length;
  await eventually('the first one', async () => ((await bound()) > 0 ? true : undefined), guard);

  await kube.delete(VOLUME_SNAPSHOTS, { namespace, name: 'snapshot' });
  expect(await bound(), 'they are still being made').toBeLessThan(CLAIMS);
  for (const name of names) await untilBound(scene, name);
  await kube.untilGone(VOLUME_SNAPSHOTS, { namespace, name: 'snapshot' }, guard);
  await kube.untilGone(VOLUME_SNAPSHOT_CONTENTS, { name: content.metadata?.name ?? '' }, guard);

  const filledFrom = (await driver.ledger()).volumes.map(({ source }) => source?.id);
  expect(filledFrom.filter((id) => id === content.status?.snapshotHandle)).toHaveLength(CLAIMS);
  await Promise.all([...names, 'source'].map((name) => deleteClaim(scene, name)));
  await untilNothingLeft(scene);
});
