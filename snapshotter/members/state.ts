/** What is known of one VolumeSnapshot as a member of a group, and what its group does with it. Keyed by VolumeSnapshot. */
import type { Effect, Rest } from '../../lib/controller/step.ts';
import type { Patch } from '../../lib/kube/client.ts';
import type {
  PersistentVolume,
  Resource,
  VolumeGroupSnapshot,
  VolumeGroupSnapshotContent,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import type { Membership, PlannedMember } from '../membership.ts';

export interface MemberState {
  /** Of the VolumeSnapshot: namespace/name. */
  readonly key: string;
  /** The volume mode of the source goes into the content. */
  readonly keepsVolumeMode: boolean;
  /** In the version that is served. */
  readonly groupKind: Resource<VolumeGroupSnapshot>;
  readonly snapshot: VolumeSnapshot | undefined;
  /** Found under the name that a member's content has. */
  readonly content: VolumeSnapshotContent | undefined;
  /** Undefined: no group has such a member, or the driver has not told of it yet. */
  readonly plan: PlannedMember | undefined;
  /** Of the group, as the snapshot's owner and status say it, or as the plan does. */
  readonly membership: Pick<Membership, 'name' | 'uid' | 'group'> | undefined;
  readonly group: VolumeGroupSnapshot | undefined;
  readonly groupContent: VolumeGroupSnapshotContent | undefined;
  /** The volume that the plan is about, where exactly one is known. */
  readonly volume: PersistentVolume | undefined;
}

type Backoff = 'make-member' | 'see-group' | 'delete-snapshot' | 'write-status';

export type MemberEffect =
  /** A live read of the group. */
  | (Effect<Backoff> & { readonly kind: 'see-group'; readonly name: string })
  | (Effect<Backoff> & { readonly kind: 'post-snapshot'; readonly snapshot: VolumeSnapshot })
  | (Effect<Backoff> & { readonly kind: 'post-content'; readonly content: VolumeSnapshotContent })
  /** The content of a VolumeSnapshot that was made again. */
  | (Effect<Backoff> & { readonly kind: 'rebind-content'; readonly patch: Patch })
  | (Effect<Backoff> & { readonly kind: 'write-status'; readonly patch: Patch })
  | (Effect<Backoff> & { readonly kind: 'delete-snapshot'; readonly uid: string });

export type MemberNext = MemberEffect | Rest<Backoff>;

export type MemberAnswer =
  /** Undefined: it is gone. */
  | { readonly kind: 'snapshot'; readonly object: VolumeSnapshot | undefined }
  | { readonly kind: 'content'; readonly object: VolumeSnapshotContent }
  | { readonly kind: 'group'; readonly object: VolumeGroupSnapshot | undefined };
