/**
 * The guided main job: a claim, bytes, a snapshot, other bytes, a restore, and everything deleted again.
 * What it shows is one thing: the restored volume holds the bytes of the snapshot's moment, not today's,
 * and the driver ends with nothing that no object accounts for.
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeObject } from '../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../lib/kube/resources.ts';
import type { Pod } from '../sandbox/node/pod.ts';
import { isRunning, NODE_PODS } from '../sandbox/node/pod.ts';
import { publishPath } from '../sandbox/node/volume.ts';
import { eventually } from '../harness/wait.ts';
import { checksumOf } from './checksum.ts';
import { exampleFile } from './manifests.ts';
import type { Screen, Step } from './screen.ts';
import type { Ledger, World } from './world.ts';
import { installWorldCrds, readLedger, startDriver, startSidecars } from './world.ts';

const namespace = 'default';

export interface Checksums {
  readonly atSnapshot?: string;
  readonly sourceNow?: string;
  readonly restored?: string;
}

/** What is known of a run so far, also of one that failed. */
export interface Progress {
  checksums: Checksums;
  readonly seconds: Record<string, number>;
  left?: Ledger;
}

const CRDS: Step = { name: 'crds', title: 'install the CRDs' };
const PROGRAMS: Step = { name: 'programs', title: 'start driver, sidecars and node' };
const CLASSES: Step = { name: 'classes', title: 'apply the classes' };
const CLAIM: Step = { name: 'claim', title: 'apply a claim, wait till it is bound' };
const WRITE: Step = { name: 'write', title: 'mount it in a Pod, write bytes' };
const SNAPSHOT: Step = { name: 'snapshot', title: 'snapshot it, wait till it is ready' };
const OVERWRITE: Step = { name: 'overwrite', title: 'overwrite the source' };
const RESTORE: Step = { name: 'restore', title: 'restore into a second claim' };
const COMPARE: Step = { name: 'compare', title: 'compare the bytes' };
const DELETE: Step = { name: 'delete', title: 'delete everything' };
const LEDGER: Step = { name: 'ledger', title: "look into the driver's books" };

export const START: Step = { name: 'start', title: 'start a control plane' };
export const JOB_STEPS: readonly Step[] = [CRDS, PROGRAMS, CLASSES, CLAIM, WRITE, SNAPSHOT, OVERWRITE, RESTORE, COMPARE];
export const CLEAN_STEPS: readonly Step[] = [DELETE, LEDGER];

export interface JobOptions {
  readonly world: World;
  readonly screen: Screen;
  readonly progress: Progress;
  readonly oneProcess: boolean;
  /** Aborts with the reason: a signal, or a program that ended. */
  readonly signal: AbortSignal;
}

type Say = (detail: string) => void;

async function step(options: JobOptions, which: Step, work: (say: Say) => Promise<void>): Promise<void> {
  if (options.signal.aborted) throw reasonOf(options.signal);
  options.progress.seconds[which.name] = await options.screen.run(which, work);
}

export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}

