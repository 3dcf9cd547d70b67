/**
 * What of an entry of the journal is not believed. Whoever may write Leases in the driver's namespace can write
 * an entry; it must not get them another claim's volume, nor a secret that no class of the driver names.
 */
import type { PersistentVolume, StorageClass } from '../../lib/kube/objects.ts';
import { DELETION_SECRET_NAME, DELETION_SECRET_NAMESPACE, volumeNameFor } from '../facts/names.ts';
import { csiClass, csiHandle } from '../migration/plugins.ts';
import type { VolumeNaming } from '../facts/names.ts';
import { secretFor } from '../facts/secrets.ts';
import type { Intent } from './intent.ts';

/** Anything shorter may be the tail of another claim's uid. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface KnownFacts {
  readonly driver: string;
  readonly naming: VolumeNaming;
  readonly classes: () => readonly StorageClass[];
  readonly volumes: () => readonly PersistentVolume[];
}

/** Why the entry is not acted upon; undefined where it may be. */
export function misfit(intent: Intent, facts: KnownFacts): string | undefined {
  const { claim, request, secret } = intent;
  // The name is what keeps two claims' volumes apart. A prefix of an earlier start is as good as today's.
  const isNamedAfter = UUID.test(claim.uid) && request.name.endsWith(`-${claim.uid}`);
  if (request.name !== volumeNameFor(claim.uid, facts.naming) && !isNamedAfter)
    return `volume ${request.name} is not the volume of claim uid ${claim.uid}`;
  if (secret !== undefined && !isNamed(intent, secret, facts))
    return `no StorageClass and no PersistentVolume of driver ${facts.driver} names secret ${secret.namespace}/${secret.name}`;
  return undefined;
}

/** Classes and PVs are written by administrators alone. */
function isNamed({ claim, request }: Intent, secret: NonNullable<Intent['secret']>, { driver, classes, volumes }: KnownFacts): boolean {
  const subject = { volumeName: request.name, claim: { namespace: claim.namespace, name: claim.name } };
  const byClass = classes().some((storageClass) => {
    const understood = csiClass(driver, storageClass);
    if (!understood.ok || understood.value.provisioner !== driver) return false;
    const named = secretFor('provisioner', understood.value.parameters ?? {}, subject);
    if (named.kind === 'secret') return named.ref.name === secret.name && named.ref.namespace === secret.namespace;
    // The name may hold what the claim's annotations said; the namespace never does.
    return named.kind === 'invalid' && named.namespace === secret.namespace;
  });
  return (
    byClass ||
    volumes().some((volume) => {
      const { [DELETION_SECRET_NAME]: name, [DELETION_SECRET_NAMESPACE]: namespace } = volume.metadata?.annotations ?? {};
      return csiHandle(driver, volume) !== undefined && name === secret.name && namespace === secret.namespace;
    })
  );
}
