import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { installCrds, readCrds } from '../../harness/crds.ts';
import type { CsiNode } from '../../harness/csi-node.ts';
import { openCsiNode } from '../../harness/csi-node.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import type { Program } from '../../harness/stage.ts';
import { moduleFolder } from '../../harness/real/binaries.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import { openScene, runMainJob } from './main-job.ts';
import type { Cast, Side } from './programs.ts';
import { castOf, ownKubeconfigOf, PROGRAM_USERS, startCast, stopCast } from './programs.ts';

const SIDES: readonly Side[] = ['ours', 'go'];
const CASTS: readonly Cast[] = SIDES.flatMap((controller) =>
  SIDES.flatMap((sidecar) =>
    SIDES.map((provisioner) => ({ 'snapshot-controller': controller, 'csi-snapshotter': sidecar, 'csi-provisioner': provisioner })),
  ),
);

/** Short, and fit for the name of a namespace: who plays controller, snapshotter, provisioner. */
function label(cast: Cast): string {
  return [cast['snapshot-controller'], cast['csi-snapshotter'], cast['csi-provisioner']].join('-');
}

const CRD_SETS = [
  { name: 'our CRDs', folder: () => undefined, casts: CASTS },
  {
    name: 'upstream’s CRDs',
    folder: () => join(moduleFolder('snapshotter', 'github.com/kubernetes-csi/external-snapshotter/client/v8'), 'config/crd'),
    casts: [castOf('ours'), castOf('ours', { 'csi-snapshotter': 'go' }), castOf('ours', { 'snapshot-controller': 'go' })],
  },
] as const;

describe.each(CRD_SETS)('with $name', ({ folder, casts }) => {
  let plane: ControlPlane;
  let driver: MockDriver;
  let node: CsiNode;
  let programs: Program[] = [];

  beforeAll(async () => {
    plane = await startControlPlane({ users: PROGRAM_USERS });
    await installCrds(plane.raw, readCrds(folder()));
    driver = await startMockDriver(plane.stage, { args: ['--publish=symlink'] });
    node = openCsiNode({ address: driver.address, nodeId: 'node-a', dir: plane.stage.dir });
  });
  afterEach(() => stopCast(programs));
  afterAll(async () => {
    node.close();
    await plane.stop();
  });

  const start = async (cast: Cast): Promise<void> => {
    programs = await startCast(plane.stage, {
      cast,
      address: driver.address,
      kubeconfigOf: ownKubeconfigOf(plane),
    });
  };

  for (const cast of casts) {
    const name = label(cast);
    test(`controller, snapshotter and provisioner ${name} do the main job and leave nothing`, async () => {
      await start(cast);
      await runMainJob(await openScene({ plane, driver, name }), node);
    });
  }

  for (const [first, second] of [
    ['ours', 'go'],
    ['go', 'ours'],
  ] as const) {
    test(`what ${first} programs began, ${second} ones go on with: the image is swapped twice in a job`, async () => {
      await start(castOf(first));
      const scene = await openScene({ plane, driver, name: `swap-${first}` });
      const swaps: string[] = [];
      await runMainJob(scene, node, async (step) => {
        await stopCast(programs);
        await start(castOf(step === 'restore' ? second : first));
        swaps.push(step);
      });
      expect(swaps).toEqual(['restore', 'delete']);
    });
  }
});
