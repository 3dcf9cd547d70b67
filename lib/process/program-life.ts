/** One run of a program, from a good command line to its exit code. See program.ts for the two orders. */
import { errorText } from '../errors/error-text.ts';
import { createInformerSet } from '../controller/informer-set.ts';
import { connectDriver, type DriverConnection } from '../csi/connection.ts';
import type { EntryInspection, Inspectable } from '../controller/inspection.ts';
import type { Listener } from '../doors/host.ts';
import type { Logger } from '../doors/log.ts';
import type { KubeClient } from '../kube/client.ts';
import { type ApiAccess, openApiAccess, ownNamespace } from './api-access.ts';
import { type CommandLine, isCombined, type PlannedRole } from './command-line.ts';
import { startDebugServer } from './debug-server.ts';
import { faultsOf } from './fault-lines.ts';
import { strayWords } from './flag-syntax.ts';
import { formatDuration } from './go-duration.ts';
import { startHttpServer } from './http-server.ts';
import { createLogger } from './logger.ts';
import { createCsiMetrics, createElectionMetrics, createQueueMetrics } from './metric-families.ts';
import { createMetrics, type MetricsRegistry } from './metrics.ts';
import type { ProgramInput } from './program-input.ts';
import { RunningRole } from './running-role.ts';
import { runShutdown, type ShutdownStep } from './shutdown.ts';
import { historyChanged, TerminalError } from '../errors/terminal-error.ts';
import { servedVersions } from './served-versions.ts';
import { waitForResources } from './wait-for-resources.ts';

/** Peers: the health check allows this much beyond the lease. */
const LEASE_TOLERANCE_MS = 20_000;
const AFTER_CANCEL_MS = 1000;
const RELEASE_MS = 5000;
const FLUSH_MS = 2000;
const CLOSE_MS = 1000;
const DEFAULT_TIMEOUT_MS = 60_000;
const TERMINATION_LOG = '/dev/termination-log';

export class ProgramLife {
  private readonly input: ProgramInput;
  private readonly line: CommandLine;
  private readonly log: Logger;
  private readonly metrics: MetricsRegistry;
  /** What `/readyz` names. */
  private readonly waitingFor = new Set<string>();
  /** Fires when the program is to end; start-up stops waiting. */
  private readonly ending = new AbortController();
  /** Ends caches, the driver connection and whatever else lives as long as the program. */
  private readonly closing = new AbortController();
  private readonly force = new AbortController();
  private api: ApiAccess | undefined;
  private roles: readonly RunningRole[] = [];
  private listener: Listener | undefined;
  private debugListener: Listener | undefined;
  private readonly controllers: Inspectable[] = [];
  private readonly journals: (() => readonly EntryInspection[])[] = [];
  private connection: DriverConnection | undefined;
  private exitCode = 0;
  /** The lease is not ours any more, or what is known is void: nothing may be finished, only left. */
  private abrupt = false;
  private terminationLog: Promise<void> | undefined;

  constructor(input: ProgramInput, line: CommandLine) {
    this.input = input;
    this.line = line;
    const { clock, host } = input.doors;
    const { loggingFormat, v } = line.process;
    this.log = createLogger({ format: loggingFormat === 'json' ? 'json' : 'text', verbosity: v, clock, host });
    this.metrics = createMetrics(host);
  }

  async run(): Promise<number> {
    const { host, clock } = this.input.doors;
    const unsubscribe = host.onSignal((signal) => {
      if (this.ending.signal.aborted) {
        this.log.warn('Second signal: leaving at once', { signal });
        this.exitCode = 1;
        this.force.abort();
        return;
      }
      this.log.info('Stopping', { signal });
      this.ending.abort();
    });
    // Not awaited: a start that hangs (a credential plugin, say) must not outlast a signal.
    this.start().catch((error: unknown) => {
      // A wait that the end itself cut short is no fault.
      if (!this.ending.signal.aborted) this.fail(error);
    });
    await aborted(this.ending.signal);
    await runShutdown(this.shutdownSteps(), { clock, log: this.log, force: this.force.signal });
    unsubscribe();
    this.log.info('Stopped', { exitCode: this.exitCode });
    return this.exitCode;
  }

