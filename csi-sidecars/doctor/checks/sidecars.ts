/** The Pods that run sidecars: two of a kind without an election, containers that do not start, versions that do not go together. */
import { PODS } from '../../../lib/kube/resources.ts';
import type { Case, Check } from '../check.ts';
import type { Finding } from '../finding.ts';
import { placeOf } from '../../reading/place.ts';
import { groupBy } from '../group-by.ts';
import { type Sidecar, sidecarsOf } from '../sidecar-pods.ts';

export const SIDECARS: Check = {
  name: 'sidecars',
  run: ({ survey }: Case) => {
    const found = sidecarsOf(survey.pods);
    return { findings: [...twiceInOnePod(found), ...replicasWithoutElection(found), ...notStarted(found), ...versions(found)] };
  },
};

function twiceInOnePod(found: readonly Sidecar[]): Finding[] {
  const groups = groupBy(found, ({ pod, role }) => `${pod.metadata?.uid ?? ''} ${role}`);
  return [...groups.values()].flatMap((same): Finding[] => {
    const [first, second] = same;
    if (first === undefined || second === undefined) return [];
    const names = same.map(({ container }) => container.name ?? '').join(' and ');
    return [
      {
        severity: 'error',
        what: `the containers ${names} of one Pod are both ${first.role}`,
        where: placeOf(PODS, first.pod),
        since: first.pod.metadata?.creationTimestamp,
        breaks: 'both do the same work at once',
        fix: `take the container ${second.container.name ?? ''} out of the Pod's template`,
      },
    ];
  });
}

function replicasWithoutElection(found: readonly Sidecar[]): Finding[] {
  const alone = found.filter(({ elects, perNode }) => !elects && !perNode);
  const owned = alone.filter(({ pod }) => ownerOf(pod) !== undefined);
  return [...groupBy(owned, ({ pod, role }) => `${ownerOf(pod)} ${role}`).values()].flatMap((same): Finding[] => {
    const pods = new Map(same.map((each) => [each.pod.metadata?.uid, each]));
    const [first] = same;
    if (first === undefined || pods.size < 2) return [];
    return [
      {
        severity: 'error',
        what: `${pods.size} Pods run ${first.role} without --leader-election`,
        where: placeOf(PODS, first.pod),
        since: first.pod.metadata?.creationTimestamp,
        breaks: 'all of them do the same work at once',
        fix: `args: [--leader-election] # of the container ${first.container.name ?? ''}; or replicas: 1`,
      },
    ];
  });
}

/** A DaemonSet has one on every node by intention. */
function ownerOf({ metadata }: Sidecar['pod']): string | undefined {
  return metadata?.ownerReferences?.find(({ controller, kind }) => controller === true && kind !== 'DaemonSet')?.uid;
}

function notStarted(found: readonly Sidecar[]): Finding[] {
  return found.flatMap(({ pod, container, role }): Finding[] => {
    const status = pod.status?.containerStatuses?.find(({ name }) => name === container.name);
    const { reason = '', message = '' } = status?.state?.waiting ?? {};
    if (reason === '' || reason === 'ContainerCreating' || reason === 'PodInitializing') return [];
    const { name = '', namespace = '' } = pod.metadata ?? {};
    return [
      {
        severity: 'error',
        what: `${role} does not run: ${reason}${message === '' ? '' : `, ${message}`}`,
        where: placeOf(PODS, pod),
        since: pod.metadata?.creationTimestamp,
        breaks: `what ${role} does is not done by this Pod`,
        fix:
          reason === 'CrashLoopBackOff'
            ? `kubectl logs ${name} -n ${namespace} -c ${container.name ?? ''} --previous`
            : `image: of the container ${container.name ?? ''}, now ${container.image ?? ''}`,
      },
    ];
  });
}

/** The two halves of snapshotting talk through objects whose fields changed with the major version. */
function versions(found: readonly Sidecar[]): Finding[] {
  const controllers = found.filter(({ role, version }) => role === 'snapshot-controller' && majorOf(version) !== undefined);
  const [controller] = controllers;
  if (controller === undefined) return [];
  return found
    .filter(
      ({ role, version }) =>
        role === 'csi-snapshotter' && majorOf(version) !== undefined && majorOf(version) !== majorOf(controller.version),
    )
    .map((each) => ({
      severity: 'warning',
      what: `csi-snapshotter is ${each.version}, snapshot-controller ${controller.version}`,
      where: placeOf(PODS, each.pod),
      since: each.pod.metadata?.creationTimestamp,
      breaks: 'fields and annotations that one of them writes may mean nothing to the other',
      fix: `image: of the container ${each.container.name ?? ''} in the major version of snapshot-controller`,
    }));
}

function majorOf(version: string): string | undefined {
  return /^(\d+)\.\d+/.exec(version)?.[1];
}
