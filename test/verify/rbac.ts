import { onControlPlane } from '../../harness/real/on-control-plane.ts';
import { forbiddenIn, told } from '../real/rbac.ts';
import { describeRight, needs, readRights, rightsIn } from '../real/rights.ts';
import { runRightsJob } from '../real/rights-job.ts';
import { removeOneByOne } from '../real/rights-removed.ts';
import { runUnderUpstreamRbac } from '../real/upstream-rbac.ts';
import type { VerificationOptions, VerificationResult } from './verification.ts';

export const name = 'rbac';

/**
 * Ours are forbidden nothing, neither under upstream's RBAC nor under that of deploy/, and each right of deploy/ is needed:
 * a call was made by it that the server refuses without it.
 */
export async function run({ log }: VerificationOptions): Promise<VerificationResult> {
  const options = { audit: true, report: log };
  const { ours, go } = await onControlPlane(options, runUnderUpstreamRbac);
  log(`under upstream's RBAC: ${told('go', go)}; ${told('ours', ours)}`);
  const manifests = readRights();
  const rights = rightsIn(manifests);
  const { own, unneeded } = await onControlPlane(options, async (plane) => {
    const calls = await runRightsJob(plane);
    const found = needs(rights, calls);
    await removeOneByOne({ plane, manifests, rights, needed: found.needed });
    return { own: calls, unneeded: found.unneeded };
  });
  log(`under deploy/: ${told('ours', own)}`);
  const forbidden = [...forbiddenIn(ours).keys(), ...forbiddenIn(own).keys()];
  return {
    ok: forbidden.length === 0 && unneeded.length === 0,
    calls: { go: go.length, ours: ours.length, underOwnRoles: own.length },
    forbidden,
    peersForbidden: [...forbiddenIn(go).keys()],
    rights: rights.length,
    grantedButNotNeeded: unneeded.map(describeRight),
  };
}
