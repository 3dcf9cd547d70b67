/** Is a PV ours to delete, and with which secret? */
import type { PersistentVolume, StorageClass } from '../../lib/kube/objects.ts';
import { DELETION_SECRET_NAME, DELETION_SECRET_NAMESPACE, MIGRATED_TO, PROVISIONED_BY } from '../facts/names.ts';
import { csiClass, isKnownAs } from '../migration/plugins.ts';
import type { SecretResult } from '../facts/secrets.ts';
import { secretFor } from '../facts/secrets.ts';

/** Made by this driver, or by the in-tree plugin that it took over, or a CSI volume of it, static or not. */
export function isOurs(driver: string, volume: PersistentVolume): boolean {
  const annotations = volume.metadata?.annotations ?? {};
  const maker = annotations[PROVISIONED_BY];
  if (isKnownAs(driver, maker) || annotations[MIGRATED_TO] === driver) return true;
  return maker === undefined && volume.spec?.csi?.driver === driver;
}

/**
 * The PV says which secret (possibly none). One made before PVs said so is asked by its class; where that
 * is gone, it is tried without.
 */
export function deletionSecret(driver: string, volume: PersistentVolume, storageClass: StorageClass | undefined): SecretResult {
  const annotations = volume.metadata?.annotations ?? {};
  const name = annotations[DELETION_SECRET_NAME];
  const namespace = annotations[DELETION_SECRET_NAMESPACE];
  if (name !== undefined && namespace !== undefined) {
    return name !== '' && namespace !== '' ? { kind: 'secret', ref: { name, namespace } } : { kind: 'none' };
  }
  const claim = volume.spec?.claimRef ?? undefined;
  if (storageClass === undefined || claim === undefined) return { kind: 'none' };
  const understood = csiClass(driver, storageClass);
  if (!understood.ok) return { kind: 'invalid', message: understood.fault };
  // The claim is gone: what its annotations said is lost, so templates that need them are refused.
  return secretFor('provisioner', understood.value.parameters ?? {}, {
    volumeName: volume.metadata?.name ?? '',
    claim: { namespace: claim.namespace ?? '', name: claim.name ?? '' },
  });
}
