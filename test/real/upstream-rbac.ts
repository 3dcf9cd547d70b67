/** The main job and a group under the rights that vendors have given the Go programs, group rules included: by the Go programs, and by ours. */
import { openCsiNode } from '../../harness/csi-node.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import type { AuditCall } from '../../harness/real/audit.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { upstreamRbacFile } from '../../harness/real/upstream-rbac.ts';
import { openGroupClass, runGroupJob } from './group-job.ts';
import { openScene, runMainJob, untilNothingLeft } from './main-job.ts';
import { groupsOn, ROLES, type Side } from './programs.ts';
import { applyRbac, runUnderRbac } from './rbac.ts';

/** On a fresh control plane with our CRDs and an audit log. */
export async function runUnderUpstreamRbac(plane: ControlPlane): Promise<Readonly<Record<Side, readonly AuditCall[]>>> {
  await applyRbac(plane, ROLES.map(upstreamRbacFile));
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
