import { expect } from 'vitest';
import type { Case, Lab } from '../lab.ts';
import { at } from '../lab.ts';
import { claim, content, paths, pod, snapshot, snapshotClass, storageClass, volume } from '../objects.ts';

interface TableAnswer {
  readonly columns: readonly string[];
  /** Columns kubectl shows without -o wide. */
  readonly shown: readonly string[];
  /** Cells by column name, of the only row. */
  cell(column: string): unknown;
  readonly rows: readonly unknown[];
  readonly body: unknown;
}

async function table(lab: Lab, path: string): Promise<TableAnswer> {
  const { status, body } = await lab.table(path);
  expect([status, at(body, 'kind'), at(body, 'apiVersion')]).toEqual([200, 'Table', 'meta.k8s.io/v1']);
  const definitions = at(body, 'columnDefinitions') as unknown[];
  const columns = definitions.map((column) => String(at(column, 'name')));
  const found = at(body, 'rows');
  const rows = Array.isArray(found) ? found : [];
  return {
    columns,
    shown: definitions.filter((column) => (at(column, 'priority') ?? 0) === 0).map((column) => String(at(column, 'name'))),
    cell: (column) => (at(rows[0], 'cells') as unknown[])[columns.indexOf(column)],
    rows,
    body,
  };
}

