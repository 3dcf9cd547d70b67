import { onControlPlane } from '../../harness/real/on-control-plane.ts';
import { told } from '../real/rbac.ts';
import { describeRight, needs, readManifests, RIGHTS_FILES, rightsIn } from '../real/rights.ts';
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
  const manifests = readManifests(RIGHTS_FILES);
  const rights = rightsIn(manifests);
  const { own, unneeded } = await onControlPlane(options, async (plane) => {
    const job = await runRightsJob(plane);
    const found = needs(rights, job.calls);
    await removeOneByOne({ plane, manifests, rights, needed: found.needed });
    return { own: job, unneeded: found.unneeded };
  });
  log(`under deploy/: ${told('ours', own)}`);
  const forbidden = [...ours.forbidden.keys(), ...own.forbidden.keys()];
  return {
    ok: forbidden.length === 0 && unneeded.length === 0,
    calls: { go: go.calls.length, ours: ours.calls.length, underOwnRoles: own.calls.length },
    forbidden,
    peersForbidden: [...go.forbidden.keys()],
    rights: rights.length,
    grantedButNotNeeded: unneeded.map(describeRight),
  };
}
