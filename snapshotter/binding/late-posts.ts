/**
 * Contents that may still come: lib/controller/late-requests.ts. A content that comes after its deleted
 * snapshot was let go would own a snapshot in the storage for ever, so a snapshot is let go only when none
 * can come any more.
 *
 * Nothing waits but snapshots of an earlier process, and those only while this one is young: where this
 * process put the first finalizer on, nobody can have posted before.
 */
import type { Clock } from '../../lib/doors/clock.ts';
import { createLateRequests } from '../../lib/controller/late-requests.ts';
import type { VolumeSnapshot, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import { sourceOf } from './source.ts';

export interface LatePosts {
  began(): void;
  /** The first finalizer of this snapshot is our own write. */
  protectedHere(uid: string): void;
  /** A content was posted and no answer came. */
  unanswered(uid: string): void;
  /** The watch showed the content of this snapshot. */
  contentCame(uid: string): void;
  /** The watch showed it going. */
  contentWent(uid: string, content: VolumeSnapshotContent): void;
  forget(uid: string): void;
  /** Milliseconds until no content can come any more for this snapshot; 0: none can. */
  waitMs(snapshot: VolumeSnapshot): number;
  /** True if the content was seen going when no other one could come any more. */
  isGoneForGood(snapshot: VolumeSnapshot): boolean;
}

interface Went {
  /** Since when the content existed, on the monotonic clock. */
  readonly since: number;
  readonly forGood: boolean;
}

export function createLatePosts(clock: Clock, requestLifeMs: number): LatePosts {
  const late = createLateRequests(clock, requestLifeMs);
  const own = new Set<string>();
  const went = new Map<string, Went>();

  const waitMs = (uid: string, since: number): number => {
    // While a content exists nobody posts it again.
    const sentMs = Math.min(late.lastSentMs(uid, !own.has(uid)), since);
    return late.waitMs(sentMs);
  };

  return {
    began: late.began,
    protectedHere: (uid) => {
      // Later it makes no difference, and nothing is kept for it.
      if (late.youngMs() > 0) own.add(uid);
    },
    unanswered: late.unanswered,
    contentCame: (uid) => void went.delete(uid),
    contentWent: (uid, { metadata }) => {
      const ageMs = clock.now() - Date.parse(metadata?.creationTimestamp ?? '');
      // Without a readable time the content is as good as new.
      const since = clock.monotonic() - (Number.isFinite(ageMs) ? ageMs : 0);
      went.set(uid, { since, forGood: waitMs(uid, since) === 0 });
    },
    forget: (uid) => {
      own.delete(uid);
      went.delete(uid);
    },
    waitMs: (snapshot) => {
      const uid = snapshot.metadata?.uid ?? '';
      return sourceOf(snapshot).kind === 'claim' ? waitMs(uid, went.get(uid)?.since ?? Number.POSITIVE_INFINITY) : 0;
    },
    isGoneForGood: ({ metadata }) => went.get(metadata?.uid ?? '')?.forGood === true,
  };
}