/** What `kubectl get` prints comes from these. */
export const tableCases: readonly Case[] = [
  {
    name: 'table: claims have kubectl’s columns',
    run: async (lab) => {
      await lab.post(paths.claims(lab.namespace), claim('one'));
      const { shown, columns, cell } = await table(lab, `${paths.claims(lab.namespace)}/one`);
      expect(shown).toEqual(['Name', 'Status', 'Volume', 'Capacity', 'Access Modes', 'StorageClass', 'VolumeAttributesClass', 'Age']);
      expect(columns).toContain('VolumeMode');
      expect(
        ['Name', 'Status', 'Volume', 'Capacity', 'Access Modes', 'StorageClass', 'VolumeAttributesClass', 'VolumeMode'].map(cell),
      ).toEqual(['one', 'Pending', '', '', '', 'none', '<unset>', 'Filesystem']);
      expect(cell('Age')).toMatch(/^\d+s$/);
    },
  },
  {
    name: 'table: volumes have kubectl’s columns',
    run: async (lab) => {
      const name = lab.unique('volume');
      const claimRef = { namespace: 'default', name: 'somebody', uid: 'some-uid', apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
      await lab.post(paths.volumes, volume(name, { spec: { claimRef, persistentVolumeReclaimPolicy: 'Retain' } }));
      const { shown, cell } = await table(lab, `${paths.volumes}/${name}`);
      expect(shown).toEqual([
        'Name',
        'Capacity',
        'Access Modes',
        'Reclaim Policy',
        'Status',
        'Claim',
        'StorageClass',
        'VolumeAttributesClass',
        'Reason',
        'Age',
      ]);
      expect(['Name', 'Capacity', 'Access Modes', 'Reclaim Policy', 'Claim', 'StorageClass', 'Reason'].map(cell)).toEqual([
        name,
        '1Gi',
        'RWO',
        'Retain',
        'default/somebody',
        `class-of-${name}`,
        '',
      ]);
    },
  },
  {
    name: 'table: snapshots have upstream’s columns, empty ones null',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      await lab.post(path, snapshot('one'));
      const { columns, rows } = await table(lab, path);
      expect(columns).toEqual([
        'Name',
        'ReadyToUse',
        'SourcePVC',
        'SourceSnapshotContent',
        'RestoreSize',
        'SnapshotClass',
        'SnapshotContent',
        'CreationTime',
        'Age',
      ]);
      expect((at(rows[0], 'cells') as unknown[]).slice(0, 8)).toEqual(['one', null, 'source', null, null, null, null, null]);
      const status = {
        readyToUse: true,
        restoreSize: '1Gi',
        boundVolumeSnapshotContentName: 'content',
        creationTime: new Date(Date.now() - 3 * 3_600_000).toISOString(),
      };
      await lab.patch(`${path}/one/status`, 'merge-patch', { status });
      const ready = await table(lab, `${path}/one`);
      expect(['ReadyToUse', 'RestoreSize', 'SnapshotContent'].map(ready.cell)).toEqual([true, '1Gi', 'content']);
      expect(ready.cell('CreationTime')).toBe('3h');
    },
  },
  {
    name: 'table: contents have upstream’s columns',
    run: async (lab) => {
      const name = lab.unique('content');
      await lab.post(paths.contents, content(name, { spec: { volumeSnapshotClassName: 'class' } }));
      await lab.patch(`${paths.contents}/${name}/status`, 'merge-patch', { status: { restoreSize: 1073741824, readyToUse: true } });
      const { columns, cell } = await table(lab, `${paths.contents}/${name}`);
      expect(columns).toEqual([
        'Name',
        'ReadyToUse',
        'RestoreSize',
        'DeletionPolicy',
        'Driver',
        'VolumeSnapshotClass',
        'VolumeSnapshot',
        'VolumeSnapshotNamespace',
        'Age',
      ]);
      expect(columns.slice(0, 8).map(cell)).toEqual([
        name,
        true,
        1073741824,
        'Delete',
        'conformance.example',
        'class',
        'snapshot',
        'default',
      ]);
    },
  },
  {
    name: 'table: snapshot classes and storage classes',
    run: async (lab) => {
      const name = lab.unique('class');
      await lab.post(paths.snapshotClasses, snapshotClass(name));
      const snapshots = await table(lab, `${paths.snapshotClasses}/${name}`);
      expect(snapshots.columns).toEqual(['Name', 'Driver', 'DeletionPolicy', 'Age']);
      expect(snapshots.columns.slice(0, 3).map(snapshots.cell)).toEqual([name, 'conformance.example', 'Delete']);
      await lab.post(paths.storageClasses, storageClass(name));
      const storage = await table(lab, `${paths.storageClasses}/${name}`);
      expect(storage.shown).toEqual(['Name', 'Provisioner', 'ReclaimPolicy', 'VolumeBindingMode', 'AllowVolumeExpansion', 'Age']);
      expect(storage.shown.slice(0, 5).map(storage.cell)).toEqual([name, 'conformance.example', 'Delete', 'Immediate', false]);
    },
  },
  {
    name: 'table: Pods have kubectl’s columns',
    run: async (lab) => {
      await lab.post(paths.pods(lab.namespace), pod('one'));
      const { shown, cell } = await table(lab, `${paths.pods(lab.namespace)}/one`);
      expect(shown).toEqual(['Name', 'Ready', 'Status', 'Restarts', 'Age']);
      expect(['Name', 'Ready', 'Status'].map(cell)).toEqual(['one', '0/1', 'Pending']);
    },
  },
  {
    name: 'table: rows carry the object’s metadata, and the list’s version is there',
    run: async (lab) => {
      await lab.post(paths.snapshots(lab.namespace), snapshot('one', { metadata: { labels: { a: 'b' } } }));
      const { rows, body } = await table(lab, paths.snapshots(lab.namespace));
      expect(at(rows[0], 'object')).toMatchObject({
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: { name: 'one', namespace: lab.namespace, labels: { a: 'b' } },
      });
      expect(at(rows[0], 'object.spec')).toBeUndefined();
      expect(at(body, 'metadata.resourceVersion')).toMatch(/^\d+$/);
    },
  },
  {
    name: 'table: includeObject=Object puts the whole object into the row',
    run: async (lab) => {
      await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      const { rows } = await table(lab, `${paths.snapshots(lab.namespace)}?includeObject=Object`);
      expect(at(rows[0], 'object')).toMatchObject({ kind: 'VolumeSnapshot', spec: { source: { persistentVolumeClaimName: 'source' } } });
    },
  },
  {
    name: 'table: an empty list is a Table without rows',
    run: async (lab) => {
      expect((await table(lab, paths.snapshots(lab.namespace))).rows).toEqual([]);
    },
  },
  {
    name: 'table: an absent object answers a Status, not a Table',
    run: async (lab) => {
      const answer = await lab.table(`${paths.snapshots(lab.namespace)}/absent`);
      expect(answer.status).toBe(404);
      expect(at(answer.body, 'kind')).toBe('Status');
    },
  },
  {
    name: 'table: pages carry the continue token',
    run: async (lab) => {
      for (const name of ['a', 'b']) await lab.post(paths.snapshots(lab.namespace), snapshot(name));
      const { rows, body } = await table(lab, `${paths.snapshots(lab.namespace)}?limit=1`);
      expect(rows).toHaveLength(1);
      expect(at(body, 'metadata.continue')).toMatch(/./);
    },
  },
];
