/** Is a claim ours to provision? The part that needs nothing but the claim and its class (docs/peer-behaviour.md#which-claims-are-ours). */
import type { PersistentVolumeClaim, StorageClass } from '../../lib/kube/objects.ts';
import {
  ALPHA_SELECTED_NODE,
  BETA_STORAGE_CLASS,
  BETA_STORAGE_PROVISIONER,
  MIGRATED_TO,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
} from './names.ts';

/** The annotation wins over the field, as in every Kubernetes component. An empty field means "no class". */
export function classNameOf(object: {
  metadata?: PersistentVolumeClaim['metadata'];
  spec?: { storageClassName?: string };
}): string | undefined {
  return object.metadata?.annotations?.[BETA_STORAGE_CLASS] ?? object.spec?.storageClassName;
}

export function selectedNodeOf(claim: PersistentVolumeClaim): string | undefined {
  const annotations = claim.metadata?.annotations ?? {};
  const node = annotations[SELECTED_NODE] ?? annotations[ALPHA_SELECTED_NODE] ?? '';
  return node === '' ? undefined : node;
}

export function withoutSelectedNode(claim: PersistentVolumeClaim): PersistentVolumeClaim {
  const { [SELECTED_NODE]: _node, [ALPHA_SELECTED_NODE]: _alpha, ...annotations } = claim.metadata?.annotations ?? {};
  return { ...claim, metadata: { ...claim.metadata, annotations } };
}

/** Does the PV controller (or CSI migration) hand this claim to `driver`? */
export function isHandedTo(driver: string, claim: PersistentVolumeClaim): boolean {
  const annotations = claim.metadata?.annotations ?? {};
  const provisioner = annotations[STORAGE_PROVISIONER] ?? annotations[BETA_STORAGE_PROVISIONER];
  return provisioner === driver || (provisioner !== undefined && annotations[MIGRATED_TO] === driver);
}

/** Why the claim is not provisioned now; undefined where it is to be. */
export function reasonToLeave(driver: string, claim: PersistentVolumeClaim): string | undefined {
  if ((claim.spec?.volumeName ?? '') !== '') return 'the claim has its volume';
  if (!isHandedTo(driver, claim)) return 'the claim is for another provisioner';
  if (claim.metadata?.deletionTimestamp !== undefined) return 'the claim is being deleted';
  return undefined;
}

export function waitsForConsumer(claim: PersistentVolumeClaim, storageClass: StorageClass): boolean {
  return storageClass.volumeBindingMode === 'WaitForFirstConsumer' && (claim.metadata?.annotations?.[SELECTED_NODE] ?? '') === '';
}
