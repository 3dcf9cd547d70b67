import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PersistentVolume, StorageClass } from '../../lib/kube/objects.ts';
import { asProvisionedBy, csiClass, csiHandle, IN_TREE_PLUGINS, inTreeFields, isKnownAs, pluginOf } from './plugins.ts';

const EBS = 'ebs.csi.aws.com';
const PD = 'pd.csi.storage.gke.io';
const AZURE_DISK = 'disk.csi.azure.com';
const AZURE_FILE = 'file.csi.azure.com';
const VSPHERE = 'csi.vsphere.vmware.com';
const CINDER = 'cinder.csi.openstack.org';
const PORTWORX = 'pxd.portworx.com';
const DISK = '/subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/disks/d1';

const classOf = (driver: string, change: StorageClass = {}): StorageClass => ({
  metadata: { name: 'old' },
  provisioner: pluginOf(driver)?.name ?? '',
  ...change,
});
const zones = (key: string, ...values: string[]) => [{ matchLabelExpressions: [{ key, values }] }];

/** A CSI PV as it stands after CreateVolume. */
const made = (driver: string, spec: PersistentVolume['spec'] = {}): PersistentVolume => ({
  metadata: { name: 'pvc-1' },
  spec: { ...spec, csi: { driver, ...spec.csi } },
});
const inTree = (driver: string, volume: PersistentVolume) => asProvisionedBy(pluginOf(driver)?.name, volume);
const affinity = (key: string, ...values: string[]) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values }] }] },
});

test('seven drivers took over a plugin each', () => {
  expect(IN_TREE_PLUGINS.map(({ driver, name }) => [driver, name])).toEqual([
    [EBS, 'kubernetes.io/aws-ebs'],
    [PD, 'kubernetes.io/gce-pd'],
    [AZURE_DISK, 'kubernetes.io/azure-disk'],
    [AZURE_FILE, 'kubernetes.io/azure-file'],
    [VSPHERE, 'kubernetes.io/vsphere-volume'],
    [CINDER, 'kubernetes.io/cinder'],
    [PORTWORX, 'kubernetes.io/portworx-volume'],
  ]);
});

test('a driver is known by its own name and by that of its plugin alone', () => {
  expect(isKnownAs(EBS, EBS)).toBe(true);
  expect(isKnownAs(EBS, 'kubernetes.io/aws-ebs')).toBe(true);
  expect(isKnownAs(EBS, 'kubernetes.io/gce-pd')).toBe(false);
  expect(isKnownAs('mock.csi.example', 'kubernetes.io/aws-ebs')).toBe(false);
  expect(isKnownAs(EBS, undefined)).toBe(false);
});

test.each<[string, string, StorageClass, StorageClass]>([
  [
    'EBS: file system, zones and IOPS',
    EBS,
    { parameters: { type: 'io1', fsType: 'xfs', zones: 'us-east-1a,us-east-1b', iopsPerGB: '5' } },
    {
      parameters: { type: 'io1', 'csi.storage.k8s.io/fstype': 'xfs', iopsPerGB: '5', allowautoiopspergbincrease: 'true' },
      allowedTopologies: zones('topology.ebs.csi.aws.com/zone', 'us-east-1a', 'us-east-1b'),
    },
  ],
  [
    'EBS: older zone labels, other keys stay',
    EBS,
    { allowedTopologies: [...zones('failure-domain.beta.kubernetes.io/zone', 'a'), ...zones('rack', '7')] },
    { parameters: {}, allowedTopologies: [...zones('topology.ebs.csi.aws.com/zone', 'a'), ...zones('rack', '7')] },
  ],
  [
    'PD: one zone',
    PD,
    { parameters: { zone: 'us-central1-a', 'replication-type': 'none' } },
    { parameters: { 'replication-type': 'none' }, allowedTopologies: zones('topology.gke.io/zone', 'us-central1-a') },
  ],
  [
    'Azure disk: failure domains are no zones, and the file system keeps its key',
    AZURE_DISK,
    { parameters: { fsType: 'ext4' }, allowedTopologies: zones('topology.kubernetes.io/zone', '0', 'westus-1') },
    { parameters: { fsType: 'ext4' }, allowedTopologies: zones('topology.disk.csi.azure.com/zone', '', 'westus-1') },
  ],
  ['Azure file: the class is the same', AZURE_FILE, { parameters: { skuName: 'x' } }, { parameters: { skuName: 'x' } }],
  [
    'vSphere: what the driver knows, and that it is asked in the place of the plugin',
    VSPHERE,
    {
      parameters: { Datastore: 'd', diskformat: 'thin', storagePolicyName: 'gold', fstype: 'xfs', unheard: 'x' },
      allowedTopologies: zones('topology.kubernetes.io/zone', 'z'),
    },
    {
      parameters: {
        'datastore-migrationparam': 'd',
        'diskformat-migrationparam': 'thin',
        storagepolicyname: 'gold',
        'csi.storage.k8s.io/fstype': 'xfs',
        csimigration: 'true',
      },
      allowedTopologies: zones('topology.csi.vmware.com/zone', 'z'),
    },
  ],
  [
    'Cinder: availability is no topology',
    CINDER,
    { parameters: { availability: 'nova', fstype: 'xfs' } },
    { parameters: { availability: 'nova', 'csi.storage.k8s.io/fstype': 'xfs' } },
  ],
  [
    'Portworx: one secret for every call',
    PORTWORX,
    { parameters: { repl: '2', 'openstorage.io/auth-secret-name': 's' } },
    {
      parameters: {
        repl: '2',
        'csi.storage.k8s.io/provisioner-secret-name': 's',
        'csi.storage.k8s.io/controller-publish-secret-name': 's',
        'csi.storage.k8s.io/node-publish-secret-name': 's',
        'csi.storage.k8s.io/node-stage-secret-name': 's',
        'csi.storage.k8s.io/controller-expand-secret-name': 's',
        'csi.storage.k8s.io/node-expand-secret-name': 's',
      },
    },
  ],
])('class of %s', (_, driver, given, wanted) => {
  expect(csiClass(driver, classOf(driver, given))).toEqual({
    ok: true,
    value: { metadata: { name: 'old' }, provisioner: driver, ...wanted },
  });
});

