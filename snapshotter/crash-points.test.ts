import { describe, expect, test } from 'vitest';
import { PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOTS, VOLUME_SNAPSHOT_CONTENTS } from '../lib/kube/resources.ts';
import { CLAIM_PROTECTION } from './names.ts';
import { CONTENT_NAME, aContent, aSnapshot } from './testing/objects.ts';
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

/** One lost answer, then final ones: the user is let go, what was made is found when the driver allows it. */
async function dieUncertain(world: TinyWorld): Promise<void> {
  world.driver.loseAnswers = 1;
  world.driver.failsWith = 6;
  world.api.put(VOLUME_SNAPSHOTS, aSnapshot());
  for (let turn = 0; turn < 8; turn += 1) await world.turn();
  world.api.remove(VOLUME_SNAPSHOTS, 'default/nightly');
  for (let turn = 0; turn < 8; turn += 1) await world.turn();
  expect(world.snapshot(), 'nobody waits for what may have been made').toBeUndefined();
  expect(world.driver.snapshots.size).toBe(1);
  world.driver.failsWith = undefined;
  await world.settle();
  expectNothingLeft(world);
}

/** The POST of a content arrives after its VolumeSnapshot was let go. */
async function comeLate(world: TinyWorld): Promise<void> {
  world.api.put(VOLUME_SNAPSHOT_CONTENTS, aContent());
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
    ['deleted after a lost answer and a final one', dieUncertain],
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

  test('a content that comes after its VolumeSnapshot went is removed, with what was made for it', async () => {
    const faultless = new TinyWorld();
    await comeLate(faultless);
    for (let at = 1; at <= faultless.effects; at += 1) {
      const world = new TinyWorld();
      world.crash = { at, moment: 'after' };
      // A controller that died between cut and deletion knows no more that nobody owned it, and destroys nothing.
      await comeLate(world).catch(() =>
        expect(world.api.find(VOLUME_SNAPSHOT_CONTENTS, CONTENT_NAME)?.status?.snapshotHandle).toBeDefined(),
      );
    }
  });
});
