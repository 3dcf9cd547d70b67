/**
 * The mock driver as a simulated process: its model behind its own decoder, reachable through bytes only.
 * A slow call holds its name or id; other calls about it are ABORTED meanwhile, as the specification asks.
 */
import { CreateSnapshotRequest, CreateVolumeRequest, DeleteSnapshotRequest, DeleteVolumeRequest } from '../../proto/gen/csi.ts';
import type { RpcAnswer, RpcCall } from '../../lib/doors/rpc.ts';
import type { Scheduler } from './scheduler.ts';

export interface DriverModel {
  handle(method: string, request: Uint8Array): Promise<RpcAnswer>;
}

export class SimulatedDriver {
  private readonly listeners = new Set<(state: 'connected' | 'lost') => void>();
  private readonly busy = new Set<string>();
  private running = true;
  private generation = 0;
  readonly calls: { readonly atMs: number; readonly rpc: string; readonly subject: string; readonly code: number }[] = [];
  private readonly scheduler: Scheduler;
  private readonly model: DriverModel;
  private readonly watch: (rpc: string, request: Uint8Array) => void;

  constructor(init: {
    readonly scheduler: Scheduler;
    readonly model: DriverModel;
    readonly onApply: (rpc: string, request: Uint8Array) => void;
  }) {
    this.scheduler = init.scheduler;
    this.model = init.model;
    this.watch = init.onApply;
  }

  up(): boolean {
    return this.running;
  }

  onConnection(listener: (state: 'connected' | 'lost') => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** SIGKILL: calls in work are lost with it, unless they were applied. */
  stop(): void {
    if (!this.running) return;
    this.running = false;
    this.generation += 1;
    this.busy.clear();
    for (const listener of [...this.listeners]) listener('lost');
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    for (const listener of [...this.listeners]) listener('connected');
  }

  async handle(call: RpcCall, workMs: number): Promise<RpcAnswer> {
    const rpc = call.method.split('/').at(-1) ?? '';
    const subject = subjectOf(rpc, call.request);
    if (subject !== undefined && this.busy.has(subject))
      return this.answered(rpc, subject, { code: 10, message: `${subject}: an operation is under way`, response: new Uint8Array() });
    if (workMs === 0 || subject === undefined) return this.apply(rpc, subject ?? '', call);
    this.busy.add(subject);
    const generation = this.generation;
    return new Promise((resolve) => {
      this.scheduler.after(workMs, `driver ${rpc} done`, () => {
        if (generation !== this.generation) return;
        this.busy.delete(subject);
        void this.apply(rpc, subject, call).then(resolve);
      });
    });
  }

  private async apply(rpc: string, subject: string, call: RpcCall): Promise<RpcAnswer> {
    this.watch(rpc, call.request);
    return this.answered(rpc, subject, await this.model.handle(call.method, call.request));
  }

  private answered(rpc: string, subject: string, answer: RpcAnswer): RpcAnswer {
    this.calls.push({ atMs: this.scheduler.elapsedMs, rpc, subject, code: answer.code });
    return answer;
  }
}

function subjectOf(rpc: string, request: Uint8Array): string | undefined {
  switch (rpc) {
    case 'CreateVolume':
      return CreateVolumeRequest.decode(request).name;
    case 'DeleteVolume':
      return DeleteVolumeRequest.decode(request).volumeId;
    case 'CreateSnapshot':
      return CreateSnapshotRequest.decode(request).name;
    case 'DeleteSnapshot':
      return DeleteSnapshotRequest.decode(request).snapshotId;
    default:
      return undefined;
  }
}
