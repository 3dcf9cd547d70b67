/** Whoever uses up or frees room in the storage says so here, so that published capacities follow at once. */
import type { PersistentVolume } from '../lib/kube/objects.ts';

export interface CapacityRefresh {
  /**
   * Room was used, freed, or found missing: in the segments of the affinity where there is one, else anywhere that the
   * class may take it from. Costs a GetCapacity for each of these, and no write where nothing changed.
   */
  moved(where: { readonly affinity: NonNullable<PersistentVolume['spec']>['nodeAffinity']; readonly className: string | undefined }): void;
}

/** Where no capacities are published. */
export const NO_CAPACITY: CapacityRefresh = { moved: () => undefined };
