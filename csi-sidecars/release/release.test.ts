import { expect, test } from 'vitest';
import type {
  Lease,
  PersistentVolume,
  VolumeGroupSnapshot,
  VolumeGroupSnapshotContent,
  VolumeSnapshot,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import { encodeEntries, leaseOf } from '../../lib/journal/lease.ts';
import { encodeEntry } from '../../provisioner/intent/intent.ts';
import { CLAIM_UID } from '../../provisioner/testing/objects.ts';
import { anIntent } from '../../provisioner/testing/states.ts';
import { type Found, planRelease } from './plan.ts';

const DRIVER = 'mock.csi.example';
const NOW = Date.parse('2026-03-01T12:00:00Z');
const UID = CLAIM_UID;
const ENTRY = encodeEntry([anIntent()]);

const journal = (texts: readonly [string, object][] = [], renewedMs?: number): Lease =>
  leaseOf(
    { metadata: { uid: 'l-1', resourceVersion: '7' } },
    { name: `csi-journal-${DRIVER}`, namespace: 'kube-system', driver: DRIVER },
    {
      kind: 'leader',
      identity: 'host-a_1234',
      write: 1,
      shards: undefined,
      entries: encodeEntries(new Map(texts.map(([uid, value]) => [uid, JSON.stringify(value)]))),
      renewal: renewedMs === undefined ? undefined : { wallMs: renewedMs, durationMs: 15_000 },
    },
  );

const election = (holderIdentity: string, renewTime: string): Lease => ({
  metadata: { name: 'mock-csi-example', namespace: 'kube-system' },
  spec: { holderIdentity, renewTime, leaseDurationSeconds: 15 },
});

const plan = (found: Partial<Found> = {}) =>
  planRelease({
    driver: DRIVER,
    electionName: 'mock-csi-example',
    leases: [],
    volumes: [],
    contents: [],
    snapshots: [],
    groupContents: [],
    groups: [],
    nowMs: NOW,
    ...found,
  });

test('an empty journal that nobody writes any more may go', () => {
  expect(plan({ leases: [journal()] })).toEqual([
    {
      kind: 'Lease',
      namespace: 'kube-system',
      name: `csi-journal-${DRIVER}`,
      version: { uid: 'l-1', resourceVersion: '7' },
      annotations: undefined,
      keep: undefined,
    },
  ]);
});

test("another driver's journal is not looked at", () => {
  expect(plan({ driver: 'other.csi.example', leases: [journal()] })).toEqual([]);
});

test('a journal that is written without an election stays as long as it is renewed', () => {
  const [left] = plan({ leases: [journal([], NOW - 10_000)] });
  expect(left?.keep).toEqual({ reason: 'csi-provisioner on host-a still writes it: scale it down first', always: true });
  expect(plan({ leases: [journal([], NOW - 20_000)] })[0]?.keep).toBeUndefined();
});

test("a leader's journal stays as long as a process of its host leads", () => {
  const leads = (holder: string, at: string) => plan({ leases: [journal(), election(holder, at)] })[0]?.keep?.always;
  expect(leads('host-a_5678', '2026-03-01T11:59:55.000000Z')).toBe(true);
  expect(leads('host-a_5678', '2026-03-01T11:59:00.000000Z')).toBeUndefined();
  // The Go program leads under the host name alone, from another Pod or from one of the same name.
  expect(leads('host-b', '2026-03-01T11:59:55.000000Z')).toBeUndefined();
  expect(leads('host-a', '2026-03-01T11:59:55.000000Z')).toBeUndefined();
});

test('a journal with entries stays, and says which volumes it names', () => {
  const [left] = plan({ leases: [journal([[UID, ENTRY]])] });
  expect(left?.keep?.always).toBe(false);
  expect(left?.keep?.reason).toContain(`pvc-${UID} of claim shop/data`);
});

test('an entry holds nothing once a PV of the driver has the name of its volume, whoever made that', () => {
  const volume = (driver: string, name: string): PersistentVolume => ({
    metadata: { name },
    spec: { csi: { driver }, claimRef: { uid: UID } },
  });
  const keptWith = (volumes: PersistentVolume[]) => plan({ leases: [journal([[UID, ENTRY]])], volumes })[0]?.keep?.always;
  expect(keptWith([volume(DRIVER, `pvc-${UID}`)])).toBeUndefined();
  // Made by hand for the claim: the volume of the entry may be another one.
  expect(keptWith([volume('other.csi.example', `pvc-${UID}`), volume(DRIVER, 'by-hand')])).toBe(false);
});

test('a journal that cannot be read stays', () => {
  const lease = journal();
  const broken = { ...lease, metadata: { ...lease.metadata, annotations: { 'csi-sidecars/journal': 'x', 'csi-sidecars/entries': '{}' } } };
  expect(plan({ leases: [broken] })[0]?.keep?.reason).toContain('cannot be read');
});

const content = (annotations: Record<string, string>, driver = DRIVER): VolumeSnapshotContent => ({
  metadata: { name: 'snapcontent-1', uid: 'c-1', annotations },
  spec: { driver, volumeSnapshotRef: { namespace: 'shop', name: 'shot' } },
});
const snapshot = (annotations: Record<string, string>): VolumeSnapshot => ({ metadata: { namespace: 'shop', name: 'shot', annotations } });

test('annotations of ours go from contents of the driver and their VolumeSnapshots, and no others', () => {
  const annotations = { 'csi-sidecars/failure': '{}', 'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted': 'yes' };
  const left = plan({ contents: [content(annotations)], snapshots: [snapshot(annotations)] });
  expect(left.map(({ kind, name, annotations: goes, keep }) => [kind, name, goes, keep])).toEqual([
    ['VolumeSnapshotContent', 'snapcontent-1', ['csi-sidecars/failure'], undefined],
    ['VolumeSnapshot', 'shot', ['csi-sidecars/failure'], undefined],
  ]);
  expect(plan({ contents: [content(annotations, 'other')], snapshots: [snapshot(annotations)] })).toEqual([]);
});

test('annotations of ours go from groups and their contents, too', () => {
  const annotations = { 'csi-sidecars/failure': '{}' };
  const groupContent = (driver: string): VolumeGroupSnapshotContent => ({
    metadata: { name: 'groupsnapcontent-1', annotations },
    spec: { driver, volumeGroupSnapshotRef: { namespace: 'shop', name: 'all' } },
  });
  const group: VolumeGroupSnapshot = { metadata: { namespace: 'shop', name: 'all', annotations } };
  const left = plan({ groupContents: [groupContent(DRIVER)], groups: [group] });
  expect(left.map(({ kind, name, annotations: goes }) => [kind, name, goes])).toEqual([
    ['VolumeGroupSnapshotContent', 'groupsnapcontent-1', ['csi-sidecars/failure']],
    ['VolumeGroupSnapshot', 'all', ['csi-sidecars/failure']],
  ]);
  expect(plan({ groupContents: [groupContent('other')], groups: [group] })).toEqual([]);
});

test('a content whose snapshot may exist unnamed keeps its mark, until somebody has named it', () => {
  const marked = content({ 'csi-sidecars/creation-uncertain': 'snapshot-1' });
  expect(plan({ contents: [marked] })[0]?.keep).toEqual({ reason: expect.stringContaining('may hold a snapshot'), always: false });
  expect(plan({ contents: [{ ...marked, status: { snapshotHandle: 'snap-1' } }] })[0]?.keep).toBeUndefined();
});
