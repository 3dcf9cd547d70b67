/** Planted leaks of each kind among healthy objects: all are found, nothing else is, and whatever leaves a doubt is kept. */
import { describe, expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, VolumeSnapshotContent } from '../../lib/kube/objects.ts';
import type { Cause } from './causes.ts';
import type { ClusterSide, DriverSide, DriverSnapshot, DriverVolume, Policy } from './facts.ts';
import { findLeaks, findLost } from './find.ts';

const DRIVER = 'd.example';
const HOUR = 3_600_000;
const NOW = 100 * HOUR;
const uidOf = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

const POLICY: Policy = { nowMs: NOW, olderThanMs: 0, prefix: 'pvc', prefixIsOurs: false, soleCluster: true, firstSeen: new Map() };

function volume(id: string, context: Record<string, string> = {}): DriverVolume {
  return { id, context, bytes: 1n };
}
function snapshot(id: string, sourceVolumeId: string, createdMs: number | undefined = NOW - 2 * HOUR): DriverSnapshot {
  return { id, sourceVolumeId, createdMs, bytes: 1n };
}
function pv(name: string, volumeHandle: string): PersistentVolume {
  return {
    metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': DRIVER } },
    spec: { csi: { driver: DRIVER, volumeHandle }, persistentVolumeReclaimPolicy: 'Delete', claimRef: { namespace: 'n', name } },
    status: { phase: 'Bound' },
  };
}
function content(name: string, source: string, snapshotHandle?: string): VolumeSnapshotContent {
  return {
    metadata: { name },
    spec: { driver: DRIVER, deletionPolicy: 'Delete', source: { volumeHandle: source }, volumeSnapshotRef: { namespace: 'n', name } },
    ...(snapshotHandle === undefined ? {} : { status: { snapshotHandle } }),
  };
}
function claim(uid: string, volumeName?: string): PersistentVolumeClaim {
  return {
    metadata: { namespace: 'n', name: `c-${uid.slice(-3)}`, uid, annotations: { 'volume.kubernetes.io/storage-provisioner': DRIVER } },
    spec: volumeName === undefined ? {} : { volumeName },
  };
}

interface Sides {
  readonly volumes?: readonly DriverVolume[];
  readonly snapshots?: readonly DriverSnapshot[];
  readonly cluster?: Partial<ClusterSide>;
  readonly policy?: Partial<Policy>;
}
function sides({ volumes = [], snapshots = [], cluster = {}, policy = {} }: Sides) {
  const driver: DriverSide = {
    name: DRIVER,
    volumes: new Map(volumes.map((each) => [each.id, each])),
    snapshots: new Map(snapshots.map((each) => [each.id, each])),
  };
  const whole: ClusterSide = {
    volumes: [],
    contents: [],
    groupContents: [],
    claims: [],
    storageClasses: [{ provisioner: DRIVER, reclaimPolicy: 'Delete' }],
    snapshotClasses: [{ driver: DRIVER, deletionPolicy: 'Delete' }],
    journal: new Map(),
    unread: [],
    ...cluster,
  };
  return { driver, cluster: whole, policy: { ...POLICY, ...policy } };
}