test('a class with zones in both ways is refused by name', () => {
  const both = classOf(EBS, { parameters: { zone: 'a' }, allowedTopologies: zones('topology.kubernetes.io/zone', 'a') });
  expect(csiClass(EBS, both)).toEqual({ ok: false, fault: expect.stringContaining('StorageClass old has both') });
});

test("a class of the driver's own stays as it is", () => {
  const own: StorageClass = { provisioner: EBS, parameters: { zone: 'a' } };
  expect(csiClass(EBS, own)).toEqual({ ok: true, value: own });
  expect(csiClass('mock.csi.example', classOf(EBS))).toEqual({ ok: true, value: classOf(EBS) });
});

test.each<[string, string, PersistentVolume, string]>([
  ['EBS, bare id', EBS, { spec: { awsElasticBlockStore: { volumeID: 'vol-1' } } }, 'vol-1'],
  ['EBS, with its zone', EBS, { spec: { awsElasticBlockStore: { volumeID: 'aws://us-east-1a/vol-1' } } }, 'vol-1'],
  ['EBS, without a zone', EBS, { spec: { awsElasticBlockStore: { volumeID: 'aws:///vol-1' } } }, 'vol-1'],
  ['PD without labels', PD, { spec: { gcePersistentDisk: { pdName: 'd' } } }, 'projects/UNSPECIFIED/zones/UNSPECIFIED/disks/d'],
  [
    'PD of a zone',
    PD,
    { metadata: { labels: { 'topology.kubernetes.io/zone': 'us-central1-a' } }, spec: { gcePersistentDisk: { pdName: 'd' } } },
    'projects/UNSPECIFIED/zones/us-central1-a/disks/d',
  ],
  [
    'PD of a region, older label',
    PD,
    {
      metadata: { labels: { 'failure-domain.beta.kubernetes.io/zone': 'us-central1-a__us-central1-b' } },
      spec: { gcePersistentDisk: { pdName: 'd' } },
    },
    'projects/UNSPECIFIED/regions/us-central1/disks/d',
  ],
  ['Azure disk', AZURE_DISK, { spec: { azureDisk: { diskURI: DISK, kind: 'managed' } } }, DISK],
  [
    'Azure file, secret by its account',
    AZURE_FILE,
    {
      metadata: { name: 'pv-1', annotations: { 'kubernetes.io/azure-file-resource-group': 'rg' } },
      spec: { azureFile: { secretName: 'azure-storage-account-f5713-secret', shareName: 'share' }, claimRef: { namespace: 'shop' } },
    },
    'rg#f5713#share#pv-1#shop',
  ],
  [
    'Azure file, secret in a namespace of its own',
    AZURE_FILE,
    { metadata: { name: 'pv-1' }, spec: { azureFile: { secretName: 's', shareName: 'share', secretNamespace: 'vault' } } },
    '#s#share#pv-1#vault',
  ],
  ['vSphere', VSPHERE, { spec: { vsphereVolume: { volumePath: '[ds] v.vmdk' } } }, '[ds] v.vmdk'],
  ['Cinder', CINDER, { spec: { cinder: { volumeID: 'c-1' } } }, 'c-1'],
  ['Portworx', PORTWORX, { spec: { portworxVolume: { volumeID: 'p-1' } } }, 'p-1'],
  ['a CSI volume of the driver', EBS, made(EBS, { csi: { volumeHandle: 'vol-9' } }), 'vol-9'],
])('handle of %s', (_, driver, volume, wanted) => {
  expect(csiHandle(driver, volume)).toEqual({ ok: true, value: wanted });
});

