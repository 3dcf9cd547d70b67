/** Capacities of tests, each complete and legal, with named overrides. */
import type { CsiStorageCapacity, OwnerReference } from '../../../lib/kube/objects.ts';
import { DRIVER } from '../../testing/objects.ts';
import { labelsOf } from '../names.ts';
import type { CapacityState, Publishing, Wanted } from '../state.ts';

export const OWNER: OwnerReference = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'csi', uid: 'set-1', controller: true };

export const PUBLISHING: Publishing = {
  driver: DRIVER,
  managedBy: 'external-provisioner',
  namespace: 'storage',
  owner: OWNER,
  pollMs: 60_000,
};

export const WANTED: Wanted = { className: 'fast', segment: { zone: 'a' }, parameters: { kind: 'ssd' }, question: '0 ssd' };

/** As the Go program left it: one GiB in zone a. */
export function aCapacity({ metadata, ...change }: Partial<CsiStorageCapacity> = {}): CsiStorageCapacity {
  return {
    metadata: {
      name: 'csisc-x7k2p',
      namespace: 'storage',
      uid: 'capacity-1',
      labels: labelsOf(PUBLISHING),
      ownerReferences: [OWNER],
      ...metadata,
    },
    storageClassName: 'fast',
    nodeTopology: { matchLabels: { zone: 'a' } },
    capacity: '1Gi',
    ...change,
  };
}

export function aState(change: Partial<CapacityState> = {}): CapacityState {
  return {
    item: 'fast {"zone":"a"}',
    publishing: PUBLISHING,
    cached: true,
    wanted: WANTED,
    objects: [aCapacity()],
    room: undefined,
    asked: false,
    failure: undefined,
    nameTaken: false,
    written: undefined,
    ...change,
  };
}