test('500 leaks of every kind among 5,000 healthy objects: each is found with its cause, and nothing else', () => {
  const healthy = Array.from({ length: 2500 }, (_, index) => index);
  const planted = new Map<string, Cause>();
  const plant = (cause: Cause, make: (index: number) => string): void => {
    for (let index = 0; index < 100; index += 1) planted.set(make(index), cause);
  };
  const volumes = healthy.map((index) => volume(`vol-${index}`));
  const snapshots = healthy.map((index) => snapshot(`snap-${index}`, `vol-${index}`));
  const pvs = healthy.map((index) => pv(`pv-${index}`, `vol-${index}`));
  const contents = healthy.map((index) => content(`content-${index}`, `vol-${index}`, `snap-${index}`));
  plant('claim-gone', (index) => {
    const id = `share#pvc-${uidOf(index)}##`;
    volumes.push(volume(id));
    return id;
  });
  plant('volume-of-nobody', (index) => {
    volumes.push(volume(`stray-${index}`));
    return `stray-${index}`;
  });
  plant('content-gone', (index) => {
    snapshots.push(snapshot(`lost-cut-${index}`, `vol-${index}`));
    return `lost-cut-${index}`;
  });
  plant('volume-lost', (index) => {
    pvs.push(pv(`pv-lost-${index}`, `gone-${index}`));
    return `gone-${index}`;
  });
  plant('snapshot-lost', (index) => {
    contents.push(content(`content-lost-${index}`, `vol-${index}`, `snap-gone-${index}`));
    return `snap-gone-${index}`;
  });
  const both = sides({ volumes, snapshots, cluster: { volumes: pvs, contents } });
  const { findings, underWay } = findLeaks(both);
  const all = [...findings, ...findLost(both)];
  expect(new Map(all.map(({ id, cause }) => [id, cause]))).toEqual(planted);
  expect(all).toHaveLength(500);
  expect(underWay).toBe(0);
  expect(findings.filter(({ keep }) => keep !== undefined)).toEqual([]);
});

describe('what is being made is no leak', () => {
  test.each<[string, Sides]>([
    ['the journal has the claim that the volume is named after', { cluster: { journal: new Map([[uidOf(1), '{}']]) } }],
    ['the journal names the volume', { cluster: { journal: new Map([['other', `{"deleting":"pvc-${uidOf(1)}"}`]]) } }],
    ['its claim waits for it', { cluster: { claims: [claim(uidOf(1))] } }],
  ])('a volume where %s', (_what, parts) => {
    expect(findLeaks(sides({ volumes: [volume(`pvc-${uidOf(1)}`)], ...parts }))).toEqual({ findings: [], underWay: 1 });
  });

  test.each<[string, Sides]>([
    ['a content of its volume has no handle yet', { cluster: { contents: [content('c', 'vol')] } }],
    ['it is younger than the limit', { policy: { olderThanMs: 3 * HOUR } }],
  ])('a snapshot where %s', (_what, parts) => {
    expect(findLeaks(sides({ snapshots: [snapshot('snap', 'vol')], ...parts }))).toEqual({ findings: [], underWay: 1 });
  });

  test('a snapshot that a group names is accounted for', () => {
    const groupContents = [
      { spec: { driver: DRIVER }, status: { volumeGroupSnapshotHandle: 'g', volumeSnapshotInfoList: [{ snapshotHandle: 'snap' }] } },
    ];
    expect(findLeaks(sides({ snapshots: [snapshot('snap', 'vol')], cluster: { groupContents } }))).toEqual({ findings: [], underWay: 0 });
  });

  test('objects that are being deleted are not lost', () => {
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    const volumes = [{ ...pv('p', 'gone'), metadata: { name: 'p', deletionTimestamp } }];
    const contents = [{ ...content('c', 'v', 'gone'), metadata: { name: 'c', deletionTimestamp } }];
    expect(findLost(sides({ cluster: { volumes, contents } }))).toEqual([]);
  });

  test('objects of another driver are nobody of ours', () => {
    const other = { ...pv('p', 'vol'), spec: { csi: { driver: 'other', volumeHandle: 'vol' } } };
    const both = sides({ volumes: [volume('vol')], cluster: { volumes: [other] } });
    expect(findLost(both)).toEqual([]);
    expect(findLeaks(both).findings).toMatchObject([{ id: 'vol', cause: 'volume-of-nobody' }]);
  });
});

