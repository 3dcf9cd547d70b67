/**
 * Records that may still come: lib/controller/late-requests.ts. A record that comes after its case was closed
 * would be replayed, and make a volume for a claim that is done. While the record stands none can come, so
 * it is taken away only when no POST of it can be under way any more.
 */
import type { Clock } from '../lib/doors/clock.ts';
import { createLateRequests } from '../lib/controller/late-requests.ts';

export interface LateRecords {
  /** The work begins; of these claims an earlier process may have posted a record. */
  began(claimUids: Iterable<string>): void;
  /** A record came that this process did not write. */
  inherited(claimUid: string): void;
  /** A record was posted and no answer came. */
  unanswered(claimUid: string): void;
  /** Milliseconds until no record of an earlier process can come any more, for whatever claim. */
  earlierMs(): number;
  /** Milliseconds until no record can come any more for this claim; 0: none can. */
  waitMs(claimUid: string): number;
}

export function createLateRecords(clock: Pick<Clock, 'monotonic'>, requestLifeMs: number): LateRecords {
  const late = createLateRequests(clock, requestLifeMs);
  const earlier = new Set<string>();
  return {
    began: (claimUids) => {
      late.began();
      for (const uid of claimUids) earlier.add(uid);
    },
    // Later it makes no difference, and nothing is kept for it.
    inherited: (claimUid) => {
      if (late.youngMs() > 0) earlier.add(claimUid);
    },
    unanswered: late.unanswered,
    earlierMs: late.youngMs,
    waitMs: (claimUid) => {
      if (earlier.size > 0 && late.youngMs() === 0) earlier.clear();
      return late.waitMs(late.lastSentMs(claimUid, earlier.has(claimUid)));
    },
  };
}
