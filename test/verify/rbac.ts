import { installCrds, readCrds } from '../../harness/crds.ts';
import { openCsiNode } from '../../harness/csi-node.ts';
import { startMockDriver } from '../../harness/mock-driver.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import type { RbacRun } from '../real/rbac.ts';
import { applyUpstreamRbac, runUnderRbac } from '../real/rbac.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'rbac';

/** The main job under upstream's RBAC: ours may be forbidden nothing that the Go programs are not. */
export async function run({ log }: VerificationOptions): Promise<VerificationResult> {
  const plane = await startControlPlane({ audit: true, report: log });
  try {
    await installCrds(plane.raw, readCrds());
    await applyUpstreamRbac(plane);
    const driver = await startMockDriver(plane.stage, { args: ['--publish=symlink'] });
    const node = openCsiNode({ address: driver.address, nodeId: 'node-a', dir: plane.stage.dir });
    plane.stage.defer(() => node.close());
    const go = await runUnderRbac({ plane, driver, node, side: 'go' });
    const ours = await runUnderRbac({ plane, driver, node, side: 'ours' });
    const told = (side: string, { calls, forbidden }: RbacRun): void =>
      log(`${side}: ${calls} calls, forbidden ${JSON.stringify(Object.fromEntries(forbidden))}`);
    told('go', go);
    told('ours', ours);
    const excess = [...ours.forbidden.keys()].filter((key) => !go.forbidden.has(key));
    return {
      ok: excess.length === 0,
      calls: { ours: ours.calls, go: go.calls },
      forbidden: Object.fromEntries(ours.forbidden),
      peersForbidden: Object.fromEntries(go.forbidden),
    };
  } finally {
    await plane.stop();
  }
}