test.each<[string, string, PersistentVolume, string]>([
  ['EBS of another form', EBS, { spec: { awsElasticBlockStore: { volumeID: 'aws://z/disk-1' } } }, 'aws://ZONE/vol-ID'],
  ['an Azure blob', AZURE_DISK, { spec: { azureDisk: { diskURI: 'https://x/vhds/d', kind: 'Dedicated' } } }, 'managed disks alone'],
  ['an Azure file without any namespace', AZURE_FILE, { spec: { azureFile: { shareName: 's' } } }, 'no namespace'],
  [
    'PD in two regions',
    PD,
    { metadata: { labels: { 'topology.kubernetes.io/zone': 'us-a-1__eu-b-1' } }, spec: { gcePersistentDisk: { pdName: 'd' } } },
    'more than one region',
  ],
  ['a CSI volume without a handle', EBS, made(EBS), 'no volume handle'],
])('no handle of %s', (_, driver, volume, words) => {
  expect(csiHandle(driver, volume)).toEqual({ ok: false, fault: expect.stringContaining(words) });
});

test('PVs of other drivers and plugins have no handle here', () => {
  expect(csiHandle(EBS, { spec: { cinder: { volumeID: 'c-1' } } })).toBeUndefined();
  expect(csiHandle(EBS, made(PD, { csi: { volumeHandle: 'x' } }))).toBeUndefined();
  expect(csiHandle('mock.csi.example', { spec: { cinder: { volumeID: 'c-1' } } })).toBeUndefined();
});

test('a PV of EBS is written as the plugin would have, zone and region included', () => {
  const volume = made(EBS, {
    csi: { volumeHandle: 'vol-1', fsType: 'xfs', readOnly: true, volumeAttributes: { partition: '2' } },
    nodeAffinity: affinity('topology.ebs.csi.aws.com/zone', 'us-gov-east-1b'),
  });
  expect(inTree(EBS, volume)).toEqual({
    ok: true,
    value: {
      metadata: {
        name: 'pvc-1',
        labels: { 'topology.kubernetes.io/zone': 'us-gov-east-1b', 'topology.kubernetes.io/region': 'us-gov-east-1' },
      },
      spec: {
        awsElasticBlockStore: { volumeID: 'vol-1', fsType: 'xfs', readOnly: true, partition: 2 },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              {
                matchExpressions: [
                  { key: 'topology.kubernetes.io/zone', operator: 'In', values: ['us-gov-east-1b'] },
                  { key: 'topology.kubernetes.io/region', operator: 'In', values: ['us-gov-east-1'] },
                ],
              },
            ],
          },
        },
      },
    },
  });
});

test.each<[string, string]>([
  ['us-west-2a', 'us-west-2'],
  ['us-west-2-lax-1a', 'us-west-2'],
  ['us-east-1-wl1-bos-wlz-1', 'us-east-1'],
])('EBS zone %s is in region %s', (zone, region) => {
  const written = inTree(EBS, made(EBS, { csi: { volumeHandle: 'v' }, nodeAffinity: affinity('topology.ebs.csi.aws.com/zone', zone) }));
  expect(written.ok && written.value.metadata?.labels?.['topology.kubernetes.io/region']).toBe(region);
});

test.each<[string, string, NonNullable<PersistentVolume['spec']>, PersistentVolume['spec']]>([
  ['PD', PD, { csi: { volumeHandle: 'projects/p/zones/z/disks/d' } }, { gcePersistentDisk: { pdName: 'd' } }],
  [
    'Azure disk',
    AZURE_DISK,
    { csi: { volumeHandle: DISK, volumeAttributes: { cachingMode: 'ReadOnly', fsType: 'xfs' } } },
    { azureDisk: { diskName: 'd1', diskURI: DISK, fsType: 'xfs', readOnly: false, kind: 'Managed', cachingMode: 'ReadOnly' } },
  ],
  [
    'Azure file',
    AZURE_FILE,
    { csi: { volumeHandle: 'rg#acc#share#x', nodeStageSecretRef: { name: 's', namespace: 'vault' } } },
    { azureFile: { shareName: 'share', secretName: 's', secretNamespace: 'vault' } },
  ],
  ['Cinder', CINDER, { csi: { volumeHandle: 'c-1', fsType: 'ext4' } }, { cinder: { volumeID: 'c-1', fsType: 'ext4' } }],
  ['Portworx', PORTWORX, { csi: { volumeHandle: 'p-1' } }, { portworxVolume: { volumeID: 'p-1' } }],
  [
    'vSphere',
    VSPHERE,
    { csi: { volumeHandle: 'id', fsType: 'ext4', volumeAttributes: { initialvolumefilepath: '[ds] v.vmdk' } } },
    { vsphereVolume: { volumePath: '[ds] v.vmdk', fsType: 'ext4' } },
  ],
])('source of %s', (_, driver, spec, wanted) => {
  const written = inTree(driver, made(driver, spec));
  expect(written.ok ? written.value.spec : written).toEqual(wanted);
});

