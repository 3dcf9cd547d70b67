/** One role of a running program: its election, its events, its work, and their end. */
import { createEventRecorder, type RunningEventRecorder } from '../controller/event-recorder.ts';
import type { InformerSet } from '../controller/informer.ts';
import { sanitiseLeaseName } from '../controller/lease-name.ts';
import { createLeaderElection, type LeaderElection } from '../controller/leader-election.ts';
import type { EntryInspection, Inspectable } from '../controller/inspection.ts';
import type { QueueMetrics } from '../controller/queue.ts';
import type { Role } from '../controller/role.ts';
import type { DriverConnection } from '../csi/connection.ts';
import type { Doors } from '../doors/doors.ts';
import type { Logger } from '../doors/log.ts';
import type { ClientLimit, KubeClient } from '../kube/client.ts';
import type { PlannedRole } from './command-line.ts';
import type { ElectionMetrics } from './metric-families.ts';
import type { MetricsRegistry } from './metrics.ts';

export interface RunningRoleInput {
  readonly planned: PlannedRole;
  readonly doors: Doors;
  readonly log: Logger;
  readonly client: KubeClient;
  readonly informers: InformerSet;
  readonly queueMetrics: QueueMetrics;
  readonly inspected: (controller: Inspectable) => void;
  readonly inspectedJournal: (entries: () => readonly EntryInspection[]) => void;
  readonly electionMetrics: ElectionMetrics;
  readonly metrics: MetricsRegistry;
  /** Undefined where no role of the process needs a driver. */
  readonly connection: DriverConnection | undefined;
  readonly timeoutMs: number;
  /** Other roles may run in the process. */
  readonly combined: boolean;
  readonly served: ReadonlyMap<string, string>;
  readonly leaseNamespace: string;
  /** The client that writes events. */
  readonly events: KubeClient;
  readonly openClient: (limit: ClientLimit) => KubeClient;
  /** Opened only where there is an election. */
  readonly leaseClient: () => KubeClient;
  readonly fatal: (error: unknown) => void;
  readonly leaseLost: (error: unknown) => void;
}

export class RunningRole {
  private readonly input: RunningRoleInput;
  private readonly recorder: RunningEventRecorder;
  private readonly election: LeaderElection | undefined;
  private readonly leaseName: string;
  /** In metrics. The Go programs leave it empty; several roles of one process need one each. */
  private readonly electionLabel: string;
  private readonly role: Role;
  private started = false;

  constructor(input: RunningRoleInput) {
    const { planned, doors, log, connection } = input;
    const { plan, prepared } = planned;
    const driverName = connection?.identity().name ?? '';
    const hostname = doors.host.hostname();
    this.input = input;
    const lock = plan.lockName(driverName);
    this.leaseName = sanitiseLeaseName(lock);
    this.electionLabel = input.combined ? this.leaseName : '';
    const component = plan.eventComponent(driverName, `${hostname}_${doors.random.uuid()}`);
    this.recorder = createEventRecorder({ client: input.events, doors, component, log });
    // csi-lib-utils names the component of the election so.
    this.election = planned.election.leaderElection ? this.elect(hostname, `${lock}/${hostname}`) : undefined;
    this.role = prepared.create({
      context: {
        doors,
        log,
        client: input.client,
        informers: input.informers,
        events: this.recorder,
        queueMetrics: input.queueMetrics,
        inspected: input.inspected,
        inspectedJournal: input.inspectedJournal,
        leaseIsFresh: (sinceMs) => this.election?.isFresh(sinceMs) ?? true,
        fatal: input.fatal,
      },
      driver:
        connection === undefined || !plan.needsDriver
          ? undefined
          : { client: connection.client(input.timeoutMs), identity: connection.identity },
      metrics: input.metrics,
      leaseNamespace: input.leaseNamespace,
      openClient: input.openClient,
      served: input.served,
    });
  }

  private elect(hostname: string, eventComponent: string): LeaderElection {
    const { planned, doors, log, leaseNamespace, electionMetrics, leaseLost } = this.input;
    const { election } = planned;
    electionMetrics.leading(this.electionLabel, false);
    return createLeaderElection({
      client: this.input.leaseClient(),
      doors,
      log,
      name: this.leaseName,
      namespace: leaseNamespace,
      // csi-lib-utils takes the sanitised host name alone; two processes of one host would both lead by it. The rest is
      // kube-controller-manager's form. A process that was killed waits for its own old lease, as for anybody's.
      identity: `${hostname.replace(/[^a-zA-Z0-9-]/g, '-')}_${doors.random.uuid()}`,
      labels: planned.prepared.frame.leaseLabels ?? {},
      leaseDurationMs: election.leaderElectionLeaseDurationMs,
      renewDeadlineMs: election.leaderElectionRenewDeadlineMs,
      retryPeriodMs: election.leaderElectionRetryPeriodMs,
      events: this.recorder,
      eventComponent,
      onLost: (error) => {
        electionMetrics.leading(this.electionLabel, false);
        leaseLost(error);
      },
    });
  }

  /** Works as soon as it leads and the caches are there, until `stop` fires. */
  run(synced: Promise<void>, stop: AbortSignal): void {
    const { log, fatal, electionMetrics } = this.input;
    const begin = async (): Promise<void> => {
      if (this.election !== undefined) {
        this.election.start();
        await this.election.elected(stop);
        electionMetrics.leading(this.electionLabel, true);
      }
      await synced;
      if (stop.aborted) return;
      log.info('Working');
      this.started = true;
      this.role.start(stop);
    };
    begin().catch((error: unknown) => {
      if (!stop.aborted) fatal(error);
    });
  }

  /** What is wrong with the lease, for the health check. */
  leaseTrouble(toleranceMs: number): string | undefined {
    return this.election?.isHealthy(toleranceMs) === false ? `failed election to renew leadership on lease ${this.leaseName}` : undefined;
  }

  /** The lease that the server refuses to give, and why, for the readiness check. */
  leaseRefusal(): string | undefined {
    const refusal = this.election?.refusal();
    return refusal === undefined ? undefined : `the lease ${this.input.leaseNamespace}/${this.leaseName} (${refusal})`;
  }

  /** Work that has not ended when `cancel` fires is given up. */
  async drain(cancel: AbortSignal): Promise<void> {
    if (this.started) await this.role.drain(cancel);
  }

  async release(signal: AbortSignal): Promise<void> {
    await this.election?.stop(signal);
    if (this.election !== undefined) this.input.electionMetrics.leading(this.electionLabel, false);
  }

  async flush(signal: AbortSignal): Promise<void> {
    await this.recorder.flush(signal);
  }
}
