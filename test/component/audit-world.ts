/** A sandbox and a mock driver with many volumes and snapshots, of which some are known to one side only. */
import { openSandboxWorld, installWorldCrds } from '../../demo/world.ts';
import type { World } from '../../demo/world.ts';
import type { DriverControl } from '../../harness/driver-control.ts';
import type { MockDriver } from '../../harness/mock-driver.ts';
import { startSteeredDriver } from '../../harness/mock-driver.ts';
import { createCsiClient } from '../../lib/csi/client.ts';
import { openDoors } from '../../lib/process/doors/open-doors.ts';
import { PERSISTENT_VOLUMES, VOLUME_SNAPSHOT_CONTENTS } from '../../lib/kube/resources.ts';
import { WRITER } from '../../csi-sidecars/try/talk/requests.ts';
import { SILENT, quiet } from '../../csi-sidecars/driver/silent.ts';

export interface AuditWorld extends Planted {
  readonly world: World;
  readonly driver: MockDriver;
  readonly control: DriverControl;
}

export interface Counts {
  readonly healthy: number;
  /** Of each of the four kinds. */
  readonly leaks: number;
}

export interface Planted {
  /** Ids in the driver. */
  readonly healthy: ReadonlySet<string>;
  readonly leaks: ReadonlySet<string>;
  /** Handles that only objects know. */
  readonly lost: ReadonlySet<string>;
}

export async function openAuditWorld(counts: Counts, driverFlags: readonly string[] = []): Promise<AuditWorld> {
  const world = await openSandboxWorld('audit');
  await installWorldCrds(world, world.stage.broken);
  const { driver, control } = await startSteeredDriver(world.stage, { args: ['--publish=symlink', ...driverFlags] });
  const planted = await plantLeaks(world, { driverName: driver.name, address: driver.address, ...counts });
  return { world, driver, control, ...planted };
}

export interface Plan extends Counts {
  readonly driverName: string;
  readonly address: string;
}

/** Makes healthy volumes and snapshots, leaks of both in the driver, and objects whose handle no driver knows. */
export async function plantLeaks({ kube, stage }: Pick<World, 'kube' | 'stage'>, plan: Plan): Promise<Planted> {
  const doors = openDoors();
  const door = doors.rpc(plan.address);
  stage.defer(() => door.close());
  const client = createCsiClient({ door, clock: doors.clock, log: SILENT, timeoutMs: 60_000, observe: quiet });
  const { signal } = new AbortController();
  const make = async (name: string): Promise<string> => {
    const request = { name, volumeCapabilities: [WRITER], capacityRange: undefined, parameters: {}, secrets: {}, mutableParameters: {} };
    const answer = await client.createVolume({ ...request, volumeContentSource: undefined, accessibilityRequirements: undefined }, signal);
    return answer.volume?.volumeId ?? '';
  };
  const cut = async (name: string, sourceVolumeId: string): Promise<string> =>
    (await client.createSnapshot({ name, sourceVolumeId, secrets: {}, parameters: {} }, signal)).snapshot?.snapshotId ?? '';
  const putVolume = async (name: string, volumeHandle: string): Promise<void> => {
    await kube.create(PERSISTENT_VOLUMES, {
      metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': plan.driverName } },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Delete',
        csi: { driver: plan.driverName, volumeHandle },
      },
    });
  };
  const putContent = async (name: string, snapshotHandle: string): Promise<void> => {
    await kube.create(VOLUME_SNAPSHOT_CONTENTS, {
      metadata: { name },
      spec: {
        driver: plan.driverName,
        deletionPolicy: 'Delete',
        source: { snapshotHandle },
        volumeSnapshotRef: { namespace: 'default', name },
      },
    });
  };
  const healthy = new Set<string>();
  const leaks = new Set<string>();
  const lost = new Set<string>();
  for (let index = 0; index < plan.healthy; index += 1) {
    const volume = await make(`healthy-${index}`);
    await putVolume(`healthy-${index}`, volume);
    const snapshot = await cut(`healthy-${index}`, volume);
    await putContent(`healthy-${index}`, snapshot);
    healthy.add(volume).add(snapshot);
  }
  const [source = ''] = healthy;
  for (let index = 0; index < plan.leaks; index += 1) {
    leaks.add(await make(`leak-${index}`)).add(await cut(`leak-${index}`, source));
    await putVolume(`lost-${index}`, `vol-lost-${index}`);
    await putContent(`lost-${index}`, `snap-lost-${index}`);
    lost.add(`vol-lost-${index}`).add(`snap-lost-${index}`);
  }
  return { healthy, leaks, lost };
}
