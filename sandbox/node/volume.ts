/**
 * The way of one volume to one Pod and back: attach, stage (once a node), publish (once a Pod), and in
 * reverse. Every step is idempotent by the CSI specification, so a way that broke off is gone again from
 * its start. Paths are laid out as a kubelet's, under a folder of the sandbox.
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isAlreadyExists } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { PersistentVolume, SecretReference, VolumeAttachment } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, SECRETS, VOLUME_ATTACHMENTS } from '../../lib/kube/resources.ts';
import type { VolumeCapability } from '../../proto/gen/csi.ts';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../proto/gen/csi.ts';
import type { NodeDriver } from './driver.ts';
import type { ClaimUse, Pod } from './pod.ts';
import { ignoreNotFound } from './registration.ts';

export interface VolumeWay {
  readonly client: KubeClient;
  readonly nodeName: string;
  readonly dir: string;
  readonly signal: AbortSignal;
}

/** What must be undone when the Pod goes. */
export interface Published {
  readonly driver: NodeDriver;
  readonly volumeName: string;
  readonly volumeId: string;
  readonly targetPath: string;
  readonly stagingPath: string;
  /** Kept from the volume, which may be gone by the time of the way back. */
  readonly attachSecret: SecretReference | undefined;
}

/** The volume cannot be published yet; the text is for the Pod's user. */
export class NotYetError extends Error {
  readonly code = 'NOT_YET';
}

export function publishPath(dir: string, podUid: string, volumeName: string): string {
  return join(dir, 'pods', podUid, 'volumes', 'kubernetes.io~csi', volumeName, 'mount');
}

/** The volume that the claim is bound to. */
export async function findVolume(way: VolumeWay, pod: Pod, use: ClaimUse): Promise<PersistentVolume> {
  const namespace = pod.metadata?.namespace ?? '';
  const claim = await way.client.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name: use.claimName }, way.signal);
  const name = claim.spec?.volumeName ?? '';
  if (claim.status?.phase !== 'Bound' || name === '') throw new NotYetError(`claim ${namespace}/${use.claimName} is not bound`);
  const volume = await way.client.get(PERSISTENT_VOLUMES, { name }, way.signal);
  if (volume.spec?.csi === undefined) throw new NotYetError(`volume ${name} is not a CSI volume: this node publishes no other`);
  return volume;
}

export function publishedOf(
  volume: PersistentVolume,
  driver: NodeDriver,
  at: { readonly dir: string; readonly podUid: string },
): Published {
  const volumeName = volume.metadata?.name ?? '';
  const volumeId = volume.spec?.csi?.volumeHandle ?? '';
  const staged = createHash('sha256').update(volumeId).digest('hex');
  return {
    driver,
    volumeName,
    volumeId,
    targetPath: publishPath(at.dir, at.podUid, volumeName),
    stagingPath: join(at.dir, 'plugins', 'kubernetes.io', 'csi', driver.name, staged, 'globalmount'),
    attachSecret: volume.spec?.csi?.controllerPublishSecretRef,
  };
}

export async function publish(
  way: VolumeWay,
  published: Published,
  use: { readonly volume: PersistentVolume; readonly readOnly: boolean },
): Promise<void> {
  const { driver, volumeId, stagingPath, targetPath } = published;
  const { csi, accessModes, volumeMode, mountOptions } = use.volume.spec ?? {};
  const readonly = use.readOnly || (csi?.readOnly ?? false);
  const volumeCapability = capabilityOf({ accessModes, volumeMode, mountOptions, fsType: csi?.fsType ?? '', driver });
  const volumeContext = csi?.volumeAttributes ?? {};
  let publishContext: Record<string, string> = {};
  if (driver.attaches) {
    await putAttachment(way, published);
    const secrets = await secretsOf(way, published.attachSecret);
    const request = { volumeId, nodeId: driver.nodeId, volumeCapability, readonly: csi?.readOnly ?? false, secrets, volumeContext };
    publishContext = (await driver.calls.controllerPublishVolume(request, way.signal)).publishContext;
    await setAttached(way, published);
  }
  if (driver.stages) {
    await mkdir(stagingPath, { recursive: true });
    const secrets = await secretsOf(way, csi?.nodeStageSecretRef);
    await driver.calls.nodeStageVolume(
      { volumeId, publishContext, stagingTargetPath: stagingPath, volumeCapability, secrets, volumeContext },
      way.signal,
    );
  }
  // The target itself is the driver's to make.
  await mkdir(dirname(targetPath), { recursive: true });
  const secrets = await secretsOf(way, csi?.nodePublishSecretRef);
  const stagingTargetPath = driver.stages ? stagingPath : '';
  await driver.calls.nodePublishVolume(
    { volumeId, publishContext, stagingTargetPath, targetPath, volumeCapability, readonly, secrets, volumeContext },
    way.signal,
  );
}

