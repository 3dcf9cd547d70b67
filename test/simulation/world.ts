/**
 * One simulated cluster: the sandbox without a socket, the mock driver behind its own decoder, and the
 * programs as they run in production, each through the doors of its present incarnation.
 */
import type { Doors } from '../../lib/doors/doors.ts';
import type { HttpAnswer, HttpRequest } from '../../lib/doors/http.ts';
import type { CoreEvent, Lease } from '../../lib/kube/objects.ts';
import type { CallFacts, Fault } from '../../mock-driver/faults/fault.ts';
import type { Records, VolumeRecord } from '../../mock-driver/model/records.ts';
import type { Faults } from '../../sandbox/apiserver/faults.ts';
import { CallLog } from './call-log.ts';
import { Calm } from './calm.ts';
import { CapacityChecks } from './capacity-checks.ts';
import type { Known } from './causes.ts';
import { undeclared } from './declared-events.ts';
import type { CrashPhase, Surroundings } from './incarnation.ts';
import { Incarnation, SENT_LONG_AGO } from './incarnation.ts';
import type { FaultRates } from './faults.ts';
import { NO_FAULTS } from './faults.ts';
import type { LedgerView } from './invariants.ts';
import { isConflict, Violation } from './invariants.ts';
import { KeptSecrets } from './kept-secrets.ts';
import { Leadership, LEASES } from './leadership.ts';
import { LocalNodes } from './local-nodes.ts';
import { Mirror } from './mirror.ts';
import { SafetyChecks } from './safety.ts';
import type { Scheduler } from './scheduler.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SimulatedDriverInit } from './simulated-driver.ts';
import { SimulatedDriver } from './simulated-driver.ts';
import { SimulatedServer } from './simulated-server.ts';
import type { Promised } from './topology-checks.ts';
import { TopologyChecks } from './topology-checks.ts';
import { User } from './user.ts';
import { Waits } from './waits.ts';
import { Words } from './words.ts';
import { Written } from './written.ts';
import type { DriverNames } from './volume-source.ts';
import { volumeHandleOf } from './volume-source.ts';

/** Starts a life of a program of the world over the given doors. */
export type StartProgram = (doors: Doors, name: string) => void;

export interface ProgramOfWorld {
  readonly name: string;
  /** Where it runs, with a driver of its own; undefined: it belongs to no node. */
  readonly node?: string;
}

export interface SandboxSeam {
  handle(request: HttpRequest): Promise<HttpAnswer>;
  stream: Surroundings['api']['stream'];
  stop(): void;
  readonly faults: Pick<Faults, 'expireVersions' | 'backup' | 'intercept'>;
}

export interface WorldInit {
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly sandbox: SandboxSeam;
  readonly driver: DriverNames;
  /** Names of the nodes that have a driver and sidecars each; undefined: one driver serves all. */
  readonly nodes: readonly string[] | undefined;
  /** Of the node, or the one that serves all. */
  readonly openDriver: (node: string | undefined) => SimulatedDriverInit['open'];
  /** What the driver's store holds. */
  readonly ledger: () => LedgerView;
  readonly records: () => Records;
  /** What the driver demands in the secrets of a call; the story may change it. */
  readonly demandedSecrets: Record<string, string>;
  readonly hasTopology: boolean;
  readonly hasGroups: boolean;
  /** Programs elect a leader: whoever waits while nobody leads waits for that, too. */
  readonly elects: boolean;
  /** Absent: places of volumes are not looked at. */
  readonly promisedPlaces?: Promised;
  readonly publishesCapacity: boolean;
  /** A volume that the driver has since before the programs came. */
  readonly adopt: (volume: VolumeRecord) => void;
  /** Bytes of a volume in the driver, by volume id. */
  readonly data: { write(volumeId: string, text: string): void; read(volumeId: string): string };
  readonly programs: readonly ProgramOfWorld[];
  readonly start: StartProgram;
  readonly crashChance: number;
  /** Kills `program` at the n-th crash point (from 0) of a run, once. */
  readonly crashAt?: number;
  readonly onLog?: (program: string, line: string) => void;
}

interface Slot extends ProgramOfWorld {
  life: Incarnation | undefined;
  lives: number;
  /** Stays down until asked for. */
  held: boolean;
}