test('vSphere zone and region have keys of their own', () => {
  const expressions = [
    { key: 'topology.csi.vmware.com/zone', operator: 'In', values: ['z1'] },
    { key: 'topology.csi.vmware.com/region', operator: 'In', values: ['r1'] },
  ];
  const written = inTree(
    VSPHERE,
    made(VSPHERE, {
      csi: { volumeAttributes: { initialvolumefilepath: 'p' } },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: expressions }] } },
    }),
  );
  expect(written.ok && written.value.metadata?.labels).toEqual({
    'topology.kubernetes.io/zone': 'z1',
    'topology.kubernetes.io/region': 'r1',
  });
});

test.each<[string, string, NonNullable<PersistentVolume['spec']>, string]>([
  ['EBS with a partition that is no number', EBS, { csi: { volumeAttributes: { partition: 'x' } } }, 'partition "x"'],
  ['EBS in a zone of no known form', EBS, { nodeAffinity: affinity('topology.ebs.csi.aws.com/zone', 'mars') }, 'form of a zone'],
  ['PD with a handle of another form', PD, { csi: { volumeHandle: 'd' } }, 'projects/P/zones/Z/disks/D'],
  ['Azure disk with a handle of another form', AZURE_DISK, { csi: { volumeHandle: 'd' } }, 'form of an Azure disk'],
  ['Azure file with a handle of another form', AZURE_FILE, { csi: { volumeHandle: 'd' } }, 'GROUP#ACCOUNT#SHARE'],
  ['vSphere without the path', VSPHERE, {}, 'initialvolumefilepath'],
])('%s cannot be written', (_, driver, spec, words) => {
  expect(inTree(driver, made(driver, spec))).toEqual({ ok: false, fault: expect.stringContaining(words) });
});

test('a PV of any other maker stays a CSI volume', () => {
  const volume = made(EBS, { csi: { volumeHandle: 'vol-1' } });
  expect(asProvisionedBy(EBS, volume)).toEqual({ ok: true, value: volume });
  expect(asProvisionedBy(undefined, volume)).toEqual({ ok: true, value: volume });
});

test('what is written is found again by the handle that the driver knows, but for what the plugin never told', () => {
  const handles: Readonly<Record<string, string>> = { [AZURE_DISK]: DISK, [AZURE_FILE]: 'rg#a#share#pvc-1#default' };
  for (const { driver } of IN_TREE_PLUGINS) {
    if (driver === PD || driver === VSPHERE) continue;
    const handle = handles[driver] ?? 'id-1';
    const written = inTree(driver, made(driver, { csi: { volumeHandle: handle } }));
    expect(written.ok && csiHandle(driver, written.value)).toEqual({ ok: true, value: handle });
  }
});

test('the cache keeps what is read, and nothing for other drivers', () => {
  expect(inTreeFields(PD)).toEqual(['spec.gcePersistentDisk', 'metadata.labels']);
  expect(inTreeFields('mock.csi.example')).toEqual([]);
});

const word = fc.constantFrom(undefined, null, '', 'x', 'aws://a/vol-1', 'a#b#c', '1');
const words = fc.oneof(
  fc.constantFrom(undefined, null),
  fc.dictionary(fc.constantFrom('zone', 'zones', 'fstype', 'partition'), fc.string()),
);

test('no shape of class or PV makes a translation throw', () => {
  const source = fc.oneof(
    fc.constantFrom(undefined, null),
    fc.dictionary(fc.constantFrom('volumeID', 'kind', 'diskURI', 'secretName'), word),
  );
  fc.assert(
    fc.property(fc.constantFrom(...IN_TREE_PLUGINS), words, source, word, (plugin, parameters, given, handle) => {
      csiClass(plugin.driver, { provisioner: plugin.name, parameters } as StorageClass);
      csiHandle(plugin.driver, { spec: { [plugin.field]: given } });
      // The driver's answer is of the types of its protocol.
      asProvisionedBy(plugin.name, made(plugin.driver, { csi: { volumeHandle: handle ?? '', volumeAttributes: parameters ?? {} } }));
    }),
    { seed: 11, numRuns: 500 },
  );
});
