/** A driver that loses an ability while its answer to a CreateVolume is awaited: what it made is found all the same. */
import { describe, expect, test } from 'vitest';
import { openEntries } from '../../harness/journal-entries.ts';
import type { Lease, PersistentVolume, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { DRIVER, onStage, type Stage } from './provisioner-stage.ts';

const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims';
const VOLUMES = '/api/v1/persistentvolumes';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';

/** A volume in zone a was made, and nobody knows: driver and provisioner come back, without topology. */
async function upgraded(stage: Stage, meanwhile: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
  await stage.create('/api/v1/nodes', { metadata: { name: 'node-1', labels: { zone: 'a' } } });
  await stage.create('/apis/storage.k8s.io/v1/csinodes', {
    metadata: { name: 'node-1' },
    spec: { drivers: [{ name: DRIVER, nodeID: 'node-1', topologyKeys: ['zone'] }] },
  });
  await stage.create('/apis/storage.k8s.io/v1/storageclasses', {
    metadata: { name: 'fast' },
    provisioner: DRIVER,
    reclaimPolicy: 'Delete',
  });
  stage.driverFault = ({ rpc }) => (rpc === 'CreateVolume' ? { code: 'DEADLINE_EXCEEDED', effect: true } : undefined);
  await stage.create(CLAIMS, {
    metadata: { name: 'data', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
  });
  await stage.until('the call', () => Promise.resolve(stage.rpcs.some(({ rpc }) => rpc === 'CreateVolume')));
  stage.driverFault = undefined;
  await meanwhile();
  await stage.upgrade({ disabled: ['VOLUME_ACCESSIBILITY_CONSTRAINTS'] });
}

const noEntries = async (stage: Stage): Promise<boolean> => openEntries(await stage.list<Lease>(LEASES)).length === 0;

describe('a driver without topology that had it when it was asked', () => {
  const stageOptions = { topology: [{ zone: 'a' }], flags: ['--leader-election'] };

  test('answers with the volume that it made, and the claim is bound to it', () =>
    onStage(stageOptions, async (stage) => {
      await upgraded(stage);
      const isBound = async (): Promise<boolean> => (await stage.get<PersistentVolumeClaim>(`${CLAIMS}/data`))?.status?.phase === 'Bound';
      await stage.until('the claim to be bound', isBound);
      await stage.until('no entry', () => noEntries(stage));
      expect(stage.rpcs.filter(({ rpc }) => rpc === 'CreateVolume').map(({ code }) => code)).toEqual([4, 0]);
      expect(await stage.list<PersistentVolume>(VOLUMES)).toHaveLength(1);
    }));

  test('is asked for what it made for a claim that is gone, and deletes it', () =>
    onStage(stageOptions, async (stage) => {
      await upgraded(stage, () => stage.send('DELETE', `${CLAIMS}/data`));
      await stage.until('the deletion', () => Promise.resolve(stage.rpcs.some(({ rpc, code }) => rpc === 'DeleteVolume' && code === 0)));
      await stage.until('no PV', async () => (await stage.list(VOLUMES)).length === 0);
      await stage.until('no entry', () => noEntries(stage));
      expect(stage.rpcs.filter(({ rpc }) => rpc === 'CreateVolume').map(({ code }) => code)).toEqual([4, 0]);
    }));
});
