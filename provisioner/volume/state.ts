/** Everything that `decide` looks at for one PV, and everything it can ask for. */
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import type { Effect, Rest } from '../../lib/controller/step.ts';
import type { SecretName } from '../../lib/sidecar/secret.ts';
import type { Translated } from '../migration/plugin.ts';
import type { SecretResult } from '../facts/secrets.ts';

export interface VolumeState {
  readonly name: string;
  readonly driver: string;
  readonly capabilities: ReadonlySet<string>;
  readonly volume: PersistentVolume;
  /** The driver's handle of it, or why there is none; undefined where the PV is of another kind of volume. */
  readonly handle: Translated<string> | undefined;
  /** Nodes of VolumeAttachments that name the PV. Empty for drivers that do not attach. */
  readonly attachedTo: readonly string[];
  /** Where the making of this very volume stands. `closing`: it is over, but its entry still stands in the journal. */
  readonly making: 'over' | 'open' | 'closing';
  /** This process has had the volume deleted; the cache may be behind. */
  readonly deleted: boolean;
  /** The cached PV is older than our own last write to it. */
  readonly behind: boolean;
  readonly secret: SecretResult;
  /** False: with a provisioner on every node, another one's. */
  readonly reachable: boolean;

  /** Answers of this run. */
  readonly gone: boolean;
  readonly failure: string | undefined;
}

/** `report`: what stands in the way of the call is told. */
export type VolumeBackoff = 'add-finalizer' | 'remove-finalizer' | 'delete-object' | 'delete-volume' | 'report';
type VolumeEffect = Effect<VolumeBackoff>;

export type VolumeStep =
  | (VolumeEffect & { readonly kind: 'add-finalizer' | 'remove-finalizer' | 'delete-object' | 'finish-closing' })
  | (VolumeEffect & { readonly kind: 'delete-volume'; readonly handle: string; readonly secret: SecretName | undefined });

export type VolumeDecision = VolumeStep | Rest<VolumeBackoff>;

export type VolumeAnswer =
  /** Undefined: the PV is gone. */
  | { readonly kind: 'written'; readonly volume: PersistentVolume | undefined }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly message: string };
