/** `csi-sidecars export KIND/NAME`: the objects that another cluster on the same storage needs. It reads and nothing else. */
import { ConfigError } from '../../lib/errors/config-error.ts';
import { isNotFound } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { KubeObject, PersistentVolume, Resource } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import type { Flag } from '../../lib/process/flag.ts';
import { KUBECONFIG_FLAG, namespaceFlag, withCluster } from '../frame/cluster.ts';
import { defineVerb } from '../frame/verb.ts';
import { manifestLines } from './manifest.ts';
import { snapshotPair } from './snapshot-pair.ts';

const FLAGS = [KUBECONFIG_FLAG, namespaceFlag('Namespace of NAME')] as const satisfies readonly Flag[];

interface Exported {
  readonly objects: readonly KubeObject[];
  /** What must be done here before the other cluster owns it. */
  readonly warning: string;
}

export const EXPORT = defineVerb({
  name: 'export',
  about: 'prints the objects that another cluster needs to use a snapshot or a volume of this one',
  example: 'csi-sidecars export volumesnapshot/data-snapshot -n team > pair.yaml',
  operand: { name: 'KIND/NAME', required: true },
  schemaVersion: 1,
  flags: FLAGS,
  run: (input) =>
    withCluster(input, { ...input.options, verb: 'export' }, async ({ client, namespace }) => {
      const { operand = '', signal } = input;
      const [kind = '', name = ''] = operand.split('/');
      const target = { namespace, name };
      const { objects, warning } = await read(client, { kind: kind.toLowerCase(), target, signal });
      const [first, ...rest] = objects;
      return {
        found: false,
        json: { objects, warning },
        lines: () =>
          manifestLines([...(first === undefined ? [] : [{ remark: warning, object: first }]), ...rest.map((object) => ({ object }))]),
      };
    }),
});

interface Wanted {
  readonly kind: string;
  readonly target: { readonly namespace: string; readonly name: string };
  readonly signal: AbortSignal;
}

function read(client: KubeClient, wanted: Wanted): Promise<Exported> {
  switch (wanted.kind) {
    case 'vs':
    case 'volumesnapshot':
    case 'volumesnapshots':
      return exportSnapshot(client, wanted);
    case 'pvc':
    case 'persistentvolumeclaim':
    case 'persistentvolumeclaims':
      return exportClaim(client, wanted);
    default:
      throw new ConfigError(`${wanted.kind}/${wanted.target.name}: write volumesnapshot/NAME or pvc/NAME`, { exitCode: 2 });
  }
}

/** Throws ConfigError where it is not there. */
async function find<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  { target, signal }: Pick<Wanted, 'target' | 'signal'>,
): Promise<T> {
  try {
    return await client.get(resource, resource.namespaced ? target : { name: target.name }, signal);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const where = resource.namespaced ? ` in namespace ${target.namespace}` : '';
    throw new ConfigError(`there is no ${resource.kind} ${target.name}${where}`, { cause: error });
  }
}

const SECRET_ANNOTATION = /^snapshot\.storage\.kubernetes\.io\/deletion-secret-/;

async function exportSnapshot(client: KubeClient, { target, signal }: Wanted): Promise<Exported> {
  const snapshot = await find(client, VOLUME_SNAPSHOTS, { target, signal });
  const contentName = snapshot.status?.boundVolumeSnapshotContentName;
  if (contentName === undefined) throw new ConfigError(`VolumeSnapshot ${target.name} has no content yet: wait until it is ready`);
  const { metadata, spec, status } = await find(client, VOLUME_SNAPSHOT_CONTENTS, { target: { ...target, name: contentName }, signal });
  const handle = status?.snapshotHandle;
  if (handle === undefined)
    throw new ConfigError(`VolumeSnapshotContent ${contentName} has no handle yet: wait until the snapshot is ready`);
  const secrets = Object.entries(metadata?.annotations ?? {}).filter(([key]) => SECRET_ANNOTATION.test(key));
  const pair = snapshotPair({
    driver: spec?.driver ?? '',
    handle,
    ...target,
    contentName,
    // Of two clusters only one may delete it; the one that made it still does.
    deletionPolicy: 'Retain',
    className: spec?.volumeSnapshotClassName ?? '',
    sourceVolumeMode: spec?.sourceVolumeMode,
    annotations: Object.fromEntries(secrets),
  });
  const warning =
    spec?.deletionPolicy === 'Retain'
      ? 'the content here has deletionPolicy Retain: deleting it here leaves the snapshot'
      : `the content here has deletionPolicy Delete: set it to Retain before ${target.namespace}/${target.name} is deleted here, or the snapshot goes`;
  return { objects: [pair.content, pair.snapshot], warning };
}

async function exportClaim(client: KubeClient, { target, signal }: Wanted): Promise<Exported> {
  const claim = await find(client, PERSISTENT_VOLUME_CLAIMS, { target, signal });
  const volumeName = claim.spec?.volumeName ?? '';
  if (volumeName === '') throw new ConfigError(`claim ${target.name} is not bound yet`);
  const volume = await find(client, PERSISTENT_VOLUMES, { target: { ...target, name: volumeName }, signal });
  const { accessModes, resources, storageClassName, volumeMode, volumeAttributesClassName } = claim.spec ?? {};
  const spec = { accessModes, resources, storageClassName, volumeMode, volumeAttributesClassName, volumeName };
  const warning =
    volume.spec?.persistentVolumeReclaimPolicy === 'Retain'
      ? 'the volume here has reclaimPolicy Retain: deleting the claim here leaves it'
      : `the volume here has reclaimPolicy ${volume.spec?.persistentVolumeReclaimPolicy ?? ''}: set it to Retain before ${target.namespace}/${target.name} is deleted here, or the data goes; never use it in both clusters at once`;
  return {
    objects: [
      volumeFor(volume, target),
      { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { ...target }, spec: withoutUndefined(spec) } as KubeObject,
    ],
    warning,
  };
}

/** Without what only this cluster means: uids, versions, finalizers, who provisioned it. */
function volumeFor({ metadata, spec }: PersistentVolume, { namespace, name }: Wanted['target']): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: metadata?.name ?? '' },
    spec: {
      ...spec,
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name },
    },
  };
}

function withoutUndefined(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
