/** The main job and a group under the rights that vendors have given the Go programs, group rules included: by the Go programs, and by ours. */
import { join } from 'node:path';
import { openCsiNode } from '../../harness/csi-node.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import type { AuditCall } from '../../harness/real/audit.ts';
import { moduleFolder } from '../../harness/real/binaries.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { openGroupClass, runGroupJob } from './group-job.ts';
import { openScene, runMainJob, untilNothingLeft } from './main-job.ts';
import { groupsOn, type Side } from './programs.ts';
import { applyRbac, runUnderRbac } from './rbac.ts';

/** ServiceAccounts, roles and bindings of the Go programs, byte for byte as they lie in the Go module cache. */
function upstreamRbac(): readonly string[] {
  const snapshotter = join(moduleFolder('snapshotter', 'github.com/kubernetes-csi/external-snapshotter/v8'), 'deploy/kubernetes');
  const provisioner = join(moduleFolder('provisioner', 'github.com/kubernetes-csi/external-provisioner/v6'), 'deploy/kubernetes');
  return [
    join(snapshotter, 'snapshot-controller/rbac-snapshot-controller.yaml'),
    join(snapshotter, 'csi-snapshotter/rbac-csi-snapshotter.yaml'),
    join(provisioner, 'rbac.yaml'),
  ];
}

/** On a fresh control plane with an audit log that serves our CRDs. */
export async function runUnderUpstreamRbac(plane: ControlPlane): Promise<Readonly<Record<Side, readonly AuditCall[]>>> {
  await applyRbac(plane, upstreamRbac());
  const driver = await startMockDriver(plane.stage, { args: ['--publish=symlink'] });
  const node = openCsiNode({ address: driver.address, nodeId: 'node-a', dir: plane.stage.dir });
  plane.stage.defer(() => node.close());
  const run = (side: Side): Promise<readonly AuditCall[]> =>
    runUnderRbac({ plane, driver, side, argsOf: groupsOn }, async () => {
      const scene = await openScene({ plane, driver, name: `rbac-${side}` });
      await openGroupClass(scene);
      await runMainJob(scene, node);
      await runGroupJob(scene);
      await untilNothingLeft(scene);
    });
  return { go: await run('go'), ours: await run('ours') };
}
