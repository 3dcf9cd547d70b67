/** Volumes that exist while their PV cannot be saved: a queue of its own in the Go program, and in metrics here. */
import type { QueueMetrics } from '../lib/controller/queue.ts';
import type { ClaimsInProgress } from './intent/claims-in-progress.ts';

/** The Go program's name of it. */
const QUEUE = 'unsavedpvs';

export function reportUnsaved(progress: Pick<ClaimsInProgress, 'listen'>, metrics: Pick<QueueMetrics, 'opened' | 'added'>): void {
  let depth = 0;
  metrics.opened(QUEUE, { depth: () => depth, startsOfWork: () => [] });
  progress.listen((_uid, before, after) => {
    const was = before.operation.phase === 'created';
    const is = after.operation.phase === 'created';
    if (was === is) return;
    depth += is ? 1 : -1;
    if (is) metrics.added(QUEUE);
  });
}
