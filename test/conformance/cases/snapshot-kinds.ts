import { expect } from 'vitest';
import type { Answer, Case, Lab } from '../lab.ts';
import { at, refusal, text } from '../lab.ts';
import type { Overrides } from '../objects.ts';
import { content, groupClass, groupContent, groupSnapshot, paths, snapshot, snapshotClass } from '../objects.ts';

/** Refused as Invalid with a cause for each of the fields; more causes may stand beside them. */
function invalid(answer: Answer, ...fields: readonly string[]): void {
  const { status, reason, causes } = refusal(answer);
  expect([status, reason]).toEqual([422, 'Invalid']);
  const named = causes.map((cause) => cause.split(' ')[1]);
  for (const field of fields) expect(named, JSON.stringify(answer.body)).toContain(field);
}

async function madeContent(lab: Lab, overrides: Overrides = {}): Promise<string> {
  const answer = await lab.post(paths.contents, content(lab.unique('content'), overrides));
  if (answer.status !== 201) throw new Error(answer.text);
  return `${paths.contents}/${text(answer.body, 'metadata.name')}`;
}

async function madeGroupContent(lab: Lab, overrides: Overrides = {}): Promise<string> {
  const answer = await lab.post(paths.groupContents(), groupContent(lab.unique('group'), overrides));
  if (answer.status !== 201) throw new Error(answer.text);
  return `${paths.groupContents()}/${text(answer.body, 'metadata.name')}`;
}

