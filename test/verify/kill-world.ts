/**
 * Sandbox and driver in this process, the programs as children: every API write and every RPC of a child
 * passes through our hands, so that we can kill the sender with SIGKILL before it is applied, after it was
 * applied but before the answer, or right after the answer.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { HttpAnswer, HttpRequest } from '../../lib/doors/http.ts';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import { loadCodec } from '../../mock-driver/codec.ts';
import { createDriver } from '../../mock-driver/driver.ts';
import type { Driver } from '../../mock-driver/driver.ts';
import { MemoryStore } from '../../mock-driver/store/memory.ts';
import { systemClock, systemRandom } from '../../mock-driver/system/clock.ts';
import { serve } from '../../mock-driver/system/server.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { createSandbox } from '../../sandbox/sandbox.ts';
import { serveSandbox } from '../../sandbox/serve.ts';
import { builtProgram } from '../../harness/mock-driver.ts';
import type { Program, Stage } from '../../harness/stage.ts';
import { readCrds } from '../../harness/crds.ts';
import { writeKubeconfig } from '../../harness/kubeconfig.ts';
import { CreateVolumeRequest } from '../../proto/gen/csi.ts';
import { DRIVER } from '../simulation/manifests.ts';
import { Mirror } from '../simulation/mirror.ts';
import { pointOf } from '../simulation/incarnation.ts';

export const PHASES = ['before', 'applied', 'answered'] as const;
export type KillPhase = (typeof PHASES)[number];

/**
 * Kill the sender of this write or RPC, named as the points of a calm run are: by sender, call and, from the
 * second of its kind on, occurrence. Names, not positions: two programs write at once, so positions change places.
 */
export interface KillPlan {
  readonly point: string;
  readonly phase: KillPhase;
}

export const PROGRAMS = ['snapshot-controller', 'csi-snapshotter', 'csi-provisioner'] as const;
export type ProgramName = (typeof PROGRAMS)[number];

export interface KillStaging {
  /** Whose writes and RPCs are the points. */
  readonly victims: readonly ProgramName[];
  /** Of all programs but csi-provisioner. */
  readonly flags: readonly string[];
}

/** Which program alone sends this RPC. */
const SENDER: Readonly<Record<string, ProgramName>> = {
  CreateVolume: 'csi-provisioner',
  DeleteVolume: 'csi-provisioner',
  CreateSnapshot: 'csi-snapshotter',
  DeleteSnapshot: 'csi-snapshotter',
  CreateVolumeGroupSnapshot: 'csi-snapshotter',
  DeleteVolumeGroupSnapshot: 'csi-snapshotter',
};

export class KillWorld {
  readonly mirror: Mirror;
  readonly points: string[] = [];
  /** Names of volumes that the driver was asked for last when their source was gone. */
  readonly sourceless = new Set<string>();
  killed: string | undefined;
  private readonly occurrences = new Map<string, number>();
  private readonly stage: Stage;
  private readonly sandbox: Sandbox;
  private readonly driver: Driver;
  private readonly store: MemoryStore;
  private readonly plan: KillPlan | undefined;
  private readonly staging: KillStaging;
  private readonly children = new Map<ProgramName, Program>();
  private kubeconfig = '';
  private socket = '';
  private closing = false;

  private constructor(init: {
    readonly stage: Stage;
    readonly sandbox: Sandbox;
    readonly driver: Driver;
    readonly store: MemoryStore;
    readonly plan: KillPlan | undefined;
    readonly staging: KillStaging;
  }) {
    this.stage = init.stage;
    this.sandbox = init.sandbox;
    this.driver = init.driver;
    this.store = init.store;
    this.plan = init.plan;
    this.staging = init.staging;
    this.mirror = new Mirror((request, signal) => init.sandbox.stream(request, signal), { groups: true });
  }

  static async open(stage: Stage, staging: KillStaging, plan: KillPlan | undefined): Promise<KillWorld> {
    const sandbox = createSandbox({ clock: systemClock, random: systemRandom, parts: ['binder'] });
    sandbox.start();
    const store = new MemoryStore();
    const codec = loadCodec();
    const driver = await createDriver({
      name: DRIVER,
      nodeId: 'node-1',
      clock: systemClock,
      random: systemRandom,
      store: store.instance(),
      topology: [],
      disabled: new Set(),
      codec,
    });
    const world = new KillWorld({ stage, sandbox, driver, store, plan, staging });
    await world.start(codec);
    return world;
  }