/** Programs run in-cluster: a kubeconfig's library would be loaded in real time. */
const IN_CLUSTER = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };
/** The file of the token that programs send. */
export const TOKEN_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** A request that was sent by the leader may arrive a little after the lease went. */
const IN_FLIGHT_MS = 2_500;
const LOOK_MS = 1_000;
const RESTART_MS = { crash: 400, exit: 1_000 };

export class World {
  readonly scheduler: Scheduler;
  readonly sandbox: SandboxSeam;
  /** The driver; of several, the first. */
  readonly driver: SimulatedDriver;
  private readonly drivers: ReadonlyMap<string | undefined, SimulatedDriver>;
  readonly localNodes: LocalNodes;
  readonly server: SimulatedServer;
  /** What programs find on disk; a change is seen at the next read. */
  readonly files = new Map([
    [TOKEN_FILE, 'simulated'],
    [`${SERVICE_ACCOUNT}/ca.crt`, 'simulated'],
    [`${SERVICE_ACCOUNT}/namespace`, 'kube-system'],
  ]);
  /** Told of every log line of a program. */
  readonly logListeners: ((program: string, line: string) => void)[] = [];
  readonly mirror: Mirror;
  readonly safety: SafetyChecks;
  readonly demandedSecrets: Record<string, string>;
  readonly secrets: KeptSecrets;
  readonly topology: TopologyChecks | undefined;
  readonly capacity: CapacityChecks | undefined;
  /** What an administrator can find out. */
  readonly known: Known;
  readonly calls: CallLog;
  readonly calm: Calm;
  readonly waits: Waits;
  readonly words: Words;
  readonly written: Written;
  readonly user: User;
  readonly random: SeededRandom;
  readonly unbindable = new Set<string>();
  readonly unsnapshottable = new Set<string>();
  /** Distinct `program point phase`, with how often each was passed. */
  readonly crashPoints = new Map<string, number>();
  /** Distinct points at which a program died. */
  readonly crashed = new Set<string>();
  /** Writes to the API server by programs, events and leases apart: `settled-means-silent` counts them. */
  readonly writes: { readonly atMs: number; readonly program: string; readonly what: string; readonly status: number }[] = [];
  /** Requests of programs, watches included. */
  requests = 0;
  /** Connections that found no server. */
  refusedConnections = 0;
  readonly exits: { readonly program: string; readonly code: number }[] = [];
  readonly violations: Violation[] = [];
  /** Calls that a program sent to the driver, whether or not they arrived. */
  readonly rpcAttempts: { readonly atMs: number; readonly rpc: string }[] = [];
  /** How long the driver takes to make a snapshot usable after the cut. */
  notReadyMs = 0;
  /** What the driver does with a call, where a story says it. */
  driverScript: ((call: CallFacts) => Fault | undefined) | undefined;
  passed = 0;
  private readonly slots = new Map<string, Slot>();
  private faultRates: FaultRates = NO_FAULTS;
  /** An answer may have lacked what it must hold. */
  oddAnswers = false;
  private looking = false;
  private faultsOn = false;
  private readonly init: WorldInit;

