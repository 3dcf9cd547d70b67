/** Everything that `decide` looks at for one PV, and everything it can ask for. */
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import type { Effect, Rest } from '../../lib/controller/step.ts';
import type { SecretName, SecretResult } from '../claim/secrets.ts';

export interface VolumeState {
  readonly name: string;
  readonly driver: string;
  readonly capabilities: ReadonlySet<string>;
  readonly volume: PersistentVolume;
  /** Nodes of VolumeAttachments that name the PV. Empty for drivers that do not attach. */
  readonly attachedTo: readonly string[];
  /** The claim of this PV is in the middle of something: its lane goes first. */
  readonly claimOpen: boolean;
  /** This process has had the volume deleted; the cache may be behind. */
  readonly deleted: boolean;
  /** The cached PV is older than our own last write to it. */
  readonly behind: boolean;
  readonly secret: SecretResult;

  /** Answers of this run. */
  readonly gone: boolean;
  readonly leaseStale: boolean;
  readonly failure: string | undefined;
  readonly reported: string | undefined;
}

export type VolumeStep =
  | (Effect & { readonly kind: 'add-finalizer' | 'remove-finalizer' | 'delete-object' })
  | (Effect & { readonly kind: 'delete-volume'; readonly handle: string; readonly secret: SecretName | undefined })
  | (Effect & { readonly kind: 'report'; readonly message: string });

export type VolumeDecision = VolumeStep | Rest;

export type VolumeAnswer =
  /** Undefined: the PV is gone. */
  | { readonly kind: 'written'; readonly volume: PersistentVolume | undefined }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'failed'; readonly message: string }
  /** Not called: this process may no longer be the leader. */
  | { readonly kind: 'lease-stale' }
  | { readonly kind: 'reported' };
