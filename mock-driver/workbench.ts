/**
 * For tests: typed calls over any way into the driver, and a driver on a memory store with a clock that
 * stands still until it is moved. Requests are made by the generated code and answered by the other
 * codec, so every test also checks that the two understand each other.
 */
import type { Clock } from '../lib/doors/clock.ts';
import type { Random } from '../lib/doors/random.ts';
import * as csi from '../proto/gen/csi.ts';
import type { Codec } from './codec.ts';
import { createDriver, type Driver, type DriverAnswer, type DriverOptions } from './driver.ts';
import { codeName } from './model/status.ts';
import { MemoryStore } from './store/memory.ts';

export type Handle = (method: string, request: Uint8Array) => Promise<DriverAnswer>;

export interface Answered<Response> {
  /** `OK`, `NOT_FOUND`, … */
  readonly code: string;
  readonly message: string;
  /** Defaults unless the code is OK. */
  readonly response: Response;
}

interface Coder<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

interface Coders<Request, Response> {
  readonly request: Coder<Request>;
  readonly response: Coder<Response>;
}

/** Calls with what matters of the request; the rest is the protocol's default. */
export function clientOver(handle: Handle) {
  const rpc =
    <Request, Response>(path: string, { request, response }: Coders<Request, Response>) =>
    async (fields: Partial<Request> = {}): Promise<Answered<Response>> => {
      const message = { ...request.decode(new Uint8Array()), ...fields };
      const answer = await handle(`/csi.v1.${path}`, request.encode(message).finish());
      return { code: codeName(answer.code), message: answer.message, response: response.decode(answer.response) };
    };
  return {
    getPluginInfo: rpc('Identity/GetPluginInfo', { request: csi.GetPluginInfoRequest, response: csi.GetPluginInfoResponse }),
    getPluginCapabilities: rpc('Identity/GetPluginCapabilities', {
      request: csi.GetPluginCapabilitiesRequest,
      response: csi.GetPluginCapabilitiesResponse,
    }),
    probe: rpc('Identity/Probe', { request: csi.ProbeRequest, response: csi.ProbeResponse }),
    createVolume: rpc('Controller/CreateVolume', { request: csi.CreateVolumeRequest, response: csi.CreateVolumeResponse }),
    deleteVolume: rpc('Controller/DeleteVolume', { request: csi.DeleteVolumeRequest, response: csi.DeleteVolumeResponse }),
    controllerPublish: rpc('Controller/ControllerPublishVolume', {
      request: csi.ControllerPublishVolumeRequest,
      response: csi.ControllerPublishVolumeResponse,
    }),
    controllerUnpublish: rpc('Controller/ControllerUnpublishVolume', {
      request: csi.ControllerUnpublishVolumeRequest,
      response: csi.ControllerUnpublishVolumeResponse,
    }),
    validate: rpc('Controller/ValidateVolumeCapabilities', {
      request: csi.ValidateVolumeCapabilitiesRequest,
      response: csi.ValidateVolumeCapabilitiesResponse,
    }),
    listVolumes: rpc('Controller/ListVolumes', { request: csi.ListVolumesRequest, response: csi.ListVolumesResponse }),
    getVolume: rpc('Controller/ControllerGetVolume', {
      request: csi.ControllerGetVolumeRequest,
      response: csi.ControllerGetVolumeResponse,
    }),
    getCapacity: rpc('Controller/GetCapacity', { request: csi.GetCapacityRequest, response: csi.GetCapacityResponse }),
    controllerGetCapabilities: rpc('Controller/ControllerGetCapabilities', {
      request: csi.ControllerGetCapabilitiesRequest,
      response: csi.ControllerGetCapabilitiesResponse,
    }),
    expandVolume: rpc('Controller/ControllerExpandVolume', {
      request: csi.ControllerExpandVolumeRequest,
      response: csi.ControllerExpandVolumeResponse,
    }),
    modifyVolume: rpc('Controller/ControllerModifyVolume', {
      request: csi.ControllerModifyVolumeRequest,
      response: csi.ControllerModifyVolumeResponse,
    }),
    createSnapshot: rpc('Controller/CreateSnapshot', { request: csi.CreateSnapshotRequest, response: csi.CreateSnapshotResponse }),
    deleteSnapshot: rpc('Controller/DeleteSnapshot', { request: csi.DeleteSnapshotRequest, response: csi.DeleteSnapshotResponse }),
    listSnapshots: rpc('Controller/ListSnapshots', { request: csi.ListSnapshotsRequest, response: csi.ListSnapshotsResponse }),
    getSnapshot: rpc('Controller/GetSnapshot', { request: csi.GetSnapshotRequest, response: csi.GetSnapshotResponse }),
    groupGetCapabilities: rpc('GroupController/GroupControllerGetCapabilities', {
      request: csi.GroupControllerGetCapabilitiesRequest,
      response: csi.GroupControllerGetCapabilitiesResponse,
    }),
    createGroup: rpc('GroupController/CreateVolumeGroupSnapshot', {
      request: csi.CreateVolumeGroupSnapshotRequest,
      response: csi.CreateVolumeGroupSnapshotResponse,
    }),
    deleteGroup: rpc('GroupController/DeleteVolumeGroupSnapshot', {
      request: csi.DeleteVolumeGroupSnapshotRequest,
      response: csi.DeleteVolumeGroupSnapshotResponse,
    }),
    getGroup: rpc('GroupController/GetVolumeGroupSnapshot', {
      request: csi.GetVolumeGroupSnapshotRequest,
      response: csi.GetVolumeGroupSnapshotResponse,
    }),
    stage: rpc('Node/NodeStageVolume', { request: csi.NodeStageVolumeRequest, response: csi.NodeStageVolumeResponse }),
    unstage: rpc('Node/NodeUnstageVolume', { request: csi.NodeUnstageVolumeRequest, response: csi.NodeUnstageVolumeResponse }),
    publish: rpc('Node/NodePublishVolume', { request: csi.NodePublishVolumeRequest, response: csi.NodePublishVolumeResponse }),
    unpublish: rpc('Node/NodeUnpublishVolume', { request: csi.NodeUnpublishVolumeRequest, response: csi.NodeUnpublishVolumeResponse }),
    stats: rpc('Node/NodeGetVolumeStats', { request: csi.NodeGetVolumeStatsRequest, response: csi.NodeGetVolumeStatsResponse }),
    nodeExpand: rpc('Node/NodeExpandVolume', { request: csi.NodeExpandVolumeRequest, response: csi.NodeExpandVolumeResponse }),
    nodeGetCapabilities: rpc('Node/NodeGetCapabilities', {
      request: csi.NodeGetCapabilitiesRequest,
      response: csi.NodeGetCapabilitiesResponse,
    }),
    nodeGetInfo: rpc('Node/NodeGetInfo', { request: csi.NodeGetInfoRequest, response: csi.NodeGetInfoResponse }),
  };
}

