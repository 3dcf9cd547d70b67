/** Finalizers of storage objects: who takes each one off, and what it waits for. */
import { CLONE_FINALIZER, SNAPSHOT_FINALIZER, VOLUME_FINALIZER } from '../../provisioner/facts/names.ts';
import { AS_SOURCE_PROTECTION, BOUND_PROTECTION, CLAIM_PROTECTION, CONTENT_PROTECTION } from '../../snapshotter/names.ts';

export interface HeldBy {
  readonly finalizer: string;
  readonly owner: string;
  readonly reason: string;
}

const KNOWN: Readonly<Record<string, Omit<HeldBy, 'finalizer'>>> = {
  'kubernetes.io/pvc-protection': { owner: 'kube-controller-manager', reason: 'until no Pod uses the claim' },
  'kubernetes.io/pv-protection': { owner: 'kube-controller-manager', reason: 'until the volume is bound to no claim' },
  [VOLUME_FINALIZER]: { owner: 'csi-provisioner', reason: 'until the driver has deleted the volume' },
  [CLONE_FINALIZER]: {
    owner: 'csi-provisioner',
    reason: 'until no claim is being cloned from it; it goes only from a claim that is being deleted',
  },
  [SNAPSHOT_FINALIZER]: { owner: 'csi-provisioner', reason: 'until no volume is being restored from it' },
  [CLAIM_PROTECTION]: { owner: 'snapshot-controller', reason: 'until every snapshot that is being made of it is ready or has failed' },
  [BOUND_PROTECTION]: { owner: 'snapshot-controller', reason: 'until its content has gone, or was kept by policy' },
  [AS_SOURCE_PROTECTION]: { owner: 'snapshot-controller', reason: 'until no claim is being restored from it' },
  [CONTENT_PROTECTION]: { owner: 'csi-snapshotter', reason: 'until the driver has deleted the snapshot, or the policy keeps it' },
};

const ATTACHER = /^external-attacher\//;

export function heldBy(finalizers: readonly string[] | undefined): HeldBy[] {
  return (finalizers ?? []).map((finalizer) => {
    if (ATTACHER.test(finalizer)) return { finalizer, owner: 'external-attacher', reason: 'until the volume is detached from every node' };
    return { finalizer, ...(KNOWN[finalizer] ?? { owner: 'another program', reason: 'not known here' }) };
  });
}
