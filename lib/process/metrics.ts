/**
 * Metrics of one program instance: a registry of its own (never prom-client's default one, which two
 * programs in one process would share), with the names, labels and buckets of the Go programs.
 *
 * Absent on purpose: the `go_*` families and the `promhttp_*` ones describe a runtime that is not here.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Host, Usage } from '../doors/host.ts';

export interface MetricSpec {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

export interface MetricsRegistry {
  /** Asking again for a name answers the first one: roles of one process share a family. A `read` is asked at every scrape. */
  counter(spec: MetricSpec & { readonly read?: () => number }): { add(labels: Labels, amount?: number): void };
  /** A `collect` is called at every scrape, so that a value that changes by itself needs no timer. */
  gauge(spec: MetricSpec & { readonly collect?: (set: (labels: Labels, value: number) => void) => void }): {
    set(labels: Labels, value: number): void;
  };
  /** Buckets in seconds, without +Inf. */
  histogram(spec: MetricSpec & { readonly buckets: readonly number[] }): { observe(labels: Labels, value: number): void };
  /** The text exposition format. */
  expose(): Promise<string>;
  readonly contentType: string;
}

/** Go's prometheus.DefBuckets: families whose Go definition names no buckets. */
export const DEFAULT_BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics(host: Pick<Host, 'usage'>): MetricsRegistry {
  const registry = new Registry();
  const registers = [registry];
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  const reuse = <T>(known: Map<string, T>, name: string, make: () => T): T => {
    const metric = known.get(name) ?? make();
    known.set(name, metric);
    return metric;
  };
  const metrics: MetricsRegistry = {
    contentType: registry.contentType,
    expose: () => registry.metrics(),
    counter: ({ name, help, labels = [], read }) => {
      const metric = reuse(counters, name, () => {
        const made: Counter = new Counter({
          name,
          help,
          labelNames: [...labels],
          registers,
          ...(read === undefined
            ? {}
            : {
                collect: () => {
                  made.reset();
                  made.inc(read());
                },
              }),
        });
        return made;
      });
      return { add: (values, amount = 1) => metric.inc(values, amount) };
    },
    gauge: ({ name, help, labels = [], collect }) => {
      const metric = reuse(gauges, name, () => {
        const made: Gauge = new Gauge({
          name,
          help,
          labelNames: [...labels],
          registers,
          ...(collect === undefined ? {} : { collect: () => collect((values, value) => made.set(values, value)) }),
        });
        return made;
      });
      return { set: (values, value) => metric.set(values, value) };
    },
    histogram: ({ name, help, labels = [], buckets }) => {
      const metric = reuse(
        histograms,
        name,
        () => new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers }),
      );
      return { observe: (values, value) => metric.observe(values, value) };
    },
  };
  addProcessFamilies(metrics, host);
  return metrics;
}

/** RLIM_INFINITY, as Go exposes it. */
const UNLIMITED = 2 ** 64;

const PROCESS_FAMILIES = [
  { name: 'process_start_time_seconds', help: 'Start time of the process since unix epoch in seconds.', field: 'startSeconds' },
  { name: 'process_cpu_seconds_total', help: 'Total user and system CPU time spent in seconds.', field: 'cpuSeconds' },
  { name: 'process_resident_memory_bytes', help: 'Resident memory size in bytes.', field: 'residentBytes' },
  { name: 'process_virtual_memory_bytes', help: 'Virtual memory size in bytes.', field: 'virtualBytes' },
  { name: 'process_virtual_memory_max_bytes', help: 'Maximum amount of virtual memory available in bytes.', field: 'virtualMaxBytes' },
  { name: 'process_open_fds', help: 'Number of open file descriptors.', field: 'openFiles' },
  { name: 'process_max_fds', help: 'Maximum number of open file descriptors.', field: 'maxFiles' },
  {
    name: 'process_network_receive_bytes_total',
    help: 'Number of bytes received by the process over the network.',
    field: 'receivedBytes',
  },
  { name: 'process_network_transmit_bytes_total', help: 'Number of bytes sent by the process over the network.', field: 'sentBytes' },
] as const satisfies readonly { readonly name: string; readonly help: string; readonly field: keyof Usage }[];

/** Of every program. */
export function addProcessFamilies(metrics: Pick<MetricsRegistry, 'counter' | 'gauge'>, host: Pick<Host, 'usage'>): void {
  for (const { name, help, field } of PROCESS_FAMILIES) {
    const read = (): number => host.usage()[field] ?? 0;
    // A zero would be a lie where the operating system does not tell.
    if (host.usage()[field] === undefined) continue;
    if (name.endsWith('_total')) metrics.counter({ name, help, read });
    else metrics.gauge({ name, help, collect: (set) => set({}, Math.min(read(), UNLIMITED)) });
  }
}
