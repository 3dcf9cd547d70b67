/**
 * Volumes of the seven in-tree plugins on a real API server, with the real binder: whoever of the two provisioners runs deletes what
 * either of them took care of before, through the driver that took over, and nothing stays behind.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PersistentVolume } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from '../../lib/kube/resources.ts';
import { startSteeredDriver } from '../../harness/mock-driver.ts';
import type { ControlPlane } from '../../harness/real/control-plane.ts';
import { freePort } from '../../harness/free-port.ts';
import { IS_NEWEST_KUBERNETES } from '../../harness/real/binaries.ts';
import { startControlPlane } from '../../harness/real/control-plane.ts';
import type { Program } from '../../harness/stage.ts';
import { PROGRAM_USERS, type Side, startProgram, userOf } from './programs.ts';

const FINALIZER = 'external-provisioner.volume.kubernetes.io/finalizer';
const namespace = 'default';

let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane({ users: PROGRAM_USERS });
});
afterAll(() => plane.stop());

const diskOf = (name: string): string => `/subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/disks/${name}`;

interface Plugin {
  readonly driverName: string;
  readonly plugin: string;
  /** The volume source of a PV of this name. */
  readonly source: (name: string) => object;
  /** What its driver is to be told. */
  readonly handle: (name: string) => string;
}

const PLUGINS: readonly Plugin[] = [
  {
    driverName: 'ebs.csi.aws.com',
    plugin: 'kubernetes.io/aws-ebs',
    source: (name) => ({ awsElasticBlockStore: { volumeID: `aws://us-east-1a/vol-${name}` } }),
    handle: (name) => `vol-${name}`,
  },
  {
    driverName: 'pd.csi.storage.gke.io',
    plugin: 'kubernetes.io/gce-pd',
    source: (name) => ({ gcePersistentDisk: { pdName: name } }),
    handle: (name) => `projects/UNSPECIFIED/zones/UNSPECIFIED/disks/${name}`,
  },
  {
    driverName: 'disk.csi.azure.com',
    plugin: 'kubernetes.io/azure-disk',
    source: (name) => ({ azureDisk: { diskName: name, diskURI: diskOf(name), kind: 'Managed' } }),
    handle: diskOf,
  },
  {
    driverName: 'file.csi.azure.com',
    plugin: 'kubernetes.io/azure-file',
    source: (name) => ({ azureFile: { secretName: 's', shareName: `share-${name}` } }),
    handle: (name) => `#s#share-${name}#${name}#${namespace}`,
  },
  {
    driverName: 'csi.vsphere.vmware.com',
    plugin: 'kubernetes.io/vsphere-volume',
    source: (name) => ({ vsphereVolume: { volumePath: `[ds] ${name}.vmdk` } }),
    handle: (name) => `[ds] ${name}.vmdk`,
  },
  {
    driverName: 'cinder.csi.openstack.org',
    plugin: 'kubernetes.io/cinder',
    source: (name) => ({ cinder: { volumeID: `c-${name}` } }),
    handle: (name) => `c-${name}`,
  },
  {
    driverName: 'pxd.portworx.com',
    plugin: 'kubernetes.io/portworx-volume',
    source: (name) => ({ portworxVolume: { volumeID: `p-${name}` } }),
    handle: (name) => `p-${name}`,
  },
];

/** A PV as the plugin left it, bound to a claim of its name. */
async function createBound({ driverName, plugin, source }: Plugin, name: string): Promise<void> {
  const { kube } = plane;
  const rest = { accessModes: ['ReadWriteOnce'], storageClassName: '' };
  await kube.create(PERSISTENT_VOLUMES, {
    metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': plugin, 'pv.kubernetes.io/migrated-to': driverName } },
    spec: {
      ...rest,
      ...source(name),
      capacity: { storage: '1Gi' },
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { kind: 'PersistentVolumeClaim', namespace, name },
    },
  });
  await kube.create(PERSISTENT_VOLUME_CLAIMS, {
    metadata: { name, namespace },
    spec: { ...rest, volumeName: name, resources: { requests: { storage: '1Gi' } } },
  });
}

async function untilProtected(name: string): Promise<void> {
  const test = ({ metadata, status }: PersistentVolume): boolean =>
    status?.phase === 'Bound' && metadata?.finalizers?.includes(FINALIZER) === true;
  await plane.kube.until<PersistentVolume>(PERSISTENT_VOLUMES, { name }, { what: 'bound and protected', test, signal: plane.stage.broken });
}

/** `DeleteVolume true`: which driver calls are told to be about the plugin's volumes. */
async function marksOf(port: number): Promise<readonly string[]> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const calls = text.split('\n').filter((line) => line.startsWith('csi_sidecar_operations_seconds_count') && line.includes('migrated='));
  return calls.map((line) => `${/method_name="[^"]*\/([A-Za-z]+)"/.exec(line)?.[1]} ${/migrated="([a-z]+)"/.exec(line)?.[1]}`).sort();
}

/** Older servers have taken over all but Portworx's, whose feature gate is off there: kube-controller-manager itself fails at them. */
const MIGRATED = PLUGINS.filter(({ driverName }) => IS_NEWEST_KUBERNETES || driverName !== 'pxd.portworx.com');

test.each(MIGRATED)('$driverName: volumes of $plugin go with their claims, from Go to ours and back', async (plugin) => {
  const { kube, stage } = plane;
  const { driver, control } = await startSteeredDriver(stage, { driverName: plugin.driverName });
  const port = await freePort();
  const start = (side: Side): Promise<Program> =>
    startProgram(stage, {
      role: 'csi-provisioner',
      side,
      kubeconfig: plane.kubeconfigOf(userOf('csi-provisioner', side).name),
      address: driver.address,
      args: [`--http-endpoint=127.0.0.1:${port}`],
    });
  const prefix = plugin.driverName.replaceAll('.', '-');
  const [first, second, third, fourth] = ['1', '2', '3', '4'].map((index) => `${prefix}-${index}`) as [string, string, string, string];
  const release = (name: string): Promise<void> => kube.delete(PERSISTENT_VOLUME_CLAIMS, { namespace, name });
  const gone = (name: string): Promise<void> => kube.untilGone(PERSISTENT_VOLUMES, { name }, { signal: stage.broken });

  for (const name of [first, second, third]) await createBound(plugin, name);
  const go = await start('go');
  for (const name of [first, second, third]) await untilProtected(name);
  await release(first);
  await gone(first);
  const marksOfGo = await marksOf(port);
  expect(marksOfGo).toContain('DeleteVolume true');
  await go.stop();

  // What is released while nobody runs is there for whoever comes.
  await release(second);
  const ours = await start('ours');
  await gone(second);
  expect(await marksOf(port)).toEqual(marksOfGo);
  await createBound(plugin, fourth);
  await untilProtected(fourth);
  await ours.stop();

  await release(third);
  await release(fourth);
  const again = await start('go');
  await gone(third);
  await gone(fourth);
  await again.stop();

  const deleted = (await control.journal()).filter(({ rpc }) => rpc === 'DeleteVolume').map(({ request }) => request['volume_id']);
  expect([...new Set(deleted)].sort()).toEqual([first, second, third, fourth].map(plugin.handle).sort());
  await driver.program.stop();
});
