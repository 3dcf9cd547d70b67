/** Volumes of in-tree plugins, through the whole program: whose driver took over makes and deletes them. */
import { expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { CreateVolumeRequest, DeleteVolumeRequest } from '../../proto/gen/csi.ts';
import { onStage, type Stage } from './provisioner-stage.ts';

const CLAIMS = '/api/v1/namespaces/shop/persistentvolumeclaims';
const VOLUMES = '/api/v1/persistentvolumes';
const CLASSES = '/apis/storage.k8s.io/v1/storageclasses';
const EBS = 'ebs.csi.aws.com';
const ZONE = 'topology.ebs.csi.aws.com/zone';

const started = (stage: Stage): Promise<void> =>
  stage.until('the start', () => Promise.resolve(stage.log.some((line) => line.includes('Working'))));

const deletedIds = ({ rpcs }: Stage): readonly string[] =>
  rpcs.flatMap(({ rpc, request }) => (rpc === 'DeleteVolume' ? [DeleteVolumeRequest.decode(request).volumeId] : []));

const DISK = '/subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/disks/d1';

test.each<[string, string, object, string]>([
  [EBS, 'kubernetes.io/aws-ebs', { awsElasticBlockStore: { volumeID: 'aws://us-east-1a/vol-1' } }, 'vol-1'],
  [
    'pd.csi.storage.gke.io',
    'kubernetes.io/gce-pd',
    { gcePersistentDisk: { pdName: 'd' } },
    'projects/UNSPECIFIED/zones/UNSPECIFIED/disks/d',
  ],
  ['disk.csi.azure.com', 'kubernetes.io/azure-disk', { azureDisk: { diskName: 'd1', diskURI: DISK, kind: 'Managed' } }, DISK],
  ['file.csi.azure.com', 'kubernetes.io/azure-file', { azureFile: { secretName: 's', shareName: 'share' } }, '#s#share#old#shop'],
  ['csi.vsphere.vmware.com', 'kubernetes.io/vsphere-volume', { vsphereVolume: { volumePath: '[ds] v.vmdk' } }, '[ds] v.vmdk'],
  ['cinder.csi.openstack.org', 'kubernetes.io/cinder', { cinder: { volumeID: 'c-1' } }, 'c-1'],
  ['pxd.portworx.com', 'kubernetes.io/portworx-volume', { portworxVolume: { volumeID: 'p-1' } }, 'p-1'],
])('%s deletes a released PV of %s by its translated handle', (driverName, plugin, source, handle) =>
  onStage({ driverName }, async (stage) => {
    await started(stage);
    await stage.create(VOLUMES, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'old', annotations: { 'pv.kubernetes.io/provisioned-by': plugin, 'pv.kubernetes.io/migrated-to': driverName } },
      spec: {
        ...source,
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        persistentVolumeReclaimPolicy: 'Delete',
        claimRef: { kind: 'PersistentVolumeClaim', namespace: 'shop', name: 'data', uid: '0d9b2f3e-1111-4222-8333-444455556666' },
      },
    });
    await stage.until('the PV is gone', async () => (await stage.get(`${VOLUMES}/old`)) === undefined);
    expect(deletedIds(stage)).toEqual([handle]);
  }),
);

test('a claim of an in-tree class becomes a PV of the plugin, which goes with its claim', () =>
  onStage({ driverName: EBS, topology: [{ [ZONE]: 'us-east-1a' }] }, async (stage) => {
    await stage.send('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
    await stage.create(CLASSES, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'gp2' },
      provisioner: 'kubernetes.io/aws-ebs',
      reclaimPolicy: 'Delete',
      parameters: { type: 'gp2', fsType: 'xfs' },
      volumeBindingMode: 'Immediate',
    });
    await stage.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', labels: { [ZONE]: 'us-east-1a' } } });
    await stage.create('/apis/storage.k8s.io/v1/csinodes', {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSINode',
      metadata: { name: 'node-1' },
      spec: { drivers: [{ name: EBS, nodeID: 'node-1', topologyKeys: [ZONE] }] },
    });
    await started(stage);
    await stage.create(CLAIMS, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: 'shop' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'gp2', resources: { requests: { storage: '1Gi' } } },
    });
    const claim = (): Promise<PersistentVolumeClaim | undefined> => stage.get<PersistentVolumeClaim>(`${CLAIMS}/data`);
    await stage.until('the claim is bound', async () => (await claim())?.status?.phase === 'Bound');
    const [call] = stage.rpcs.filter(({ rpc }) => rpc === 'CreateVolume');
    const request = CreateVolumeRequest.decode(call?.request ?? new Uint8Array());
    expect(request.parameters).toEqual({ type: 'gp2' });
    expect(request.volumeCapabilities[0]?.accessType).toMatchObject({ $case: 'mount', value: { fsType: 'xfs' } });
    const [volume] = await stage.list<PersistentVolume>(VOLUMES);
    expect(volume?.metadata?.annotations?.['pv.kubernetes.io/provisioned-by']).toBe('kubernetes.io/aws-ebs');
    expect(volume?.spec?.csi).toBeUndefined();
    expect(volume?.metadata?.labels).toEqual({
      'topology.kubernetes.io/zone': 'us-east-1a',
      'topology.kubernetes.io/region': 'us-east-1',
    });
    const volumeID = volume?.spec?.awsElasticBlockStore?.volumeID;
    expect(volume?.spec?.awsElasticBlockStore).toEqual({ volumeID, fsType: 'xfs' });
    expect(stage.driver.ledger().volumes.map(({ id }) => id)).toEqual([volumeID]);

    await stage.send('DELETE', `${CLAIMS}/data`);
    await stage.until('the PV is gone', async () => (await stage.list(VOLUMES)).length === 0);
    expect(stage.driver.ledger().volumes).toEqual([]);
  }));