  constructor(init: WorldInit) {
    this.init = init;
    this.scheduler = init.scheduler;
    this.sandbox = init.sandbox;
    this.random = new SeededRandom(init.seed, 2);
    this.mirror = new Mirror((request, signal) => init.sandbox.stream(request, signal), {
      capacities: init.publishesCapacity,
      groups: init.hasGroups,
    });
    const now = (): number => init.scheduler.elapsedMs;
    this.calls = new CallLog(now);
    this.safety = new SafetyChecks(this.mirror, init.ledger, { calls: this.calls, now });
    const { nodes, driver } = init;
    const localNodes = new LocalNodes(nodes ?? [], this.mirror.leases);
    this.localNodes = localNodes;
    const isServed = (node: string): boolean => localNodes.isServed(node);
    this.known = {
      mirror: this.mirror,
      ledger: init.ledger,
      hasTopology: init.hasTopology,
      driver,
      ...(nodes === undefined ? {} : { isServed }),
    };
    const promised = init.promisedPlaces;
    this.topology = promised && new TopologyChecks(this.mirror, { promised, driver, localNodes });
    this.capacity = init.publishesCapacity ? new CapacityChecks(this.mirror, init.records, nodes && localNodes) : undefined;
    this.demandedSecrets = init.demandedSecrets;
    this.secrets = new KeptSecrets((invariant, message) => this.fail(new Violation(invariant, message)));
    const { leases } = this.mirror;
    const deposed = (program: string): void => this.calls.died(program);
    this.calm = new Calm(
      now,
      init.elects ? new Leadership({ leases, programs: init.programs.map(({ name }) => name), now, deposed }) : undefined,
    );
    this.waits = new Waits({
      known: this.known,
      calls: this.calls,
      calm: this.calm,
      now,
      answersAreWhole: () => !this.oddAnswers,
      unbindable: this.unbindable,
      records: init.records,
    });
    this.written = new Written({
      mirror: this.mirror,
      driver: init.driver,
      records: init.records,
      answersAreWhole: () => !this.oddAnswers,
      now: () => init.scheduler.now(),
    });
    this.words = new Words({ known: this.known, calls: this.calls, calm: this.calm, now, unbindable: this.unbindable });
    init.scheduler.onNote = (line) => this.secrets.check('the trace', line);
    const [first, ...others] = nodes ?? [undefined];
    this.driver = this.driverOn(first, 0);
    this.drivers = new Map([[first, this.driver], ...others.map((node, i) => [node, this.driverOn(node, i + 1)] as const)]);
    this.server = new SimulatedServer({
      handle: (request) => this.api(request),
      stream: (request, signal) => {
        this.requests += 1;
        return this.sandbox.stream(request, signal);
      },
    });
    this.user = new User(init.scheduler, (request) => init.sandbox.handle(request));
    for (const program of init.programs) this.slots.set(program.name, { ...program, life: undefined, lives: 0, held: false });
  }

  private driverOn(node: string | undefined, index: number): SimulatedDriver {
    const { init } = this;
    return new SimulatedDriver({
      scheduler: init.scheduler,
      random: new SeededRandom(init.seed, 12 + index * 10_000),
      open: init.openDriver(node),
      faults: () => this.faultRates,
      script: (call) => this.driverScript?.(call),
      notReadyMs: () => this.notReadyMs,
      secretsWithin: (request) => this.secrets.within(request),
      onCommit: (change) => {
        this.safety.commits(change);
        const misplaced = node === undefined ? undefined : this.topology?.misplacedBy(node, change);
        if (misplaced !== undefined) this.fail(misplaced);
      },
    });
  }

  private driverOf({ node }: ProgramOfWorld): SimulatedDriver {
    return this.drivers.get(node) ?? this.driver;
  }

  ledger(): LedgerView {
    return this.init.ledger();
  }

  programNames(): readonly string[] {
    return [...this.slots.keys()];
  }

  adopt(volume: VolumeRecord): void {
    this.init.adopt(volume);
  }

  /** What a Pod that mounts the claim would write. */
  writeVolume(claimName: string, text: string): void {
    this.init.data.write(this.handleOfClaim(claimName), text);
  }

  readVolume(claimName: string): string {
    return this.init.data.read(this.handleOfClaim(claimName));
  }

  /** The volume of a bound claim. */
  handleOfClaim(name: string): string {
    const claim = this.mirror.claims.all().find((candidate) => candidate.metadata?.name === name);
    const handle = volumeHandleOf(this.mirror.volumes.all().find((candidate) => candidate.metadata?.name === claim?.spec?.volumeName));
    if (handle === undefined) throw new Error(`claim ${name} has no volume`);
    return handle;
  }

  async open(): Promise<void> {
    await this.mirror.startAll();
    for (const [node, driver] of this.drivers) {
      const name = driverName(node);
      driver.onConnection((state) => (state === 'connected' ? this.calm.driverComes(name) : this.calm.driverGoes(name)));
      await driver.start();
    }
    const { claims, volumes, snapshots, contents } = this.mirror;
    for (const kind of [claims, volumes, snapshots, contents]) kind.listeners.push(() => this.look());
    this.calls.listeners.push(() => this.look());
    for (const slot of this.slots.values()) this.startLife(slot);
  }

  close(): void {
    for (const slot of this.slots.values()) {
      slot.held = true;
      slot.life?.crash();
    }
    this.mirror.stop();
    this.sandbox.stop();
  }

