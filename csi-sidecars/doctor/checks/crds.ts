/** The snapshot CRDs: there, served, with the fields and rules that this release needs. */
import { CUSTOM_RESOURCE_DEFINITIONS, SNAPSHOT_GROUP } from '../../../lib/kube/resources.ts';
import { judgeCrd } from '../../install-crds/judge.ts';
import type { Case, Check } from '../check.ts';
import type { Finding } from '../finding.ts';

const INSTALL = 'csi-sidecars install-crds';

export const CRDS: Check = {
  name: 'crds',
  run: ({ crds, survey }: Case) => ({
    findings: survey.crds.blind === undefined ? crds.flatMap((ours) => judge(ours, survey.crds.items)) : [],
  }),
};

function judge(ours: Case['crds'][number], served: Case['crds']): Finding[] {
  const name = ours.metadata?.name ?? '';
  const where = { kind: CUSTOM_RESOURCE_DEFINITIONS.kind, name };
  const theirs = served.find(({ metadata }) => metadata?.name === name);
  const breaks = `no ${ours.spec?.names?.kind ?? 'object'} works as this release needs it`;
  const isNeeded = ours.spec?.group === SNAPSHOT_GROUP;
  // Group snapshots are a choice: a cluster without them is whole.
  if (theirs === undefined && !isNeeded) return [];
  if (theirs === undefined) return [{ severity: 'error', what: 'the custom resource is not installed', where, breaks, fix: INSTALL }];
  const since = theirs.metadata?.creationTimestamp;
  const refused = theirs.status?.conditions?.find(({ type, status }) => type === 'Established' && status === 'False');
  if (refused !== undefined)
    return [
      {
        severity: 'error',
        what: `it is not served: ${refused.message ?? refused.reason ?? ''}`,
        where,
        since,
        breaks,
        fix: `kubectl describe crd ${name}`,
      },
    ];
  const { state, gaps, blockers } = judgeCrd(ours, theirs);
  if (state !== 'lacking') return [];
  const fix = blockers.length === 0 ? INSTALL : `${INSTALL} leaves it alone (${blockers.join('; ')}): update what installed it`;
  return [{ severity: 'error', what: `it is too old: ${gaps.join('; ')}`, where, since, breaks, fix }];
}
