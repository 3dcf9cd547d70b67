/**
 * The PV of a claim, in two steps: the plan, which needs no answer of the driver and is recorded before the
 * call, and the finished object. Source: docs/peer-behaviour.md#the-persistentvolume.
 */
import { VolumeCapability_AccessMode_Mode } from '../../proto/gen/csi.ts';
import type { CreateVolumeRequest, Volume } from '../../proto/gen/csi.ts';
import type { CsiVolumeSource, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../lib/kube/objects.ts';
import { formatBinarySI } from '../../lib/kube/quantity.ts';
import {
  DELETION_SECRET_NAME,
  DELETION_SECRET_NAMESPACE,
  IDENTITY_ATTRIBUTE,
  MODIFY_SECRET_NAME,
  MODIFY_SECRET_NAMESPACE,
  PROVISIONED_BY,
  VOLUME_FINALIZER,
} from '../facts/names.ts';
import type { Intent } from '../intent/intent.ts';
import type { Translated } from '../migration/plugin.ts';
import { asProvisionedBy } from '../migration/plugins.ts';
import type { Draft } from './request.ts';
import { affinityTerms } from './terms.ts';

export interface PlanInput {
  readonly driver: string;
  readonly claim: PersistentVolumeClaim;
  readonly class: StorageClass;
  readonly draft: Draft;
  /** --controller-publish-readonly. */
  readonly readOnlyMany: boolean;
  /** Name the claim's VolumeAttributesClass on the PV. */
  readonly attributesClass: string | undefined;
  /** As the class names its provisioner: the driver, or the in-tree plugin that it took over. */
  readonly provisionedBy: string;
}

/** The PV without handle, capacity, attributes and affinity. */
export function planVolume({
  driver,
  claim,
  class: storageClass,
  draft,
  readOnlyMany,
  attributesClass,
  provisionedBy,
}: PlanInput): PersistentVolume {
  const { secrets } = draft;
  const reclaim = storageClass.reclaimPolicy ?? 'Delete';
  const volumeMode = claim.spec?.volumeMode ?? undefined;
  const csi: CsiVolumeSource = {
    driver,
    ...(draft.fsType === '' ? {} : { fsType: draft.fsType }),
    ...(readOnlyMany && isReadOnlyMany(draft) ? { readOnly: true } : {}),
    ...reference('controllerPublishSecretRef', secrets['controller-publish']),
    ...reference('nodeStageSecretRef', secrets['node-stage']),
    ...reference('nodePublishSecretRef', secrets['node-publish']),
    ...reference('controllerExpandSecretRef', secrets['controller-expand']),
    ...reference('nodeExpandSecretRef', secrets['node-expand']),
  };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: draft.volumeName,
      ...(Object.keys(draft.labels).length > 0 ? { labels: draft.labels } : {}),
      annotations: annotationsOf(provisionedBy, draft),
      // A volume that is kept needs no guard; one that is deleted must not lose its object first.
      ...(reclaim === 'Delete' ? { finalizers: [VOLUME_FINALIZER] } : {}),
    },
    spec: {
      accessModes: [...(claim.spec?.accessModes ?? [])],
      claimRef: {
        kind: 'PersistentVolumeClaim',
        apiVersion: 'v1',
        ...pick(claim.metadata ?? {}, ['namespace', 'name', 'uid', 'resourceVersion']),
      },
      csi,
      persistentVolumeReclaimPolicy: reclaim,
      storageClassName: storageClass.metadata?.name ?? '',
      ...((storageClass.mountOptions ?? []).length > 0 ? { mountOptions: [...(storageClass.mountOptions ?? [])] } : {}),
      ...(volumeMode === undefined ? {} : { volumeMode }),
      ...(attributesClass === undefined ? {} : { volumeAttributesClassName: attributesClass }),
    },
  };
}

/**
 * The PV of a volume that nobody wants: it exists so that the volume is deleted in the ordinary way. Nothing of it
 * outlives that, and of what was written down only the claim, the name and the secret of the deletion are taken.
 */
export function planForNobody({ claim, request, secret, className }: Intent, driver: string): PersistentVolume {
  const block = request.volumeCapabilities.some(({ accessType }) => accessType?.$case === 'block');
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: request.name,
      annotations: annotationsOf(driver, { secrets: secret === undefined ? {} : { provisioner: secret } }),
      finalizers: [VOLUME_FINALIZER],
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace: claim.namespace, name: claim.name, uid: claim.uid },
      csi: { driver },
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: className,
      ...(block ? { volumeMode: 'Block' } : {}),
    },
  };
}

