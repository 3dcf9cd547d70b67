import { describe, expect, test } from 'vitest';
import { PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOTS, VOLUME_SNAPSHOT_CONTENTS } from '../lib/kube/resources.ts';
import { CLAIM_PROTECTION } from './names.ts';
import { CONTENT_NAME, aSnapshot } from './testing/objects.ts';
import { TinyWorld } from './testing/tiny-world.ts';

async function liveAndDie(world: TinyWorld): Promise<void> {
  world.api.put(VOLUME_SNAPSHOTS, aSnapshot());
  await world.settle();
  expect(world.snapshot()?.status).toMatchObject({ readyToUse: true, boundVolumeSnapshotContentName: CONTENT_NAME, restoreSize: '1Ki' });
  expect(world.driver.snapshots.size).toBe(1);
  expect(world.api.find(PERSISTENT_VOLUME_CLAIMS, 'default/data')?.metadata?.finalizers).not.toContain(CLAIM_PROTECTION);
  world.api.remove(VOLUME_SNAPSHOTS, 'default/nightly');
  await world.settle();
  expectNothingLeft(world);
}

async function dieWhileMade(world: TinyWorld): Promise<void> {
  world.api.put(VOLUME_SNAPSHOTS, aSnapshot());
  world.driver.loseAnswers = 3;
  world.driver.readyAfter = 3;
  const deleteAt = 4;
  while (world.effects < deleteAt) await world.turn();
  world.api.remove(VOLUME_SNAPSHOTS, 'default/nightly');
  await world.settle();
  expectNothingLeft(world);
}

function expectNothingLeft(world: TinyWorld): void {
  expect(world.snapshot()).toBeUndefined();
  expect(world.api.all(VOLUME_SNAPSHOT_CONTENTS)).toEqual([]);
  expect([...world.driver.snapshots.keys()]).toEqual([]);
  expect(world.api.find(PERSISTENT_VOLUME_CLAIMS, 'default/data')?.metadata?.finalizers).toEqual(['kubernetes.io/pvc-protection']);
}

describe('a crash at every step', () => {
  test('the way of a snapshot has the steps that the budget allows, no more', async () => {
    const world = new TinyWorld();
    await liveAndDie(world);
    expect(world.api.writes).toEqual([
      'PATCH volumesnapshots',
      'PUT persistentvolumeclaims',
      'POST volumesnapshotcontents',
      'PATCH volumesnapshotcontents',
      'PATCH volumesnapshotcontents/status',
      'PATCH volumesnapshotcontents',
      'PATCH volumesnapshots/status',
      'PUT persistentvolumeclaims',
      'PATCH volumesnapshotcontents',
      'DELETE volumesnapshotcontents',
      'PATCH volumesnapshotcontents',
      'PATCH volumesnapshots',
    ]);
    expect(world.driver.calls).toEqual(['CreateSnapshot', 'DeleteSnapshot']);
  });

  test.each([
    ['from claim to ready and away again', liveAndDie],
    ['deleted while its calls time out', dieWhileMade],
  ])('%s: before and after each effect, both programs lose their memory, and the end is the same', async (_, story) => {
    const faultless = new TinyWorld();
    await story(faultless);
    const points = faultless.effects;
    expect(points).toBeGreaterThan(12);
    for (let at = 1; at <= points; at += 1)
      for (const moment of ['before', 'after'] as const) {
        const world = new TinyWorld();
        world.crash = { at, moment };
        await story(world);
        expect(world.effects, `crash ${moment} effect ${at}`).toBeGreaterThanOrEqual(at);
      }
  });
});