  private async start(): Promise<void> {
    const { doors, version } = this.input;
    const { process, roles, rest, withoutEffect } = this.line;
    this.log.info('Starting', { version, roles: roles.map(({ plan }) => plan.name).join(',') });
    if (rest.length > 0) this.log.warn(strayWords(this.input.syntax), { words: rest.join(' ') });
    for (const [flag, reason] of Object.entries(withoutEffect)) this.log.warn('Flag has no effect and can be removed', { flag, reason });
    for (const what of ['credentials', 'custom resources', 'the CSI driver', 'caches']) this.waitingFor.add(what);
    await this.listen();
    await this.listenForDebug();
    const environmentFirst = roles.every(({ plan }) => plan.kubeconfigOfEnvironmentFirst === true);
    const api = await openApiAccess(this.input, process, { environmentFirst, log: this.log });
    this.api = api;
    this.waitingFor.delete('credentials');
    const client = api.client();
    await this.waitForAll(client);
    const served = await this.servedVersions(client);
    this.waitingFor.delete('custom resources');
    this.connection = await this.connect();
    this.waitingFor.delete('the CSI driver');
    const namespace = await ownNamespace(doors);
    // From here to the end nothing waits, so no role is made after the shutdown has begun.
    if (this.ending.signal.aborted) return;
    const informers = createInformerSet({
      client,
      doors,
      log: this.log,
      ...this.resync(),
      restoredFromBackup: (resource) => this.fail(historyChanged(resource)),
    });
    const queueMetrics = createQueueMetrics(this.metrics, doors.clock);
    const electionMetrics = createElectionMetrics(this.metrics);
    this.roles = roles.map(
      (planned) =>
        new RunningRole({
          planned,
          doors,
          log: roles.length > 1 ? this.log.child({ role: planned.plan.name }) : this.log,
          client,
          informers,
          queueMetrics,
          inspected: (controller) => void this.controllers.push(controller),
          inspectedJournal: (entries) => void this.journals.push(entries),
          electionMetrics,
          metrics: this.metrics,
          connection: this.connection,
          timeoutMs: timeoutOf(planned),
          combined: isCombined(this.input),
          leaseNamespace: this.leaseNamespace(planned, namespace),
          served,
          events: api.client(),
          openClient: (limit) => api.client(limit),
          // A connection of its own: a queue on the other one must not cost the lease.
          leaseClient: () => api.client(),
          fatal: (error) => this.fail(error),
          leaseLost: (error) => {
            this.abrupt = true;
            this.fail(error);
          },
        }),
    );
    informers.start(this.closing.signal);
    const synced = informers.waitSynced(this.closing.signal).then(() => void this.waitingFor.delete('caches'));
    // A stand-by looks at it only once it leads; the end may come first.
    synced.catch(() => undefined);
    for (const role of this.roles) role.run(synced, this.ending.signal);
  }

  private async listen(): Promise<void> {
    const { httpEndpoint, metricsAddress, metricsPath } = this.line.process;
    const address = httpEndpoint === '' ? metricsAddress : httpEndpoint;
    if (address === '') return;
    const elects = this.line.roles.some(({ election }) => election.leaderElection);
    this.listener = await startHttpServer({
      host: this.input.doors.host,
      address,
      flag: httpEndpoint === '' ? 'metrics-address' : 'http-endpoint',
      metricsPath,
      metrics: this.metrics,
      leaderElection:
        elects && httpEndpoint !== ''
          ? () => this.roles.map((role) => role.leaseTrouble(LEASE_TOLERANCE_MS)).find((trouble) => trouble !== undefined)
          : undefined,
      waitingFor: () => [...this.waitingFor, ...this.roles.flatMap((role) => role.leaseRefusal() ?? [])],
    });
    this.log.info('Serving metrics and health', { address, port: this.listener.port });
  }

  private async listenForDebug(): Promise<void> {
    const { debugEndpoint: address } = this.line.process;
    if (address === '') return;
    const { host, clock } = this.input.doors;
    const { program } = this.input;
    const { controllers, journals } = this;
    this.debugListener = await startDebugServer({ host, clock, address, program, controllers, journals });
    this.log.info('Serving what is under way, held back and in the journal', { address, port: this.debugListener.port });
  }

  private async waitForAll(client: KubeClient): Promise<void> {
    const { clock } = this.input.doors;
    for (const { plan, prepared } of this.line.roles) {
      const limitMs = prepared.frame.resourceWaitMs ?? Number.POSITIVE_INFINITY;
      await waitForResources({ client, clock, log: this.log, resources: plan.requiredResources, limitMs, signal: this.ending.signal });
    }
  }

  private async servedVersions(client: KubeClient): Promise<ReadonlyMap<string, string>> {
    const kinds = this.line.roles.flatMap(({ prepared }) => prepared.optionalKinds);
    return servedVersions(kinds, { client, clock: this.input.doors.clock, log: this.log, signal: this.ending.signal });
  }