describe('a doubt keeps', () => {
  const named = [volume(`pvc-${uidOf(1)}`)];
  const retain = {
    ...pv('kept', 'kept'),
    spec: { csi: { driver: DRIVER, volumeHandle: 'kept' }, persistentVolumeReclaimPolicy: 'Retain' },
  };
  test.each<[string, string, Sides]>([
    ['anything unreadable', 'may not list x', { cluster: { contents: undefined, unread: ['you may not list x'] } }],
    ['a class that retains', 'Retain', { cluster: { storageClasses: [{ provisioner: DRIVER, reclaimPolicy: 'Retain' }] } }],
    ['a PV that retains', 'Retain', { cluster: { volumes: [retain] } }],
    ['another cluster', 'another cluster', { policy: { soleCluster: false } }],
    ['an unknown age', 'age', { policy: { olderThanMs: HOUR } }],
    [
      'a secret in a class',
      'secrets',
      { cluster: { storageClasses: [{ provisioner: DRIVER, parameters: { 'csi.storage.k8s.io/provisioner-secret-name': 's' } }] } },
    ],
    ['a snapshot of it', 'snapshots of it', { cluster: { contents: [content('c', named[0]?.id ?? '', 'snap')] } }],
    ['in-tree volumes', 'in-tree', { cluster: { volumes: [{ metadata: { annotations: { 'pv.kubernetes.io/migrated-to': DRIVER } } }] } }],
  ])('a volume: %s', (_what, reason, parts) => {
    const finding = findLeaks(sides({ volumes: named, ...parts })).findings.find(({ id }) => id === named[0]?.id);
    expect(finding?.keep).toContain(reason);
  });

  test.each<[string, string, Sides]>([
    ['an open entry of the journal', 'open', { cluster: { journal: new Map([['some-uid', '{}']]) } }],
    ['a claim that waits', 'waits', { cluster: { claims: [claim(uidOf(7))] } }],
  ])('a volume that nothing names: %s', (_what, reason, parts) => {
    expect(findLeaks(sides({ volumes: [volume('stray')], ...parts })).findings[0]?.keep).toContain(reason);
  });

  test.each<[string, string, Sides]>([
    ['a class that retains', 'Retain', { cluster: { snapshotClasses: [{ driver: DRIVER, deletionPolicy: 'Retain' }] } }],
    ['anything unreadable', 'may not list x', { cluster: { snapshotClasses: undefined, unread: ['you may not list x'] } }],
    ['another cluster', 'another cluster', { policy: { soleCluster: false } }],
  ])('a snapshot: %s', (_what, reason, parts) => {
    expect(findLeaks(sides({ snapshots: [snapshot('snap', 'vol')], ...parts })).findings[0]?.keep).toContain(reason);
  });

  test.each<[string, keyof ClusterSide, readonly string[]]>([
    ['PersistentVolumes', 'volumes', []],
    ['claims', 'claims', ['snapshot']],
    ['the journal', 'journal', ['snapshot']],
    ['contents', 'contents', ['volume']],
    ['contents of groups', 'groupContents', ['volume']],
  ])('where %s cannot be read, what they may name is not called a leak', (_what, missing, left) => {
    const cluster = { [missing]: undefined, unread: ['you may not list x'] };
    const { findings } = findLeaks(sides({ volumes: [volume('v')], snapshots: [snapshot('s', 'w')], cluster }));
    expect(findings.map(({ kind }) => kind)).toEqual(left);
    expect(findings.filter(({ keep }) => keep === undefined)).toEqual([]);
  });
});

describe('what takes a doubt away', () => {
  test('a prefix that is ours alone', () => {
    const both = sides({ volumes: [volume(`mine-${uidOf(1)}`)], policy: { soleCluster: false, prefix: 'mine', prefixIsOurs: true } });
    expect(findLeaks(both).findings).toEqual([expect.not.objectContaining({ keep: expect.anything() })]);
  });

  test('a snapshot of a volume that was provisioned here', () => {
    const both = sides({ snapshots: [snapshot('snap', 'vol')], cluster: { volumes: [pv('p', 'vol')] }, policy: { soleCluster: false } });
    expect(findLeaks(both).findings).toEqual([expect.not.objectContaining({ keep: expect.anything() })]);
  });

  test('an audit that saw it long enough ago', () => {
    const both = sides({ volumes: [volume('stray')], policy: { olderThanMs: HOUR, firstSeen: new Map([['volume stray', NOW - HOUR]]) } });
    expect(findLeaks(both).findings).toEqual([expect.not.objectContaining({ keep: expect.anything() })]);
  });
});