  setFaults(rates: FaultRates): void {
    this.calm.faults(rates);
    this.oddAnswers ||= rates.driverOdd > 0;
    this.faultRates = rates;
    this.faultsOn = true;
  }

  /** From here on nothing goes wrong any more. */
  endFaults(): void {
    this.calm.faults(NO_FAULTS);
    this.faultRates = NO_FAULTS;
    this.faultsOn = false;
    for (const node of this.localNodes.names) this.localNodes.returns(node);
    const isThere = (node: string | undefined): boolean => node === undefined || this.localNodes.isServed(node);
    for (const [node, driver] of this.drivers) if (isThere(node)) void driver.start();
    for (const slot of this.slots.values()) {
      if (!isThere(slot.node)) continue;
      slot.held = false;
      this.resume(slot.name);
      if (slot.life === undefined) this.startLife(slot);
    }
  }

  /** The server or a proxy drops every connection. */
  cutWatches(): void {
    this.calm.serverDisturbs();
    for (const slot of this.slots.values()) slot.life?.cutWatches();
  }

  /** The answer is for `startServer`. */
  backup(): () => void {
    this.safety.erased.backup();
    return this.sandbox.faults.backup();
  }

  /** The API server goes: every connection breaks and none opens, until it is started. */
  stopServer(): void {
    this.scheduler.note('server stops');
    this.calm.goes('server');
    this.server.up = false;
    for (const slot of this.slots.values()) slot.life?.breakConnections();
  }

  /** It comes back; with `restore`, an answer of the sandbox's `backup()`, as it was then. */
  async startServer(restore?: () => void): Promise<void> {
    this.scheduler.note(restore === undefined ? 'server starts' : 'server starts from a backup');
    if (restore !== undefined) {
      this.safety.erase();
      this.mirror.stop();
      restore();
      await this.mirror.startAll();
      this.safety.restored();
    }
    // What a server has watched begins with its start.
    this.sandbox.faults.expireVersions();
    this.server.up = true;
    this.calm.serverComes();
    this.calm.serverDisturbs();
  }

  /** Tokens other than these are refused from now on, and the watches that they opened end. */
  acceptTokens(tokens: readonly string[]): void {
    this.scheduler.note(`tokens ${tokens.join(' ')}`);
    this.server.accept(tokens);
    this.calm.serverDisturbs();
    for (const slot of this.slots.values()) slot.life?.endWatches((request) => !this.server.accepts(request));
  }

  crash(program: string): void {
    this.slots.get(program)?.life?.crash();
  }

  /** SIGKILL without a restart until `restart`. */
  kill(program: string): void {
    const slot = this.slots.get(program);
    if (slot === undefined) return;
    slot.held = true;
    slot.life?.crash();
  }

  restart(program: string): void {
    const slot = this.slots.get(program);
    if (slot === undefined) return;
    slot.held = false;
    if (slot.life === undefined) this.startLife(slot);
  }

  /** Its machine goes, with its programs and its driver; nobody waits for it. */
  loseNode(node: string): void {
    this.scheduler.note(`node ${node} goes`);
    this.localNodes.leaves(node);
    const slots = [...this.slots.values()].filter((slot) => slot.node === node);
    for (const { name } of slots) this.kill(name);
    this.drivers.get(node)?.stop();
    for (const name of [driverName(node), ...slots.map((slot) => slot.name)]) this.calm.leaves(name);
    this.look();
  }

  /** Its machine goes for good. */
  abandonNode(node: string): void {
    this.loseNode(node);
    this.localNodes.leavesForGood(node);
  }

  /** The machine is back, with its disk, unless it is gone for good. */
  async returnNode(node: string): Promise<void> {
    if (!this.localNodes.returns(node)) return;
    this.scheduler.note(`node ${node} is back`);
    await this.drivers.get(node)?.start();
    for (const slot of this.slots.values()) if (slot.node === node) this.restart(slot.name);
  }

  /** SIGTERM, and no new life until `restart`. */
  terminate(program: string): void {
    const slot = this.slots.get(program);
    if (slot === undefined) return;
    slot.held = true;
    this.calm.ends(program);
    slot.life?.signal('SIGTERM');
  }

