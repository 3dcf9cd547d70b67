/** What the work queue reports; see lib/process/metrics for the families (workqueue_*). */
export interface QueueMetrics {
  depth(queue: string, depth: number): void;
  added(queue: string): void;
  started(queue: string, waitedMs: number): void;
  finished(queue: string, workedMs: number): void;
  retried(queue: string): void;
}