  private async start(codec: ReturnType<typeof loadCodec>): Promise<void> {
    for (const crd of readCrds()) await this.user('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd);
    await this.mirror.start();
    const watched: Sandbox = {
      ...this.sandbox,
      handle: (request) => this.request(request),
      stream: (request, signal) => this.sandbox.stream(request, signal),
    };
    const server = await serveSandbox(watched, 0);
    this.stage.defer(() => server.close());
    this.socket = join(this.stage.dir, 'csi.sock');
    const rpc = await serve({ ...this.driver, handle: (method, request) => this.call(method, request) }, codec, this.socket);
    this.stage.defer(() => rpc.stop());
    this.stage.defer(() => {
      this.mirror.stop();
      this.sandbox.stop();
      rmSync(this.socket, { force: true });
    });
    this.kubeconfig = writeKubeconfig(join(this.stage.dir, 'kubeconfig'), { server: server.url });
    for (const name of PROGRAMS) this.launch(name);
    // Before the servers: what a program still has to write down as it ends it would try for as long as it is let.
    this.stage.defer(async () => {
      this.closing = true;
      await Promise.all([...this.children.values()].map((child) => child.stop()));
    });
  }

  ledger(): ReturnType<Driver['ledger']> {
    return this.driver.ledger();
  }

  write(volumeId: string, text: string): void {
    this.store.write(volumeId, new TextEncoder().encode(text));
  }

  read(volumeId: string): string {
    return new TextDecoder().decode(this.store.content(volumeId) ?? new Uint8Array());
  }

  /** A user's request: not counted. */
  async user(method: HttpRequest['method'], path: string, body?: object): Promise<number> {
    const headers = {
      accept: 'application/json',
      'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    };
    const encoded = body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) };
    return (await this.sandbox.handle({ method, path, headers, ...encoded })).status;
  }

  private launch(name: ProgramName): void {
    const args = [
      builtProgram(name),
      `--kubeconfig=${this.kubeconfig}`,
      ...(name === 'snapshot-controller' ? [] : [`--csi-address=${this.socket}`]),
      ...(name === 'csi-provisioner' ? [] : this.staging.flags),
    ];
    this.children.set(name, this.stage.start({ name, file: process.execPath, args, mayEnd: true, env: { POD_NAMESPACE: 'kube-system' } }));
  }

  private async kill(name: ProgramName): Promise<void> {
    await this.children.get(name)?.kill();
    if (!this.closing) this.launch(name);
  }

  private async request(request: HttpRequest): Promise<HttpAnswer> {
    const sender = PROGRAMS.find((name) => request.headers['user-agent']?.startsWith(name) === true);
    if (sender === undefined || request.method === 'GET' || request.path.includes('/events')) return this.sandbox.handle(request);
    return this.through(`${sender} ${pointOf(request.method, request.path, request.body)}`, sender, () => this.sandbox.handle(request));
  }

  private async call(method: string, request: Uint8Array): Promise<Awaited<ReturnType<Driver['handle']>>> {
    const rpc = method.split('/').at(-1) ?? '';
    const sender = SENDER[rpc];
    if (sender === undefined) return this.driver.handle(method, request);
    const answer = await this.through(`${sender} RPC ${rpc}`, sender, () => this.driver.handle(method, request));
    if (rpc === 'CreateVolume') {
      const { name } = CreateVolumeRequest.decode(request);
      if (answer.code === GrpcCode.NOT_FOUND) this.sourceless.add(name);
      else this.sourceless.delete(name);
    }
    return answer;
  }

  private async through<T>(call: string, sender: ProgramName, apply: () => Promise<T>): Promise<T> {
    if (!this.staging.victims.includes(sender)) return apply();
    const occurrence = (this.occurrences.get(call) ?? 0) + 1;
    this.occurrences.set(call, occurrence);
    const point = occurrence === 1 ? call : `${call} #${occurrence}`;
    this.points.push(point);
    if (this.killed !== undefined || this.plan?.point !== point) return apply();
    this.killed = `${point} ${this.plan.phase}`;
    if (this.plan.phase === 'before') {
      await this.kill(sender);
      return new Promise<T>(() => undefined);
    }
    const answer = await apply();
    if (this.plan.phase === 'applied') {
      await this.kill(sender);
      return new Promise<T>(() => undefined);
    }
    // The answer leaves with this turn; the next one kills.
    setTimeout(() => void this.kill(sender), 2);
    return answer;
  }
}