/** `last`: no other Pod of this node uses the volume, so it leaves the node too. */
export async function unpublish(way: VolumeWay, published: Published, last: boolean): Promise<void> {
  const { driver, volumeId, stagingPath, targetPath } = published;
  await driver.calls.nodeUnpublishVolume({ volumeId, targetPath }, way.signal);
  if (!last) return;
  if (driver.stages) await driver.calls.nodeUnstageVolume({ volumeId, stagingTargetPath: stagingPath }, way.signal);
  if (driver.attaches) {
    const secrets = await secretsOf(way, published.attachSecret);
    await driver.calls.controllerUnpublishVolume({ volumeId, nodeId: driver.nodeId, secrets }, way.signal);
    await ignoreNotFound(way.client.delete(VOLUME_ATTACHMENTS, { name: attachmentName(way, published) }, { signal: way.signal }));
  }
}

interface CapabilityParts {
  readonly accessModes: readonly string[] | undefined;
  readonly volumeMode: string | undefined;
  readonly mountOptions: readonly string[] | undefined;
  readonly fsType: string;
  readonly driver: Pick<NodeDriver, 'tellsWritersApart'>;
}

/** The widest mode that the volume has, in the words of the driver. */
export function capabilityOf({ accessModes = [], volumeMode, mountOptions = [], fsType, driver }: CapabilityParts): VolumeCapability {
  const once = driver.tellsWritersApart ? Mode.SINGLE_NODE_MULTI_WRITER : Mode.SINGLE_NODE_WRITER;
  const mode = accessModes.includes('ReadWriteMany')
    ? Mode.MULTI_NODE_MULTI_WRITER
    : accessModes.includes('ReadWriteOnce')
      ? once
      : accessModes.includes('ReadWriteOncePod')
        ? driver.tellsWritersApart
          ? Mode.SINGLE_NODE_SINGLE_WRITER
          : Mode.SINGLE_NODE_WRITER
        : Mode.MULTI_NODE_READER_ONLY;
  const accessType: VolumeCapability['accessType'] =
    volumeMode === 'Block'
      ? { $case: 'block', value: {} }
      : { $case: 'mount', value: { fsType, mountFlags: [...mountOptions], volumeMountGroup: '' } };
  return { accessType, accessMode: { mode } };
}

async function secretsOf({ client, signal }: VolumeWay, reference: SecretReference | undefined): Promise<Record<string, string>> {
  if (reference?.name === undefined || reference.namespace === undefined) return {};
  const secret = await client.get(SECRETS, { namespace: reference.namespace, name: reference.name }, signal);
  const pairs = Object.entries(secret.data ?? {});
  return Object.fromEntries(pairs.map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
}

/** As the attach controller names it, so that a provisioner finds the volume attached. */
function attachmentName({ nodeName }: VolumeWay, { volumeId, driver }: Published): string {
  return `csi-${createHash('sha256').update(`${volumeId}${driver.name}${nodeName}`).digest('hex')}`;
}

async function putAttachment(way: VolumeWay, published: Published): Promise<void> {
  const attachment: VolumeAttachment = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttachment',
    metadata: { name: attachmentName(way, published) },
    spec: { attacher: published.driver.name, nodeName: way.nodeName, source: { persistentVolumeName: published.volumeName } },
  };
  try {
    await way.client.create(VOLUME_ATTACHMENTS, attachment, { signal: way.signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

async function setAttached(way: VolumeWay, published: Published): Promise<void> {
  const body = { status: { attached: true } };
  await way.client.patch(
    VOLUME_ATTACHMENTS,
    { name: attachmentName(way, published) },
    { patch: { type: 'merge', body }, subresource: 'status', signal: way.signal },
  );
}
