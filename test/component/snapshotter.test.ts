import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { CLASSES, CONTENTS, SNAPSHOTS, classBody, openWorld, snapshotBody } from './snapshotter-world.ts';
import type { World } from './snapshotter-world.ts';

describe('the snapshot roles on the sandbox and the mock driver', () => {
  let world: World;
  beforeEach(async () => {
    world = await openWorld();
    await world.request('POST', CLASSES, classBody('snap'));
    await world.boundClaim('data');
    await world.startController();
    await world.startSidecar();
  });
  afterEach(() => world.close());

  test('a snapshot becomes ready in eleven calls, events included, and goes in four', async () => {
    world.takeCalls();
    await world.request('POST', SNAPSHOTS, snapshotBody('nightly', 'data'));
    await world.settled();
    const made = world.takeCalls();
    const snapshot = await world.request<VolumeSnapshot>('GET', `${SNAPSHOTS}/nightly`);
    expect(snapshot.status).toMatchObject({ readyToUse: true, restoreSize: '1Gi' });
    expect(made.writes.length + made.events).toBeLessThanOrEqual(11);

    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.settled();
    const gone = world.takeCalls();
    expect(gone.writes.length).toBeLessThanOrEqual(4);
    expect(await world.list<VolumeSnapshotContent>(CONTENTS)).toEqual([]);
    expect(world.driver.ledger().snapshots).toEqual([]);
  });
});
