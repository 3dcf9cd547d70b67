/** What is known of a claim before anybody is asked about it. */
import type { KubeObject, PersistentVolumeClaim, StorageClass } from '../../../lib/kube/objects.ts';
import type { SourceObject } from '../../../provisioner/facts/data-source.ts';
import type { ProvisionerTheatre } from '../provisioner-theatre.ts';
import type { Scene } from '../scene.ts';

export interface PodOfClaim extends KubeObject {
  spec?: { nodeName?: string; volumes?: { persistentVolumeClaim?: { claimName?: string } }[] };
  status?: { phase?: string; conditions?: { type?: string; status?: string; message?: string }[] };
}

export interface ClaimFacts {
  readonly scene: Scene;
  readonly claim: PersistentVolumeClaim;
  readonly key: string;
  readonly pods: readonly PodOfClaim[];
  readonly storageClass: StorageClass | undefined;
  readonly provisioner: ProvisionerTheatre;
  readonly driver: string;
  readonly source: SourceObject | undefined;
}