/** The rules of the six snapshot CRDs, as users and programs run into them. */
export const snapshotKindCases: readonly Case[] = [
  {
    name: 'VolumeSnapshot: exactly one source is demanded',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      invalid(await lab.post(path, snapshot('none', { spec: { source: {} } })), 'spec.source');
      const both = { persistentVolumeClaimName: 'a', volumeSnapshotContentName: 'b' };
      invalid(await lab.post(path, snapshot('both', { spec: { source: both } })), 'spec.source');
      expect((await lab.post(path, snapshot('one', { spec: { source: { volumeSnapshotContentName: 'b' } } }))).status).toBe(201);
    },
  },
  {
    name: 'VolumeSnapshot: spec and source are required',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      invalid(await lab.post(path, snapshot('none', { spec: undefined })), 'spec');
      expect(refusal(await lab.post(path, snapshot('empty', { spec: {} }))).causes).toContain('FieldValueRequired spec.source');
    },
  },
  {
    name: 'VolumeSnapshot: the source is immutable',
    run: async (lab) => {
      const path = `${paths.snapshots(lab.namespace)}/one`;
      await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      invalid(
        await lab.patch(path, 'merge-patch', { spec: { source: { persistentVolumeClaimName: 'other' } } }),
        'spec.source.persistentVolumeClaimName',
      );
      const swapped = { spec: { source: { persistentVolumeClaimName: null, volumeSnapshotContentName: 'b' } } };
      invalid(await lab.patch(path, 'merge-patch', swapped), 'spec.source');
      expect((await lab.patch(path, 'merge-patch', { spec: { volumeSnapshotClassName: 'later' } })).status).toBe(200);
    },
  },
  {
    name: 'VolumeSnapshot: an annotation may come later, whatever its source',
    run: async (lab) => {
      for (const [name, source] of [
        ['claimed', { persistentVolumeClaimName: 'a' }],
        ['imported', { volumeSnapshotContentName: 'b' }],
      ] as const) {
        await lab.post(paths.snapshots(lab.namespace), snapshot(name, { spec: { source } }));
        const answer = await lab.patch(`${paths.snapshots(lab.namespace)}/${name}`, 'merge-patch', {
          metadata: { annotations: { a: 'b' } },
        });
        expect([answer.status, at(answer.body, 'metadata.annotations'), at(answer.body, 'spec.source')]).toEqual([200, { a: 'b' }, source]);
      }
    },
  },
  {
    name: 'VolumeSnapshot: an empty class name is refused, none is fine',
    run: async (lab) => {
      const answer = await lab.post(
        paths.snapshots(lab.namespace),
        snapshot('one', { spec: { volumeSnapshotClassName: '', source: { persistentVolumeClaimName: 'a' } } }),
      );
      invalid(answer, 'spec.volumeSnapshotClassName');
    },
  },
  {
    name: 'VolumeSnapshot: status.restoreSize is a quantity, as text or number',
    run: async (lab) => {
      const path = `${paths.snapshots(lab.namespace)}/one/status`;
      await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      for (const restoreSize of ['1Gi', 1048576, '500M']) {
        const answer = await lab.patch(path, 'merge-patch', { status: { restoreSize } });
        expect(at(answer.body, 'status.restoreSize')).toBe(restoreSize);
      }
      invalid(await lab.patch(path, 'merge-patch', { status: { restoreSize: 'a lot' } }), 'status.restoreSize');
      invalid(await lab.patch(path, 'merge-patch', { status: { restoreSize: true } }), 'status.restoreSize');
    },
  },
  {
    name: 'VolumeSnapshot: status.creationTime must be a date-time',
    run: async (lab) => {
      const path = `${paths.snapshots(lab.namespace)}/one/status`;
      await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      expect((await lab.patch(path, 'merge-patch', { status: { creationTime: '2026-01-02T03:04:05Z' } })).status).toBe(200);
      expect((await lab.patch(path, 'merge-patch', { status: { creationTime: '2026-01-02T03:04:05.123456789Z' } })).status).toBe(200);
      invalid(await lab.patch(path, 'merge-patch', { status: { creationTime: 'yesterday' } }), 'status.creationTime');
    },
  },
  {
    name: 'VolumeSnapshot: unknown fields are pruned wherever they are',
    run: async (lab) => {
      const body = snapshot('one', { spec: { source: { persistentVolumeClaimName: 'a', extra: 1 }, extra: { deep: true } }, extra: 'top' });
      const answer = await lab.post(paths.snapshots(lab.namespace), body);
      expect(at(answer.body, 'spec')).toEqual({ source: { persistentVolumeClaimName: 'a' } });
      expect(at(answer.body, 'extra')).toBeUndefined();
    },
  },
  {
    name: 'VolumeSnapshot: a wrong type is refused with the field',
    run: async (lab) => {
      const answer = await lab.post(
        paths.snapshots(lab.namespace),
        snapshot('one', { spec: { source: { persistentVolumeClaimName: 5 } } }),
      );
      expect(refusal(answer).status).toBe(422);
      expect(refusal(answer).causes).toContain('FieldValueTypeInvalid spec.source.persistentVolumeClaimName');
    },
  },
  {
    name: 'VolumeSnapshotContent: driver, policy, reference and source are required',
    run: async (lab) => {
      const answer = await lab.post(paths.contents, {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshotContent',
        metadata: { name: lab.unique('content') },
        spec: {},
      });
      const required = ['spec.deletionPolicy', 'spec.driver', 'spec.source', 'spec.volumeSnapshotRef'].map(
        (field) => `FieldValueRequired ${field}`,
      );
      expect(refusal(answer).causes).toEqual(expect.arrayContaining(required));
    },
  },
  {
    name: 'VolumeSnapshotContent: the deletion policy is Delete or Retain',
    run: async (lab) => {
      const answer = await lab.post(paths.contents, content(lab.unique('content'), { spec: { deletionPolicy: 'Recycle' } }));
      expect(refusal(answer).causes).toContain('FieldValueNotSupported spec.deletionPolicy');
    },
  },
  {
    name: 'VolumeSnapshotContent: exactly one handle is demanded, and it is immutable',
    run: async (lab) => {
      const both = { volumeHandle: 'a', snapshotHandle: 'b' };
      invalid(await lab.post(paths.contents, content(lab.unique('content'), { spec: { source: both } })), 'spec.source');
      const path = await madeContent(lab);
      invalid(await lab.patch(path, 'merge-patch', { spec: { source: { volumeHandle: 'other' } } }), 'spec.source.volumeHandle');
      invalid(await lab.patch(path, 'merge-patch', { spec: { source: { volumeHandle: null, snapshotHandle: 'x' } } }), 'spec.source');
    },
  },
  {
    name: 'VolumeSnapshotContent: the reference names a snapshot and its namespace; the uid may come later',
    run: async (lab) => {
      invalid(
        await lab.post(paths.contents, content(lab.unique('content'), { spec: { volumeSnapshotRef: { name: 'x' } } })),
        'spec.volumeSnapshotRef',
      );
      const path = await madeContent(lab);
      const bound = await lab.patch(path, 'merge-patch', { spec: { volumeSnapshotRef: { uid: 'some-uid' } } });
      expect(bound.status).toBe(200);
      expect((await lab.patch(path, 'merge-patch', { spec: { volumeSnapshotRef: { uid: null } } })).status).toBe(200);
    },
  },
  {
    name: 'VolumeSnapshotContent: sourceVolumeMode can be added once and then neither change nor go',
    run: async (lab) => {
      const path = await madeContent(lab);
      expect((await lab.patch(path, 'merge-patch', { spec: { sourceVolumeMode: 'Filesystem' } })).status).toBe(200);
      invalid(await lab.patch(path, 'merge-patch', { spec: { sourceVolumeMode: 'Block' } }), 'spec.sourceVolumeMode');
      invalid(await lab.patch(path, 'merge-patch', { spec: { sourceVolumeMode: null } }), 'spec');
    },
  },
  {
    name: 'VolumeSnapshotContent: the deletion policy stays mutable',
    run: async (lab) => {
      const path = await madeContent(lab);
      const answer = await lab.patch(path, 'merge-patch', { spec: { deletionPolicy: 'Retain' } });
      expect(at(answer.body, 'spec.deletionPolicy')).toBe('Retain');
    },
  },
  {
    name: 'VolumeSnapshotClass: driver and policy are required, parameters are text',
    run: async (lab) => {
      const bare = { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshotClass', metadata: { name: lab.unique('class') } };
      expect(refusal(await lab.post(paths.snapshotClasses, bare)).causes).toEqual(
        expect.arrayContaining(['FieldValueRequired deletionPolicy', 'FieldValueRequired driver']),
      );
      const numbers = await lab.post(paths.snapshotClasses, snapshotClass(lab.unique('class'), { parameters: { a: 1 } }));
      expect(refusal(numbers).causes).toContain('FieldValueTypeInvalid parameters.a');
    },
  },
  {
    name: 'VolumeGroupSnapshot: exactly one source, and it is immutable',
    run: async (lab) => {
      const path = paths.groupSnapshots(lab.namespace);
      invalid(await lab.post(path, groupSnapshot('none', { spec: { source: {} } })), 'spec.source');
      await lab.post(path, groupSnapshot('one'));
      invalid(
        await lab.patch(`${path}/one`, 'merge-patch', { spec: { source: { selector: { matchLabels: { app: 'two' } } } } }),
        'spec.source.selector',
      );
    },
  },
  {
    name: 'VolumeGroupSnapshot: the bound content in the status is set once',
    run: async (lab) => {
      const path = `${paths.groupSnapshots(lab.namespace)}/one/status`;
      await lab.post(paths.groupSnapshots(lab.namespace), groupSnapshot('one'));
      expect((await lab.patch(path, 'merge-patch', { status: { boundVolumeGroupSnapshotContentName: 'a' } })).status).toBe(200);
      invalid(
        await lab.patch(path, 'merge-patch', { status: { boundVolumeGroupSnapshotContentName: 'b' } }),
        'status.boundVolumeGroupSnapshotContentName',
      );
    },
  },
  {
    name: 'VolumeGroupSnapshotContent: reference, driver and source are immutable, the uid once set too',
    run: async (lab) => {
      const path = await madeGroupContent(lab);
      invalid(await lab.patch(path, 'merge-patch', { spec: { driver: 'other.example' } }), 'spec.driver');
      invalid(await lab.patch(path, 'merge-patch', { spec: { source: { volumeHandles: ['one'] } } }), 'spec.source.volumeHandles');
      const bound = await lab.patch(path, 'merge-patch', { spec: { volumeGroupSnapshotRef: { uid: 'uid-1' } } });
      expect(bound.status).toBe(200);
      invalid(await lab.patch(path, 'merge-patch', { spec: { volumeGroupSnapshotRef: { uid: 'uid-2' } } }), 'spec.volumeGroupSnapshotRef');
      invalid(await lab.patch(path, 'merge-patch', { spec: { volumeGroupSnapshotRef: { uid: null } } }), 'spec.volumeGroupSnapshotRef');
      invalid(await lab.patch(path, 'merge-patch', { spec: { volumeGroupSnapshotRef: { name: 'other' } } }), 'spec.volumeGroupSnapshotRef');
    },
  },
  {
    name: 'VolumeGroupSnapshotContent: the deletion policy stays mutable',
    run: async (lab) => {
      const path = await madeGroupContent(lab);
      const answer = await lab.patch(path, 'merge-patch', { spec: { deletionPolicy: 'Retain' } });
      expect(at(answer.body, 'spec.deletionPolicy')).toBe('Retain');
    },
  },
  {
    name: 'VolumeGroupSnapshotContent: the handle in the status may go but not change',
    run: async (lab) => {
      const path = `${await madeGroupContent(lab)}/status`;
      await lab.patch(path, 'merge-patch', { status: { volumeGroupSnapshotHandle: 'a' } });
      invalid(await lab.patch(path, 'merge-patch', { status: { volumeGroupSnapshotHandle: 'b' } }), 'status.volumeGroupSnapshotHandle');
      expect((await lab.patch(path, 'merge-patch', { status: { volumeGroupSnapshotHandle: null } })).status).toBe(200);
    },
  },
  {
    name: 'VolumeGroupSnapshotClass: driver, policy and parameters are immutable',
    run: async (lab) => {
      const name = lab.unique('class');
      await lab.post(paths.groupClasses(), groupClass(name, { parameters: { a: 'b' } }));
      const path = `${paths.groupClasses()}/${name}`;
      invalid(await lab.patch(path, 'merge-patch', { driver: 'other.example' }), 'driver');
      invalid(await lab.patch(path, 'merge-patch', { deletionPolicy: 'Retain' }), 'deletionPolicy');
      invalid(await lab.patch(path, 'merge-patch', { parameters: { a: 'c' } }), 'parameters');
    },
  },
  {
    name: 'versions: an object written in one served version is read in the others',
    run: async (lab) => {
      await lab.post(paths.groupSnapshots(lab.namespace), groupSnapshot('one'));
      for (const version of ['v1', 'v1beta2', 'v1beta1']) {
        const { body } = await lab.get(`${paths.groupSnapshots(lab.namespace, version)}/one`);
        expect(body).toMatchObject({
          apiVersion: `groupsnapshot.storage.k8s.io/${version}`,
          kind: 'VolumeGroupSnapshot',
          metadata: { name: 'one' },
        });
      }
      const list = await lab.get(paths.groupSnapshots(lab.namespace, 'v1beta2'));
      expect(at(list.body, 'apiVersion')).toBe('groupsnapshot.storage.k8s.io/v1beta2');
      expect(at(list.body, 'items.0.apiVersion')).toBe('groupsnapshot.storage.k8s.io/v1beta2');
    },
  },
  {
    name: 'versions: a body of another version than the path’s is a bad request',
    run: async (lab) => {
      const answer = await lab.post(paths.groupSnapshots(lab.namespace, 'v1beta2'), groupSnapshot('one'));
      expect(refusal(answer)).toMatchObject({ status: 400, reason: 'BadRequest' });
    },
  },
  {
    name: 'versions: a deprecated version answers with a warning header',
    run: async (lab) => {
      const old = await lab.get(paths.groupSnapshots(lab.namespace, 'v1beta1'));
      expect(old.headers['warning'] ?? '').toMatch(/^299 .*deprecated/);
      expect((await lab.get(paths.groupSnapshots(lab.namespace))).headers['warning']).toBeUndefined();
    },
  },
];
