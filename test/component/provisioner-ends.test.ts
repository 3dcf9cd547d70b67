/** SIGTERM while the driver works: whoever comes next, a Go program too, finds in the cluster what was made. */
import { expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { DRIVER, onStage } from './provisioner-stage.ts';

const CLAIM = '/api/v1/namespaces/default/persistentvolumeclaims/data';
const VOLUMES = '/api/v1/persistentvolumes';

test('what a call of the driver has made is written down before the program ends, and nothing is begun any more', () =>
  onStage({}, async (stage) => {
    await stage.create('/apis/storage.k8s.io/v1/storageclasses', {
      metadata: { name: 'fast' },
      provisioner: DRIVER,
      reclaimPolicy: 'Delete',
    });
    const claim = (name: string): Promise<void> =>
      stage.create('/api/v1/namespaces/default/persistentvolumeclaims', {
        metadata: { name, namespace: 'default' },
        spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
      });
    let asked = 0;
    stage.driverFault = ({ rpc }) => {
      if (rpc !== 'CreateVolume') return undefined;
      asked += 1;
      return { delayMs: 5_000 };
    };
    await claim('data');
    await stage.until('the call', () => Promise.resolve(asked > 0));
    stage.terminate();
    await stage.pause(1_000);
    await claim('later');
    await stage.until('its volume', async () => (await stage.list<PersistentVolume>(VOLUMES)).length > 0, 10_000);
    const { metadata } = (await stage.get<PersistentVolumeClaim>(CLAIM)) ?? {};
    const volumes = await stage.list<PersistentVolume>(VOLUMES);
    expect(volumes.map(({ spec }) => spec?.claimRef?.uid)).toEqual([metadata?.uid]);
    await stage.until('its end', () => Promise.resolve(stage.log.some((line) => line.includes('Stopped'))), 60_000);
    expect(asked).toBe(1);
    expect(stage.rpcs.filter(({ rpc }) => rpc === 'CreateVolume')).toHaveLength(1);
  }));
