import { everyPage } from '../driver/pages.ts';
import type { OpenDriver } from '../driver/connect.ts';
import { CsiError } from '../../lib/csi/csi-error.ts';
import { GrpcCode } from '../../lib/csi/grpc-code.ts';
import { TerminalError } from '../../lib/errors/terminal-error.ts';
import type { VolumeCapability } from '../../proto/gen/csi.ts';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../proto/gen/csi.ts';
import type { DriverSide, DriverSnapshot, DriverVolume } from './facts.ts';

/**
 * Two lists, before and after the cluster was read: a leak is in both, and what was made or deleted meanwhile is none.
 */
export function inBoth(before: DriverSide, after: DriverSide): DriverSide {
  return { ...after, volumes: common(before.volumes, after.volumes), snapshots: common(before.snapshots, after.snapshots) };
}

/** What either of them shows is there, for whoever looks for what is lost. */
export function inEither(before: DriverSide, after: DriverSide): DriverSide {
  const joined = <T>(a: ReadonlyMap<string, T> | undefined, b: ReadonlyMap<string, T> | undefined): ReadonlyMap<string, T> | undefined =>
    a === undefined || b === undefined ? undefined : new Map([...a, ...b]);
  return { ...after, volumes: joined(before.volumes, after.volumes), snapshots: joined(before.snapshots, after.snapshots) };
}

function common<T>(
  before: ReadonlyMap<string, T> | undefined,
  after: ReadonlyMap<string, T> | undefined,
): ReadonlyMap<string, T> | undefined {
  if (before === undefined || after === undefined) return undefined;
  return new Map([...after].filter(([id]) => before.has(id)));
}

/** Rejects with CsiError, and with TerminalError for lists without an end. */
export async function gatherDriver({ calls, identity }: OpenDriver, signal: AbortSignal): Promise<DriverSide> {
  return {
    name: identity.name,
    volumes: identity.controller.has('LIST_VOLUMES') ? await volumesOf(calls, signal) : undefined,
    snapshots: identity.controller.has('LIST_SNAPSHOTS') ? await snapshotsOf(calls, signal) : undefined,
  };
}

async function volumesOf(calls: OpenDriver['calls'], signal: AbortSignal): Promise<ReadonlyMap<string, DriverVolume>> {
  const listed = await everyPage((startingToken) => calls.listVolumes({ maxEntries: 0, startingToken }, signal));
  requireEnd('ListVolumes', listed.endless);
  return new Map(
    listed.entries.flatMap(({ volume }) =>
      volume === undefined
        ? []
        : [[volume.volumeId, { id: volume.volumeId, context: volume.volumeContext, bytes: volume.capacityBytes }] as const],
    ),
  );
}

/** All, or those with one id. */
export async function snapshotsOf(
  calls: OpenDriver['calls'],
  signal: AbortSignal,
  snapshotId = '',
): Promise<ReadonlyMap<string, DriverSnapshot>> {
  const listed = await everyPage((startingToken) =>
    calls.listSnapshots({ maxEntries: 0, startingToken, sourceVolumeId: '', snapshotId, secrets: {} }, signal),
  );
  requireEnd('ListSnapshots', listed.endless);
  return new Map(
    listed.entries.flatMap(({ snapshot }) => {
      if (snapshot === undefined) return [];
      const { snapshotId: id, sourceVolumeId, creationTime, sizeBytes } = snapshot;
      const createdMs = creationTime === undefined ? undefined : Number(creationTime.seconds) * 1000 + creationTime.nanos / 1e6;
      return [[id, { id, sourceVolumeId, createdMs, bytes: sizeBytes }] as const];
    }),
  );
}

function requireEnd(rpc: string, endless: string | undefined): void {
  if (endless !== undefined)
    throw new TerminalError('DRIVER_UNUSABLE', `${rpc} has no end (${endless}): nothing can be said of what it leaves out`);
}

/** Whether the driver knows a volume that it does not list. Undefined: it does not say. */
export async function knowsVolume(calls: OpenDriver['calls'], volumeId: string, signal: AbortSignal): Promise<boolean | undefined> {
  const volumeCapabilities: VolumeCapability[] = [
    {
      accessType: { $case: 'mount', value: { fsType: '', mountFlags: [], volumeMountGroup: '' } },
      accessMode: { mode: Mode.SINGLE_NODE_WRITER },
    },
  ];
  try {
    await calls.validateVolumeCapabilities(
      { volumeId, volumeContext: {}, volumeCapabilities, parameters: {}, secrets: {}, mutableParameters: {} },
      signal,
    );
    return true;
  } catch (error) {
    if (!(error instanceof CsiError)) throw error;
    return error.grpcCode === GrpcCode.NOT_FOUND ? false : undefined;
  }
}