  /** Those that a program may have written: of one that serves a node, those of that node. */
  leasesOf(program: string): readonly Lease[] {
    const node = this.slots.get(program)?.node;
    return node === undefined ? this.mirror.leases.all() : this.localNodes.leasesOf(node);
  }

  /** It holds its election lease. */
  leads(program: string): boolean {
    return this.mirror.leases.all().some(({ metadata, spec }) => isElection(metadata?.name) && spec?.holderIdentity?.startsWith(program));
  }

  /** SIGSTOP, until `resume`. */
  pause(program: string): void {
    if (this.slots.get(program)?.life?.pause() === true) this.calm.stops(program);
  }

  resume(program: string): void {
    if (this.slots.get(program)?.life?.resume() === true) this.calm.goesOn(program);
  }

  /** Names of those that have a driver of their own. */
  get nodes(): readonly string[] {
    return this.localNodes.names;
  }

  get elects(): boolean {
    return this.init.elects;
  }

  life(program: string): Incarnation | undefined {
    return this.slots.get(program)?.life;
  }

  /** Asks who waits, now and every second as long as somebody does. */
  private look(): void {
    const somebodyWaits = [this.waits.look(), this.words.look()].includes(true);
    if (this.looking || !somebodyWaits) return;
    this.looking = true;
    this.scheduler.after(LOOK_MS, 'looks who waits', () => {
      this.looking = false;
      this.look();
    });
  }

  fail(violation: Violation): void {
    this.violations.push(violation);
  }

  allViolations(): readonly Violation[] {
    return [...this.safety.violations, ...this.waits.violations, ...this.words.violations, ...this.violations];
  }

  /** A promise was broken already. */
  get broken(): boolean {
    return this.safety.violations.length + this.waits.violations.length + this.words.violations.length + this.violations.length > 0;
  }

  private startLife(slot: Slot): void {
    if (meetsContents(slot.name)) this.safety.controllerChanged();
    slot.lives += 1;
    slot.life = new Incarnation({
      program: slot.name,
      hostname: `${slot.name}-host`,
      random: new SeededRandom(this.init.seed, 1000 + slot.lives * 16 + [...this.slots.keys()].indexOf(slot.name)),
      world: this.surroundings(slot),
    });
    this.scheduler.note(`start ${slot.name} life ${slot.lives}`);
    this.calm.starts(slot.name);
    this.init.start(slot.life.doors, slot.name);
  }

  private surroundings(slot: Slot): Surroundings {
    return {
      scheduler: this.scheduler,
      api: {
        up: () => {
          if (!this.server.up) this.refusedConnections += 1;
          return this.server.up;
        },
        handle: (request) => this.server.handle(request),
        stream: (request, signal) => this.server.stream(request, signal),
      },
      driver: this.driverOf(slot),
      called: (program, call) => this.calls.opened(program, call, () => !this.init.elects || this.leads(program)),
      delayed: (ms) => this.calm.delay(ms),
      lags: (program, path, untilMs) => {
        const works = meetsContents(program) && (!this.init.elects || this.leads(program));
        if (works && path.includes('/volumesnapshotcontents')) this.safety.controllerLags(untilMs);
      },
      faults: () => this.faultRates,
      crashHere: (program, point, phase) => this.crashHere(program, point, phase),
      died: (program, how, code) => this.died(program, how, code),
      env: {
        ...IN_CLUSTER,
        NAMESPACE: 'kube-system',
        POD_NAME: slot.node === undefined ? 'csi-0' : `csi-${slot.node}`,
        POD_NAMESPACE: 'kube-system',
        NODE_NAME: slot.node ?? 'node-1',
      },
      files: this.files,
      log: (program, line) => {
        this.secrets.check(`the log of ${program}`, line);
        this.init.onLog?.(program, line);
        for (const listener of this.logListeners) listener(program, line);
      },
    };
  }