  private async connect(): Promise<DriverConnection | undefined> {
    const users = this.line.roles.filter(({ plan }) => plan.needsDriver);
    if (users.length === 0 || this.ending.signal.aborted) return undefined;
    const { doors } = this.input;
    const { csiAddress, driverLostTimeoutMs } = this.line.process;
    const door = doors.rpc(csiAddress);
    this.closing.signal.addEventListener('abort', () => door.close());
    const observe = createCsiMetrics(this.metrics, (name) => users.some(({ plan }) => plan.tookOver?.(name) === true));
    const leaseMs = Math.max(...users.map(({ election }) => election.leaderElectionLeaseDurationMs));
    const connection = await connectDriver({
      door,
      clock: doors.clock,
      log: this.log,
      address: csiAddress,
      asks: users.flatMap(({ prepared }) => prepared.asksDriver),
      timeoutMs: Math.max(...users.map(timeoutOf)),
      lostTimeoutMs: driverLostTimeoutMs === 0 ? leaseMs : driverLostTimeoutMs,
      observe,
      fatal: (error) => this.fail(error),
      signal: either(this.ending.signal, this.closing.signal, () => this.connection !== undefined),
    });
    for (const planned of users) {
      const driver = { client: connection.client(timeoutOf(planned)), identity: connection.identity };
      const problem = planned.prepared.checkDriver(driver);
      if (problem !== undefined) throw new TerminalError('DRIVER_UNUSABLE', problem);
    }
    return connection;
  }

  private resync(): { readonly resyncMs?: number } {
    if (this.input.resyncMs !== undefined) return { resyncMs: this.input.resyncMs };
    const periods = this.line.roles.flatMap(({ prepared }) => prepared.frame.resyncMs ?? []);
    return periods.length === 0 ? {} : { resyncMs: Math.min(...periods) };
  }

  private leaseNamespace({ plan, election }: PlannedRole, own: string): string {
    if (election.leaderElectionNamespace !== '') return election.leaderElectionNamespace;
    return isCombined(this.input) ? (plan.combinedLeaseNamespace ?? own) : own;
  }

  /** The first fault decides; those that follow from it are only logged. */
  private fail(error: unknown): void {
    const { lines, isBug } = faultsOf(error);
    for (const line of lines) this.log.error(line, isBug ? error : undefined);
    if (error instanceof TerminalError && error.reason === 'HISTORY_CHANGED') this.abrupt = true;
    if (this.ending.signal.aborted) return;
    this.exitCode = 1;
    this.ending.abort();
    this.terminationLog = this.writeTerminationLog(lines.join('\n'));
  }

  /** The kubelet shows its text as the reason of the restart. Only where there is one: elsewhere it would be a stray file. */
  private async writeTerminationLog(text: string): Promise<void> {
    const { files } = this.input.doors;
    try {
      if (await files.exists(TERMINATION_LOG)) await files.write(TERMINATION_LOG, new TextEncoder().encode(text));
    } catch (error) {
      this.log.warn('Cannot write the termination log', { error: errorText(error) });
    }
  }

  private shutdownSteps(): readonly ShutdownStep[] {
    const { drainTimeoutMs } = this.line.process;
    const drain = async (cancel: AbortSignal): Promise<void> => {
      await Promise.all(this.roles.map((role) => role.drain(cancel)));
    };
    const graceful = (step: ShutdownStep): readonly ShutdownStep[] => (this.abrupt ? [] : [step]);
    // Step 1 has happened: the roles' start signal is `ending`.
    return [
      ...graceful({ name: `drain (${formatDuration(drainTimeoutMs)})`, limitMs: drainTimeoutMs, run: drain }),
      {
        // Driver calls and API writes alike; a role that has drained has none.
        name: 'give up what is under way',
        limitMs: AFTER_CANCEL_MS,
        run: () => (this.connection?.cancelCalls(), this.abrupt ? undefined : drain(AbortSignal.abort())),
      },
      ...graceful({
        name: 'give back leases',
        limitMs: RELEASE_MS,
        run: async (signal) => void (await Promise.all(this.roles.map((role) => role.release(signal)))),
      }),
      ...graceful({
        name: 'flush events',
        limitMs: FLUSH_MS,
        run: async (signal) => void (await Promise.all(this.roles.map((role) => role.flush(signal)))),
      }),
      {
        name: 'close',
        limitMs: CLOSE_MS,
        run: async () => {
          this.closing.abort();
          this.api?.close();
          await Promise.all([this.listener?.close(), this.debugListener?.close(), this.terminationLog]);
        },
      },
    ];
  }
}

function timeoutOf({ prepared }: PlannedRole): number {
  return prepared.frame.timeoutMs ?? DEFAULT_TIMEOUT_MS;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });
}

/** Follows `first` until `handedOver`, and `last` in any case. */
function either(first: AbortSignal, last: AbortSignal, handedOver: () => boolean): AbortSignal {
  const controller = new AbortController();
  first.addEventListener('abort', () => {
    if (!handedOver()) controller.abort();
  });
  last.addEventListener('abort', () => controller.abort());
  return controller.signal;
}
