/**
 * `csi-sidecars release --driver=NAME`: after a swap back to the Go programs, what only ours know is removed, and what
 * somebody still has to look at is named.
 */
import type { KubeClient } from '../../lib/kube/client.ts';
import { orNothing } from '../../lib/kube/api-error.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import {
  GROUP_SNAPSHOT_VERSIONS,
  type GroupSnapshotResources,
  groupSnapshotResources,
  LEASES,
  PERSISTENT_VOLUMES,
  VOLUME_SNAPSHOT_CONTENTS,
  VOLUME_SNAPSHOTS,
} from '../../lib/kube/resources.ts';
import { sanitiseLeaseName } from '../../lib/controller/lease-name.ts';
import { ConfigError } from '../../lib/errors/config-error.ts';
import type { Flag } from '../../lib/process/flag.ts';
import { CSI_PROVISIONER } from '../../provisioner/role.ts';
import { KUBECONFIG_FLAG, withCluster } from '../frame/cluster.ts';
import { listAll } from '../frame/list-all.ts';
import { alignRows } from '../frame/screen.ts';
import { defineVerb } from '../frame/verb.ts';
import { type Left, planRelease } from './plan.ts';

const FLAGS = [
  KUBECONFIG_FLAG,
  { name: 'driver', type: 'string', default: '', help: 'Name of the CSI driver, as in its classes.', origin: 'ours' },
  {
    name: 'namespace',
    type: 'string',
    default: '',
    help: 'Where csi-provisioner kept its Leases: its own namespace, or --leader-election-namespace. Empty: that of the kubeconfig.',
    origin: 'ours',
  },
  { name: 'check', type: 'bool', default: 'false', help: 'Remove nothing: only say what is there.', origin: 'ours' },
  {
    name: 'force',
    type: 'bool',
    default: 'false',
    help: 'Remove also what names volumes or snapshots that may exist in the storage and nowhere else. They are yours to find then.',
    origin: 'ours',
  },
] as const satisfies readonly Flag[];

export const RELEASE = defineVerb({
  name: 'release',
  about: 'removes what only these programs know, after a swap back to the Go programs',
  example: 'csi-sidecars release --driver=ebs.csi.aws.com --namespace=kube-system --check',
  schemaVersion: 1,
  flags: FLAGS,
  run: async (input) => {
    const { options, doors, signal } = input;
    const { driver, check, force } = options;
    if (driver === '') throw new ConfigError('--driver is missing: name the CSI driver whose sidecars were swapped', { exitCode: 2 });
    return withCluster(input, { ...options, verb: 'release' }, async ({ client, namespace }) => {
      const groups = await servedGroups(client, signal);
      const left = planRelease({
        driver,
        electionName: sanitiseLeaseName(CSI_PROVISIONER.lockName(driver)),
        leases: await listAll(client, LEASES, { namespace, signal }),
        volumes: await listAll(client, PERSISTENT_VOLUMES, { signal }),
        contents: await listAll(client, VOLUME_SNAPSHOT_CONTENTS, { signal }),
        snapshots: await listAll(client, VOLUME_SNAPSHOTS, { signal }),
        groupContents: groups === undefined ? [] : await listAll(client, groups.contents, { signal }),
        groups: groups === undefined ? [] : await listAll(client, groups.snapshots, { signal }),
        nowMs: doors.clock.now(),
      });
      const goes = (one: Left): boolean => one.keep === undefined || (force && !one.keep.always);
      for (const one of left) if (!check && goes(one)) await remove(client, one, { groups, signal });
      const verdict = (one: Left): string => (goes(one) ? (check ? 'would be removed' : 'removed') : `kept: ${one.keep?.reason ?? ''}`);
      return {
        found: left.some((one) => !goes(one)) || (check && left.length > 0),
        json: { driver, namespace, left: left.map((one) => ({ ...one, removed: !check && goes(one) })) },
        lines: () =>
          left.length === 0
            ? [`nothing of these programs is left of driver ${driver} (Leases were looked for in namespace ${namespace})`]
            : alignRows(left.map((one) => [nameOf(one), verdict(one)])),
      };
    });
  },
});

function nameOf({ kind, namespace, name, annotations }: Left): string {
  const object = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
  return annotations === undefined ? object : `${object}: ${annotations.join(', ')}`;
}

/** In the best version; undefined where the cluster has none. */
async function servedGroups(client: KubeClient, signal: AbortSignal): Promise<GroupSnapshotResources | undefined> {
  for (const version of GROUP_SNAPSHOT_VERSIONS) {
    const resources = groupSnapshotResources(version);
    if ((await orNothing(client.list(resources.contents, { limit: 1, signal }))) !== undefined) return resources;
  }
  return undefined;
}

interface Removal {
  readonly groups: GroupSnapshotResources | undefined;
  readonly signal: AbortSignal;
}

/** What went meanwhile is gone; a Lease that was written meanwhile is refused by the server, since nobody has looked at it. */
async function remove(
  client: KubeClient,
  { kind, namespace, name, annotations, version }: Left,
  { groups, signal }: Removal,
): Promise<void> {
  const target = { name, ...(namespace === undefined ? {} : { namespace }) };
  if (kind === 'Lease') {
    await orNothing(client.delete(LEASES, target, { ...version, signal }));
    return;
  }
  const kinds: readonly (Resource<KubeObject> | undefined)[] = [
    VOLUME_SNAPSHOTS,
    VOLUME_SNAPSHOT_CONTENTS,
    groups?.snapshots,
    groups?.contents,
  ];
  const resource = kinds.find((one) => one?.kind === kind);
  if (resource === undefined) throw new TypeError(`no resource for ${kind}`);
  const cleared = Object.fromEntries((annotations ?? []).map((key) => [key, null]));
  await orNothing(client.patch(resource, target, { patch: { type: 'merge', body: { metadata: { annotations: cleared } } }, signal }));
}
