/**
 * What the sandbox ends in is what kube-apiserver with kube-controller-manager ends in: the main job on
 * both with the same programs, and every object compared, at its height and when all is deleted.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { load } from 'js-yaml';
import { installCrds, readCrds } from '../../harness/crds.ts';
import { openCsiNode } from '../../harness/csi-node.ts';
import { openKube } from '../../harness/kube.ts';
import { builtProgram, startMockDriver } from '../../harness/mock-driver.ts';
import { openRawClient } from '../../harness/raw-http.ts';
import type { RawClient } from '../../harness/raw-http.ts';
import { openStage } from '../../harness/stage.ts';
import { eventually } from '../../harness/wait.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import type { JobPlane } from './main-job.ts';
import { openScene, runMainJob } from './main-job.ts';
import type { Listed, MaskedState } from '../../harness/masked-state.ts';
import { createMasks, listState, ONLY_REAL } from '../../harness/masked-state.ts';
import { castOf, startCast } from './programs.ts';
import { isJournal, openEntries } from '../../harness/journal-entries.ts';

interface World extends JobPlane {
  readonly raw: RawClient;
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

interface Outcome {
  readonly restored: MaskedState;
  readonly deleted: MaskedState;
  /** As the server gave them at the first moment. */
  readonly seen: readonly Listed[];
}

async function openSandboxWorld(): Promise<World> {
  const stage = openStage('end-state');
  const kubeconfig = join(stage.dir, 'kubeconfig');
  stage.start({
    name: 'sandbox',
    file: process.execPath,
    args: [builtProgram('sandbox'), `--kubeconfig-out=${kubeconfig}`, '--parts=binder'],
  });
  await eventually('the kubeconfig of the sandbox', () => (existsSync(kubeconfig) ? true : undefined), { signal: stage.broken });
  const config = load(readFileSync(kubeconfig, 'utf8')) as { clusters: { cluster: { server: string } }[] };
  const raw = openRawClient({ server: config.clusters[0]?.cluster.server ?? '' });
  stage.defer(() => raw.close());
  return { stage, raw, kube: openKube(raw), kubeconfig, stop: () => stage.close() };
}

/** Nothing but a lease changes between two looks: every event is told, every mark is off. */
async function settled({ kube, stage }: World): Promise<Listed[]> {
  let before = '';
  return eventually(
    'the objects to come to rest',
    async () => {
      const listed = await listState(kube);
      const now = listed
        .filter(({ kind }) => kind !== 'Lease')
        .map(({ object }) => `${object.metadata?.uid} ${object.metadata?.resourceVersion}`)
        .join();
      const rests = now === before && openEntries(listed.map(({ object }) => object)).length === 0;
      before = now;
      return rests ? listed : undefined;
    },
    { everyMs: 2_500, signal: stage.broken },
  );
}

/** The journal of csi-provisioner is compared by its entries, of which none may be left: whose it is, and how often it was written, is each process's own. */
function comparable(listed: readonly Listed[]): readonly Listed[] {
  return listed.filter(({ object }) => !isJournal(object.metadata?.name));
}

async function play(world: World): Promise<Outcome> {
  await installCrds(world.raw, readCrds());
  const driver = await startMockDriver(world.stage, { args: ['--publish=symlink'] });
  const node = openCsiNode({ address: driver.address, nodeId: 'node-a', dir: world.stage.dir });
  await startCast(world.stage, {
    cast: castOf('ours'),
    address: driver.address,
    kubeconfigOf: () => world.kubeconfig,
    argsOf: () => ['--leader-election'],
  });
  const scene = await openScene({ plane: world, driver, name: 'job' });
  const masks = createMasks();
  let seen: readonly Listed[] = [];
  let restored: MaskedState = {};
  await runMainJob(scene, node, async (step) => {
    if (step !== 'delete') return;
    seen = await settled(world);
    restored = masks.mask(comparable(seen));
  });
  const deleted = masks.mask(comparable(await settled(world)));
  node.close();
  return { restored, deleted, seen };
}

let real: Outcome;
let sandbox: Outcome;
const worlds: World[] = [];

beforeAll(async () => {
  const open = async (world: World): Promise<Outcome> => {
    worlds.push(world);
    return play(world);
  };
  real = await open(await startControlPlane());
  sandbox = await open(await openSandboxWorld());
});
afterAll(async () => {
  for (const world of worlds) await world.stop();
});

test('once restored, the sandbox holds the same objects with the same fields', () => {
  expect(sandbox.restored).toEqual(real.restored);
});

test('once deleted, the sandbox holds the same objects with the same fields', () => {
  expect(sandbox.deleted).toEqual(real.deleted);
});

test('what is compared is the whole job', () => {
  const kinds = (state: MaskedState): readonly string[] => [...new Set(Object.keys(state).map((key) => key.split(' ')[0] ?? ''))].sort();
  expect(kinds(real.restored)).toEqual([
    'Event',
    'Lease',
    'PersistentVolume',
    'PersistentVolumeClaim',
    'StorageClass',
    'VolumeSnapshot',
    'VolumeSnapshotClass',
    'VolumeSnapshotContent',
  ]);
  expect(kinds(real.deleted)).toEqual(['Event', 'Lease', 'StorageClass', 'VolumeSnapshotClass']);
});

test.each(ONLY_REAL.fields)('$path is only on a real server: $reason', ({ path }) => {
  const has = ({ object }: Listed): boolean =>
    path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], object) !== undefined;
  expect(real.seen.some(has)).toBe(true);
  expect(sandbox.seen.some(has)).toBe(false);
});
