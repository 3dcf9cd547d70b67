import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { CsiNode } from '../../harness/csi-node.ts';
import { openCsiNode } from '../../harness/csi-node.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { repositoryRoot } from '../../harness/repository.ts';
import type { Program, RunResult } from '../../harness/stage.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import type { Scene } from './main-job.ts';
import { deleteClaim, openScene, provision, runMainJob, takeSnapshot, untilNothingLeft } from './main-job.ts';
import { castOf, ownKubeconfigOf, PROGRAM_USERS, startCast, stopCast } from './programs.ts';

let plane: ControlPlane;
let driver: MockDriver;
let node: CsiNode;

beforeAll(async () => {
  plane = await startControlPlane({ users: PROGRAM_USERS });
  await installCrds(plane.raw, readCrds());
  driver = await startMockDriver(plane.stage, { args: ['--publish=symlink'] });
  node = openCsiNode({ address: driver.address, nodeId: 'node-a', dir: plane.stage.dir });
});
afterAll(async () => {
  node.close();
  await plane.stop();
});

/** Applies an example as a user does, and says what kubectl said when it refuses. */
async function kubectl(...args: string[]): Promise<RunResult> {
  const result = await plane.kubectl(args);
  if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
  return result;
}

const example = (file: string): string => join(repositoryRoot(), 'deploy/examples', file);

describe.each(['ours', 'go'] as const)('the main job with every program %s', (side) => {
  let programs: Program[] = [];
  beforeEach(async () => {
    programs = await startCast(plane.stage, {
      cast: castOf(side),
      address: driver.address,
      kubeconfigOf: ownKubeconfigOf(plane),
    });
  });
  afterEach(() => stopCast(programs));

  test('a restored claim holds the bytes of the snapshot’s moment, and nothing is left in the end', async () => {
    await runMainJob(await openScene({ plane, driver, name: `job-${side}` }), node);
  });

  test('a snapshot outlives its source, and the policy Retain keeps content and snapshot', async () => {
    const scene = await openScene({ plane, driver, name: `retain-${side}`, snapshotPolicy: 'Retain' });
    await provision(scene, 'source');
    const { content } = await takeSnapshot(scene, 'snapshot', 'source');
    await deleteClaim(scene, 'source');
    await kubectl('delete', 'volumesnapshot', '--namespace', scene.namespace, 'snapshot');
    expect((await driver.ledger()).snapshots).toHaveLength(1);
    const name = content.metadata?.name ?? '';
    // An administrator takes the retained content over and has it deleted with its snapshot.
    await kubectl('patch', 'volumesnapshotcontent', name, '--type=merge', '-p', '{"spec":{"deletionPolicy":"Delete"}}');
    await kubectl('delete', 'volumesnapshotcontent', name);
    await untilNothingLeft(scene);
  });

  test('kubectl applies the examples in order, waits, and deletes them', async () => {
    const scene: Scene = { plane, kube: plane.kube, driver, namespace: 'default', storageClass: 'csi-mock', snapshotClass: 'csi-mock' };
    await kubectl('apply', '-f', example('10-classes.yaml'));
    await kubectl('apply', '-f', example('20-claim.yaml'), '-f', example('30-writer.yaml'));
    await kubectl('wait', '--for=jsonpath={.status.phase}=Bound', 'pvc/data', '--timeout=60s');
    await kubectl('apply', '-f', example('40-snapshot.yaml'));
    await kubectl('wait', '--for=jsonpath={.status.readyToUse}=true', 'volumesnapshot/data-snapshot', '--timeout=60s');
    await kubectl('apply', '-f', example('50-restore.yaml'), '-f', example('60-reader.yaml'));
    await kubectl('wait', '--for=jsonpath={.status.phase}=Bound', 'pvc/data-restored', '--timeout=60s');
    const { stdout } = await kubectl('get', 'volumesnapshot,pvc', '-o', 'name');
    expect(stdout.trim().split('\n').sort()).toEqual([
      'persistentvolumeclaim/data',
      'persistentvolumeclaim/data-restored',
      'volumesnapshot.snapshot.storage.k8s.io/data-snapshot',
    ]);
    const described = await kubectl('describe', 'volumesnapshot', 'data-snapshot');
    expect(described.stdout).toContain('SnapshotReady');
    for (const file of ['60-reader', '50-restore', '40-snapshot', '30-writer', '20-claim', '10-classes']) {
      await kubectl('delete', '-f', example(`${file}.yaml`), '--timeout=60s');
    }
    await untilNothingLeft(scene);
  });
});