export type Client = ReturnType<typeof clientOver>;

/** SINGLE_NODE_WRITER; the proto's numbers are the indices here. */
export function capability(
  options: { readonly block?: boolean; readonly mode?: csi.VolumeCapability_AccessMode_Mode } = {},
): csi.VolumeCapability {
  const mode = options.mode ?? csi.VolumeCapability_AccessMode_Mode.SINGLE_NODE_WRITER;
  const mount = { fsType: '', mountFlags: [], volumeMountGroup: '' };
  return { accessType: options.block === true ? { $case: 'block', value: {} } : { $case: 'mount', value: mount }, accessMode: { mode } };
}

export const fromSnapshot = (snapshotId: string): csi.VolumeContentSource => ({ type: { $case: 'snapshot', value: { snapshotId } } });
export const fromVolume = (volumeId: string): csi.VolumeContentSource => ({ type: { $case: 'volume', value: { volumeId } } });

/** Time moves by `advance` only. */
export class StandingClock implements Clock {
  #now = 1_700_000_000_000;
  #timers: { readonly at: number; readonly fire: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  setTimer(delayMs: number, fire: () => void): () => void {
    const timer = { at: this.#now + delayMs, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Fires what is due, in order, then lets everything that follows from it run. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.fire();
      await settle();
    }
    this.#now = end;
  }
}

/** Everything that needs no timer and no I/O has happened. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Ids in order: 00000000-0000-4000-8000-000000000001 and so on. */
export function countingRandom(first = 1): Random {
  let next = first;
  return {
    next: () => 0.5,
    uuid: () => {
      const digits = String(next).padStart(12, '0');
      next += 1;
      return `00000000-0000-4000-8000-${digits}`;
    },
  };
}

export interface Workbench {
  readonly driver: Driver;
  readonly client: Client;
  readonly clock: StandingClock;
  readonly store: MemoryStore;
}

export interface WorkbenchOptions extends Partial<Omit<DriverOptions, 'clock' | 'store'>> {
  readonly codec: Codec;
  readonly clock?: StandingClock;
  /** Shared with another driver, or kept over a restart. */
  readonly store?: MemoryStore;
}

export async function openWorkbench({
  store = new MemoryStore(),
  clock = new StandingClock(),
  ...options
}: WorkbenchOptions): Promise<Workbench> {
  const driver = await createDriver({
    name: 'mock.csi.example',
    nodeId: 'node-a',
    random: countingRandom(1 + store.length * 1000),
    topology: [],
    disabled: new Set(),
    ...options,
    clock,
    store: store.instance(),
  });
  return { driver, client: clientOver(driver.handle), clock, store };
}
