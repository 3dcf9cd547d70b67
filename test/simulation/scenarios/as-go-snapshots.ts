/** VolumeSnapshots that are deleted while their snapshot is not made: how long their users wait, beside the Go programs. */
import { Violation } from '../invariants.ts';
import { CLAIMS, claim, SNAPSHOTS, snapshot } from '../manifests.ts';
import type { Scenario } from '../scenario.ts';
import { SLOWEST_MS } from '../waits.ts';
import type { World } from '../world.ts';
import { answers, answersWith, mended, takesAtMost } from './as-go.ts';
import { bound, classes } from './main-job.ts';

const MINUTE_MS = 60_000;

async function boundClaim(world: World): Promise<void> {
  await classes(world);
  await world.user.create(CLAIMS(), claim('data'));
  await world.user.until(() => bound(world, 'data'), MINUTE_MS);
}

function isGone({ mirror }: World, name: string): boolean {
  return mirror.snapshots.all().every(({ metadata }) => metadata?.name !== name);
}

export const GO_UNDECIDED_THEN_FINAL: Scenario = {
  name: 'go-undecided-then-final',
  about: 'one undecided answer of CreateSnapshot, final ones from then on: a deleted VolumeSnapshot goes at once',
  story: async (world, random) => {
    await boundClaim(world);
    const undecided = random.pick(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'ABORTED', 'RESOURCE_EXHAUSTED'] as const);
    const final = random.pick(['FAILED_PRECONDITION', 'INTERNAL', 'NOT_FOUND', 'INVALID_ARGUMENT'] as const);
    answersWith(world, 'CreateSnapshot', [undecided, final]);
    await world.user.create(SNAPSHOTS(), snapshot('s1', 'data'));
    await world.user.until(() => answers(world, 'CreateSnapshot').length >= 2, MINUTE_MS);
    await world.user.pause(random.between(100, 20_000));
    await world.user.remove(`${SNAPSHOTS()}/s1`);
    await takesAtMost(world, { what: `the end of a snapshot after ${undecided} and ${final}`, goMs: 0 }, () => isGone(world, 's1'));
    await world.user.pause(random.between(0, MINUTE_MS));
    mended(world);
  },
};

export const GO_ALREADY_EXISTS: Scenario = {
  name: 'go-already-exists',
  about: 'CreateSnapshot is refused with ALREADY_EXISTS, for ever: VolumeSnapshot, content and namespace can be deleted',
  story: async (world, random) => {
    await classes(world);
    await world.user.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
    await world.user.create(CLAIMS('team'), claim('data', { namespace: 'team' }));
    await world.user.until(() => bound(world, 'data'), MINUTE_MS);
    answersWith(world, 'CreateSnapshot', ['ALREADY_EXISTS']);
    await world.user.create(SNAPSHOTS('team'), snapshot('s1', 'data', { namespace: 'team' }));
    await world.user.until(() => answers(world, 'CreateSnapshot').length > 0, MINUTE_MS);
    await world.user.pause(random.between(100, 20_000));
    if (random.chance(0.5)) await world.user.remove('/api/v1/namespaces/team');
    else await world.user.remove(`${SNAPSHOTS('team')}/s1`);
    await takesAtMost(world, { what: 'the end of a snapshot after ALREADY_EXISTS', goMs: 0 }, () => isGone(world, 's1'));
    // A request that was slow may be what its content waits for.
    await world.user.pause(random.between(SLOWEST_MS, MINUTE_MS));
    if (world.mirror.contents.all().length > 0)
      world.fail(new Violation('deleted-means-gone', 'the content of a snapshot that was never made is still there'));
    mended(world);
  },
};

export const GO_DELETED_WHILE_DOWN: Scenario = {
  name: 'go-deleted-while-down',
  about: 'a VolumeSnapshot comes and is deleted while csi-snapshotter is down: it goes when that is back, without a call to the driver',
  apart: true,
  story: async (world, random) => {
    await boundClaim(world);
    world.kill('csi-snapshotter');
    await world.user.create(SNAPSHOTS(), snapshot('s1', 'data'));
    await world.user.until(() => world.mirror.contents.all().length > 0, MINUTE_MS);
    await world.user.pause(random.between(0, 20_000));
    await world.user.remove(`${SNAPSHOTS()}/s1`);
    await world.user.pause(random.between(100, MINUTE_MS));
    // The answer to a slow request may be what its content waits for; until then nobody can know of the deletion.
    await world.user.until(() => world.mirror.contents.all().every(({ metadata }) => metadata?.deletionTimestamp !== undefined), MINUTE_MS);
    world.restart('csi-snapshotter');
    // The time of a start.
    await takesAtMost(world, { what: 'the end of a snapshot that nobody made', goMs: 2_000 }, () => isGone(world, 's1'));
    await world.user.pause(random.between(0, MINUTE_MS));
    const calls = world.calls.all.filter(({ rpc }) => rpc === 'CreateSnapshot' || rpc === 'DeleteSnapshot');
    if (calls.length > 0)
      world.fail(new Violation('no-longer-than-go', `${calls.map(({ rpc }) => rpc).join(', ')} for a snapshot that nobody wants any more`));
  },
};
