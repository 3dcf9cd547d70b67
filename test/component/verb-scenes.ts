/** What the commands of some pages of docs/verbs/ find: drivers that are tried and audited, and objects that came from each other. */
import { join } from 'node:path';
import type { World } from '../../demo/world.ts';
import { DRIVER, installWorldCrds, startDriver, startSidecars, untilNodeHasDriver } from '../../demo/world.ts';
import { PERSISTENT_VOLUME_CLAIMS, STORAGE_CLASSES, VOLUME_SNAPSHOT_CLASSES, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { plantLeaks } from './audit-world.ts';

const namespace = 'default';

/** Where the driver of a scene listens; pages know it as $CSI_ADDRESS. */
export function addressOf({ stage }: World): string {
  return `unix://${join(stage.dir, 'csi.sock')}`;
}

export const DRIVER_SCENES: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  'try.md': (world) => startDriver(world),
  'audit.md': async (world) => {
    await installWorldCrds(world, world.stage.broken);
    await startDriver(world);
    await plantLeaks(world, { driverName: DRIVER, address: addressOf(world), healthy: 3, leaks: 1 });
  },
  'lineage.md': family,
  'import.md': (world) => installWorldCrds(world, world.stage.broken),
  'export.md': family,
};

/** A claim, a snapshot of it, and a claim restored from that. */
async function family(world: World): Promise<void> {
  const { kube } = world;
  await installWorldCrds(world, world.stage.broken);
  await startDriver(world);
  await untilNodeHasDriver(kube);
  await kube.create(STORAGE_CLASSES, { metadata: { name: 'fast' }, provisioner: DRIVER });
  await kube.create(VOLUME_SNAPSHOT_CLASSES, { metadata: { name: 'fast' }, driver: DRIVER, deletionPolicy: 'Delete' });
  startSidecars(world, { oneProcess: true });
  const claim = async (name: string, more: object = {}): Promise<void> => {
    const spec = { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Mi' } }, ...more };
    await kube.create(PERSISTENT_VOLUME_CLAIMS, { metadata: { name, namespace }, spec });
    const isBound = { what: 'bound', test: ({ status }: { status?: { phase?: string } }) => status?.phase === 'Bound' };
    await kube.until(PERSISTENT_VOLUME_CLAIMS, { name, namespace }, isBound);
  };
  await claim('data');
  const source = { persistentVolumeClaimName: 'data' };
  await kube.create(VOLUME_SNAPSHOTS, {
    metadata: { name: 'data-snapshot', namespace },
    spec: { source, volumeSnapshotClassName: 'fast' },
  });
  const isReady = { what: 'ready', test: ({ status }: { status?: { readyToUse?: boolean } }) => status?.readyToUse === true };
  await kube.until(VOLUME_SNAPSHOTS, { name: 'data-snapshot', namespace }, isReady);
  await claim('restored', { dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'data-snapshot' } });
}