function annotationsOf(provisionedBy: string, { secrets }: Pick<Draft, 'secrets'>): Record<string, string> {
  const modify = secrets['controller-modify'];
  return {
    [PROVISIONED_BY]: provisionedBy,
    // Present but empty says "no secret", so that deletion does not depend on the class living on.
    [DELETION_SECRET_NAME]: secrets.provisioner?.name ?? '',
    [DELETION_SECRET_NAMESPACE]: secrets.provisioner?.namespace ?? '',
    ...(modify === undefined ? {} : { [MODIFY_SECRET_NAME]: modify.name, [MODIFY_SECRET_NAMESPACE]: modify.namespace }),
  };
}

function isReadOnlyMany({ capabilities }: Draft): boolean {
  return capabilities.length === 1 && capabilities[0]?.accessMode?.mode === VolumeCapability_AccessMode_Mode.MULTI_NODE_READER_ONLY;
}

function reference<K extends keyof CsiVolumeSource>(
  key: K,
  secret: { name: string; namespace: string } | undefined,
): Partial<Record<K, object>> {
  if (secret === undefined) return {};
  const entry: Partial<Record<K, object>> = {};
  entry[key] = { name: secret.name, namespace: secret.namespace };
  return entry;
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Partial<Pick<T, K>> {
  const found: Partial<Pick<T, K>> = {};
  for (const key of keys) if (from[key] !== undefined) found[key] = from[key];
  return found;
}

export interface FinishInput {
  readonly plan: PersistentVolume;
  readonly volume: Volume;
  readonly requestedBytes: bigint;
  /** Which run of which program this is. */
  readonly identity: string;
  /** The driver has topology and the gate is on. */
  readonly topology: boolean;
}

/** A fault: the driver's answer has no form that the in-tree plugin of the class knows. */
export function finishVolume({ plan, volume, requestedBytes, identity, topology }: FinishInput): Translated<PersistentVolume> {
  const bytes = volume.capacityBytes > 0n ? volume.capacityBytes : requestedBytes;
  const terms = topology ? affinityTerms(volume.accessibleTopology) : [];
  const finished: PersistentVolume = {
    ...plan,
    spec: {
      ...plan.spec,
      capacity: { storage: formatBinarySI(bytes) },
      csi: {
        ...plan.spec?.csi,
        volumeHandle: volume.volumeId,
        // The driver's own context wins over our mark.
        volumeAttributes: { [IDENTITY_ATTRIBUTE]: identity, ...volume.volumeContext },
      },
      ...(terms.length === 0 ? {} : { nodeAffinity: { required: { nodeSelectorTerms: terms } } }),
    },
  };
  return asProvisionedBy(plan.metadata?.annotations?.[PROVISIONED_BY], finished);
}

/** Above this an API server stores no object: etcd takes 1.5 MiB, in JSON and with all that is around it. */
const MOST_BYTES = 1 << 20;

/** Why no PV can be made of the answer, for whomever; undefined where one can. */
export function unusable(volume: Volume | undefined): string | undefined {
  if (volume === undefined || volume.volumeId === '') return 'the driver answered CreateVolume without a volume';
  const context = Object.entries(volume.volumeContext).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  const length = volume.volumeId.length + context;
  if (length <= MOST_BYTES) return undefined;
  return `the driver answered CreateVolume with a volume id and context of ${length} characters, too long for a PersistentVolume`;
}

/** As the Go program calls a volume that was to be filled and does not say that it was. */
export const SOURCE_MISSING = 'volume content source missing';

/**
 * What is wrong with a volume that the driver says it made; undefined where nothing is. Such a volume is not
 * handed to a living claim, and not forgotten either: its record stays.
 */
export function answerProblem(request: CreateVolumeRequest, volume: Volume): string | undefined {
  const wanted = request.capacityRange?.requiredBytes ?? 0n;
  const { capacityBytes } = volume;
  if (capacityBytes > 0n && capacityBytes < wanted)
    return `created volume capacity ${capacityBytes} less than requested capacity ${wanted}`;
  const source = request.volumeContentSource?.type;
  const answered = volume.contentSource?.type;
  if (source === undefined) return undefined;
  if (answered === undefined) return SOURCE_MISSING;
  // Only the kind is compared: the name is the claim's alone, so another source under it cannot be, and
  // drivers are known to write ids in more than one way.
  return source.$case === answered.$case ? undefined : 'the driver filled the volume from another kind of source than asked for';
}