export async function runJob(options: JobOptions): Promise<void> {
  const { world, progress, oneProcess, signal } = options;
  const { kube } = world;
  const until = { signal };

  await step(options, CRDS, async (say) => {
    const reports = await installWorldCrds(world, signal);
    say(`${reports.length} custom resource definitions served`);
  });
  await step(options, PROGRAMS, async (say) => {
    await startDriver(world);
    const programs = startSidecars(world, { oneProcess });
    await world.startNode();
    say(`mock-driver, ${programs.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ')}`);
  });
  await step(options, CLASSES, async (say) => {
    await world.apply(exampleFile('10'));
    say('StorageClass csi-mock, VolumeSnapshotClass csi-mock');
  });
  await step(options, CLAIM, async (say) => {
    await world.apply(exampleFile('20'));
    say(await bound(options, 'data'));
  });
  await step(options, WRITE, async (say) => {
    await world.apply(exampleFile('30'));
    const folder = await published(options, 'writer', 'data');
    await writeFile(join(folder, 'written'), 'this is what will be snapshotted\n');
    await writeFile(join(folder, 'random'), randomBytes(1 << 20));
    progress.checksums = { atSnapshot: await checksumOf(folder) };
    say(`2 files, checksum ${progress.checksums.atSnapshot ?? ''}`);
  });
  await step(options, SNAPSHOT, async (say) => {
    await world.apply(exampleFile('40'));
    const ready = {
      what: 'ready to use',
      test: ({ status }: { status?: { readyToUse?: boolean } }) => status?.readyToUse === true,
      ...until,
    };
    const snapshot = await kube.until(VOLUME_SNAPSHOTS, { namespace, name: 'data-snapshot' }, ready);
    say(`content ${snapshot.status?.boundVolumeSnapshotContentName ?? ''}`);
  });
  await step(options, OVERWRITE, async (say) => {
    const folder = await published(options, 'writer', 'data');
    await writeFile(join(folder, 'written'), 'this came after the snapshot\n');
    progress.checksums = { ...progress.checksums, sourceNow: await checksumOf(folder) };
    say(`checksum ${progress.checksums.sourceNow ?? ''}`);
  });
  await step(options, RESTORE, async (say) => {
    await world.apply(exampleFile('50'));
    say(await bound(options, 'data-restored'));
  });
  await step(options, COMPARE, async (say) => {
    await world.apply(exampleFile('60'));
    const folder = await published(options, 'reader', 'data-restored');
    progress.checksums = { ...progress.checksums, restored: await checksumOf(folder) };
    const { atSnapshot, sourceNow, restored } = progress.checksums;
    if (restored !== atSnapshot)
      throw new Error(`the restored volume has checksum ${restored}, the source had ${atSnapshot} at the snapshot`);
    if (restored === sourceNow) throw new Error('the source did not change since the snapshot: nothing is shown by this');
    say('the restored bytes are those of the snapshot');
  });
}

/** Waits till the claim is bound; answers the name of its volume. */
async function bound({ world, signal }: JobOptions, name: string): Promise<string> {
  const condition = { what: 'bound', test: ({ status }: { status?: { phase?: string } }) => status?.phase === 'Bound', signal };
  const claim = await world.kube.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, condition);
  return `volume ${claim.spec?.volumeName ?? ''}`;
}

/** Waits till the Pod runs; answers the folder where its volume is published. */
async function published({ world, signal }: JobOptions, podName: string, claimName: string): Promise<string> {
  const pod: Pod = await world.kube.until(NODE_PODS, { namespace, name: podName }, { what: 'running', test: isRunning, signal });
  const claim = await world.kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name: claimName });
  return publishPath(world.nodeDir, pod.metadata?.uid ?? '', claim.spec?.volumeName ?? '');
}

/** Deletes what the examples made, in the order in which nothing waits for nothing, and asks the driver what is left. */
export async function cleanUp(options: JobOptions): Promise<void> {
  const { world, progress, signal } = options;
  const { kube } = world;
  await step(options, DELETE, async (say) => {
    for (const name of ['reader', 'writer']) await kube.delete(NODE_PODS, { namespace, name });
    await kube.delete(VOLUME_SNAPSHOTS, { namespace, name: 'data-snapshot' });
    for (const name of ['data-restored', 'data']) await kube.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name });
    for (const [what, remaining] of [
      ['snapshots', () => kube.list(VOLUME_SNAPSHOTS)],
      ['contents', () => kube.list(VOLUME_SNAPSHOT_CONTENTS)],
      ['claims', () => kube.list(PERSISTENT_VOLUME_CLAIMS)],
      ['volumes', () => kube.list(PERSISTENT_VOLUMES)],
    ] satisfies [string, () => Promise<KubeObject[]>][]) {
      say(`waiting for the ${what} to go`);
      await eventually(`the ${what} to go`, async () => ((await remaining()).length === 0 ? true : undefined), { signal });
    }
    say('no claim, volume, snapshot or content is left');
  });
  await step(options, LEDGER, async (say) => {
    const left = await readLedger(world);
    progress.left = left;
    say(`${left.volumes} volumes, ${left.snapshots} snapshots`);
    if (left.volumes + left.snapshots > 0)
      throw new Error(`the driver still holds ${left.volumes} volumes and ${left.snapshots} snapshots`);
  });
}