  private async api(request: HttpRequest): Promise<HttpAnswer> {
    this.requests += 1;
    this.secrets.check(`${request.method} ${request.path}`, request.body);
    const late = request.headers[SENT_LONG_AGO] === undefined ? undefined : this.safety.leaseArrivesLate(leaseOf(request));
    const answer = await this.sandbox.handle(request);
    late?.answered(answer.status);
    const vain = request.method === 'PUT' ? this.capacity?.vainWrite(request, answer) : undefined;
    if (vain !== undefined) this.fail(vain);
    if (request.method !== 'GET' && !/\/(events|leases)\b/.test(request.path)) {
      const agent = request.headers['user-agent'] ?? '';
      if (request.headers[SENT_LONG_AGO] === undefined) this.checkLeader(agent, `${request.method} ${request.path}`);
      this.writes.push({
        atMs: this.scheduler.elapsedMs,
        program: agent,
        what: `${request.method} ${request.path}`,
        status: answer.status,
      });
    }
    if (request.method === 'POST' && request.path.includes('/events')) this.eventPosted(request);
    return answer;
  }

  /** With election on: who writes holds the lease, or held it when the request was sent. */
  private checkLeader(agent: string, what: string): void {
    const program = [...this.slots.keys()].find((name) => agent.startsWith(`${name}/`));
    const replica = program === undefined ? undefined : /^(.*)-\d$/.exec(program);
    if (program === undefined || replica === null || replica === undefined) return;
    const lease = this.mirror.leases.all().find((candidate) => candidate.metadata?.name === LEASES[replica[1] ?? '']);
    const holder = lease?.spec?.holderIdentity ?? '';
    const acquiredMs = Date.parse(lease?.spec?.acquireTime ?? '') || 0;
    if (holder === '' || holder.startsWith(program) || this.scheduler.now() - acquiredMs < IN_FLIGHT_MS) return;
    this.fail(new Violation('one-leader-acts', `${program} sent ${what} while ${holder} held the lease`));
  }

  /** A write conflict is never a user-visible error: it is retried without a word. Every event is one that a table explains. */
  private eventPosted(request: HttpRequest): void {
    const text = new TextDecoder().decode(request.body);
    if (isConflict(text)) {
      this.fail(new Violation('conflicts-are-silent', `an event tells the user of a write conflict: ${text.slice(0, 300)}`));
    }
    const fault = undeclared(JSON.parse(text) as CoreEvent);
    if (fault !== undefined) this.fail(new Violation('events-are-declared', fault));
  }

  private crashHere(program: string, point: string, phase: CrashPhase): boolean {
    const index = this.passed;
    this.passed += 1;
    const name = `${program} ${point} ${phase}`;
    if (phase === 'before' && point.startsWith('RPC ')) this.rpcAttempts.push({ atMs: this.scheduler.elapsedMs, rpc: point.slice(4) });
    this.crashPoints.set(name, (this.crashPoints.get(name) ?? 0) + 1);
    const dies = this.init.crashAt === index || (this.faultsOn && this.init.crashChance > 0 && this.random.chance(this.init.crashChance));
    if (dies) {
      this.crashed.add(name);
      this.scheduler.note(`crash ${name}`);
    }
    return dies;
  }

  private died(program: string, how: 'crash' | 'exit', code: number): void {
    const slot = this.slots.get(program);
    if (slot === undefined) return;
    slot.life = undefined;
    this.calm.goes(program);
    this.calls.died(program);
    // What was owed so far is judged by now, and not by when somebody looks again.
    this.look();
    if (meetsContents(program)) this.safety.controllerChanged();
    if (how === 'exit') {
      this.exits.push({ program, code });
      this.scheduler.note(`exit ${program} ${code}`);
    }
    this.scheduler.after(RESTART_MS[how], `restart ${program}`, () => {
      if (!slot.held && slot.life === undefined) this.startLife(slot);
    });
  }
}

/** The name of the Lease that a PUT is about; empty: it is about none. One that is made late is nobody's before a PUT. */
function leaseOf({ method, path }: HttpRequest): string {
  return method === 'PUT' ? (/\/leases\/([^/?]+)/.exec(path)?.[1] ?? '') : '';
}

function isElection(lease: string | undefined): boolean {
  return Object.values(LEASES).includes(lease ?? '');
}

/** As calm knows it. */
function driverName(node: string | undefined): string {
  return node === undefined ? 'driver' : `driver ${node}`;
}

/** It runs the snapshot-controller. */
function meetsContents(program: string): boolean {
  return program.startsWith('snapshot-controller') || program.startsWith('csi-sidecars');
}
