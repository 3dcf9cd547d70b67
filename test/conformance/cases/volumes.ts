import { expect } from 'vitest';
import type { Case, Lab } from '../lab.ts';
import { at, refusal, text } from '../lab.ts';
import type { Overrides } from '../objects.ts';
import { claim, paths, storageClass, volume } from '../objects.ts';

const SNAPSHOT_SOURCE = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'backup' };

/** A storage class of the case's own; its name. */
export async function madeClass(lab: Lab, overrides: Overrides = {}): Promise<string> {
  const name = lab.unique('class');
  const answer = await lab.post(paths.storageClasses, storageClass(name, overrides));
  if (answer.status !== 201) throw new Error(answer.text);
  return name;
}

export const volumeCases: readonly Case[] = [
  {
    name: 'claim: gets phase, volume mode and its protection finalizer',
    run: async (lab) => {
      const { body } = await lab.post(paths.claims(lab.namespace), claim('one'));
      expect(body).toMatchObject({
        spec: { volumeMode: 'Filesystem' },
        status: { phase: 'Pending' },
        metadata: { finalizers: ['kubernetes.io/pvc-protection'] },
      });
    },
  },
  {
    name: 'claim: dataSource and dataSourceRef mirror each other',
    run: async (lab) => {
      const old = await lab.post(paths.claims(lab.namespace), claim('old', { spec: { dataSource: SNAPSHOT_SOURCE } }));
      expect(at(old.body, 'spec.dataSourceRef')).toEqual(SNAPSHOT_SOURCE);
      const now = await lab.post(paths.claims(lab.namespace), claim('now', { spec: { dataSourceRef: SNAPSHOT_SOURCE } }));
      expect(at(now.body, 'spec.dataSource')).toEqual(SNAPSHOT_SOURCE);
    },
  },
  {
    name: 'claim: a data source of an unknown kind is dropped from dataSource but kept in dataSourceRef',
    run: async (lab) => {
      const foreign = { apiGroup: 'nobody.example', kind: 'Thing', name: 'x' };
      const dropped = await lab.post(paths.claims(lab.namespace), claim('old', { spec: { dataSource: foreign } }));
      expect(at(dropped.body, 'spec.dataSource')).toBeUndefined();
      const kept = await lab.post(paths.claims(lab.namespace), claim('now', { spec: { dataSourceRef: foreign } }));
      expect(at(kept.body, 'spec.dataSourceRef')).toEqual(foreign);
    },
  },
  {
    name: 'claim: access modes and a storage request are required',
    run: async (lab) => {
      const none = await lab.post(paths.claims(lab.namespace), claim('one', { spec: { accessModes: [] } }));
      expect(refusal(none)).toMatchObject({ status: 422, causes: ['FieldValueRequired spec.accessModes'] });
      const small = await lab.post(paths.claims(lab.namespace), claim('one', { spec: { resources: { requests: {} } } }));
      expect(refusal(small).causes).toContain('FieldValueRequired spec.resources[storage]');
    },
  },
  {
    name: 'claim: the spec is immutable but for what may change',
    run: async (lab) => {
      const path = `${paths.claims(lab.namespace)}/one`;
      await lab.post(paths.claims(lab.namespace), claim('one'));
      for (const spec of [
        { accessModes: ['ReadWriteMany'] },
        { storageClassName: 'other' },
        { volumeMode: 'Block' },
        { dataSource: SNAPSHOT_SOURCE },
      ]) {
        const { status, reason, causes } = refusal(await lab.patch(path, 'merge-patch', { spec }));
        expect([status, reason]).toEqual([422, 'Invalid']);
        expect(causes).toContain('FieldValueForbidden spec');
      }
    },
  },
  {
    name: 'claim: volumeName can be set once',
    run: async (lab) => {
      const path = `${paths.claims(lab.namespace)}/one`;
      await lab.post(paths.claims(lab.namespace), claim('one'));
      expect((await lab.patch(path, 'merge-patch', { spec: { volumeName: 'a' } })).status).toBe(200);
      expect((await lab.patch(path, 'merge-patch', { spec: { volumeName: 'b' } })).status).toBe(422);
    },
  },
  {
    name: 'claim: annotations and finalizers stay writable by PUT of the whole object',
    run: async (lab) => {
      const path = `${paths.claims(lab.namespace)}/one`;
      const { body } = await lab.post(paths.claims(lab.namespace), claim('one'));
      const metadata = {
        ...(at(body, 'metadata') as object),
        finalizers: ['kubernetes.io/pvc-protection', 'snapshot.storage.kubernetes.io/pvc-as-source-protection'],
      };
      const answer = await lab.put(path, { ...(body as object), metadata });
      expect(answer.status).toBe(200);
      expect(at(answer.body, 'metadata.finalizers')).toEqual(metadata.finalizers);
    },
  },
  {
    name: 'claim: a quantity the server cannot read is a bad request',
    run: async (lab) => {
      const answer = await lab.post(paths.claims(lab.namespace), claim('one', { spec: { resources: { requests: { storage: 'much' } } } }));
      expect(answer.status).toBe(400);
    },
  },
  {
    name: 'claim: without a class name the default class is filled in, with "" it is not',
    run: async (lab) => {
      const name = await madeClass(lab, {
        metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
        volumeBindingMode: 'WaitForFirstConsumer',
      });
      try {
        // The admission plugin reads a cache of its own.
        const body = claim('probe', { spec: { storageClassName: undefined } });
        let filled: unknown;
        for (let tries = 0; filled !== name && tries < 500; tries += 1) {
          filled = at((await lab.post(`${paths.claims(lab.namespace)}?dryRun=All`, body)).body, 'spec.storageClassName');
        }
        expect(filled).toBe(name);
        const none = await lab.post(paths.claims(lab.namespace), claim('none', { spec: { storageClassName: '' } }));
        expect(at(none.body, 'spec.storageClassName')).toBe('');
      } finally {
        await lab.delete(`${paths.storageClasses}/${name}`);
      }
    },
  },
  {
    name: 'volume: gets reclaim policy, volume mode, phase and its protection finalizer',
    run: async (lab) => {
      const { body } = await lab.post(paths.volumes, volume(lab.unique('volume')));
      expect(body).toMatchObject({
        spec: { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' },
        status: { phase: 'Pending' },
        metadata: { finalizers: ['kubernetes.io/pv-protection'] },
      });
    },
  },
  {
    name: 'volume: capacity, access modes and exactly one source are required',
    run: async (lab) => {
      const name = lab.unique('volume');
      expect(refusal(await lab.post(paths.volumes, volume(name, { spec: { capacity: {} } }))).causes).toContain(
        'FieldValueRequired spec.capacity',
      );
      expect(refusal(await lab.post(paths.volumes, volume(name, { spec: { accessModes: [] } }))).causes).toContain(
        'FieldValueRequired spec.accessModes',
      );
      expect(refusal(await lab.post(paths.volumes, volume(name, { spec: { csi: undefined } }))).causes).toContain(
        'FieldValueRequired spec',
      );
    },
  },
  {
    name: 'volume: its source is immutable',
    run: async (lab) => {
      const name = lab.unique('volume');
      await lab.post(paths.volumes, volume(name));
      const answer = await lab.patch(`${paths.volumes}/${name}`, 'merge-patch', { spec: { csi: { volumeHandle: 'other' } } });
      expect(refusal(answer)).toMatchObject({
        status: 422,
        reason: 'Invalid',
        causes: ['FieldValueForbidden spec.persistentvolumesource'],
      });
    },
  },
  {
    name: 'volume: the reclaim policy stays mutable, the volume mode does not',
    run: async (lab) => {
      const path = `${paths.volumes}/${lab.unique('volume')}`;
      await lab.post(paths.volumes, volume(path.split('/').at(-1) ?? ''));
      expect((await lab.patch(path, 'merge-patch', { spec: { persistentVolumeReclaimPolicy: 'Delete' } })).status).toBe(200);
      expect(refusal(await lab.patch(path, 'merge-patch', { spec: { volumeMode: 'Block' } })).causes).toEqual([
        'FieldValueInvalid volumeMode',
      ]);
    },
  },
  {
    name: 'volume: node affinity without terms is refused',
    run: async (lab) => {
      const answer = await lab.post(
        paths.volumes,
        volume(lab.unique('volume'), { spec: { nodeAffinity: { required: { nodeSelectorTerms: [] } } } }),
      );
      expect(refusal(answer).status).toBe(422);
    },
  },
  {
    name: 'storage class: policy and binding mode are defaulted, parameters are immutable',
    run: async (lab) => {
      const name = await madeClass(lab, { parameters: { a: 'b' } });
      const { body } = await lab.get(`${paths.storageClasses}/${name}`);
      expect(body).toMatchObject({ reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' });
      const answer = await lab.patch(`${paths.storageClasses}/${name}`, 'merge-patch', { parameters: { a: 'c' } });
      expect(refusal(answer)).toMatchObject({ status: 422, causes: ['FieldValueInvalid parameters'] });
      expect(refusal(await lab.post(paths.storageClasses, storageClass(lab.unique('class'), { provisioner: undefined }))).causes).toContain(
        'FieldValueRequired provisioner',
      );
    },
  },
  {
    name: 'CSINode: drivers with topology keys are kept',
    run: async (lab) => {
      const name = lab.unique('node');
      const drivers = [{ name: 'conformance.example', nodeID: 'n1', topologyKeys: ['example.com/zone'] }];
      const { status, body } = await lab.post(paths.csiNodes, {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'CSINode',
        metadata: { name },
        spec: { drivers },
      });
      expect(status).toBe(201);
      expect(at(body, 'spec.drivers.0')).toMatchObject(drivers[0] ?? {});
      await lab.delete(`${paths.csiNodes}/${name}`);
    },
  },
  {
    name: 'CSINode: empty lists of drivers and of topology keys are null',
    run: async (lab) => {
      const specs: readonly (readonly [object, object])[] = [
        [{}, { drivers: null }],
        [{ drivers: [] }, { drivers: null }],
        [
          { drivers: [{ name: 'conformance.example', nodeID: 'n1', topologyKeys: [] }] },
          { drivers: [{ name: 'conformance.example', nodeID: 'n1', topologyKeys: null }] },
        ],
      ];
      for (const [spec, stored] of specs) {
        const name = lab.unique('node');
        await lab.post(paths.csiNodes, { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name }, spec });
        expect(at((await lab.get(`${paths.csiNodes}/${name}`)).body, 'spec')).toEqual(stored);
        await lab.delete(`${paths.csiNodes}/${name}`);
      }
    },
  },
  {
    name: 'CSIStorageCapacity: generated name, capacity as written, topology as selector',
    run: async (lab) => {
      const body = {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'CSIStorageCapacity',
        metadata: { generateName: 'csisc-' },
        storageClassName: 'class',
        nodeTopology: { matchLabels: { 'example.com/zone': 'a' } },
        capacity: '10Gi',
        maximumVolumeSize: '1Gi',
      };
      const answer = await lab.post(paths.capacities(lab.namespace), body);
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({
        capacity: '10Gi',
        maximumVolumeSize: '1Gi',
        nodeTopology: body.nodeTopology,
        storageClassName: 'class',
      });
      const path = `${paths.capacities(lab.namespace)}/${text(answer.body, 'metadata.name')}`;
      expect((await lab.put(path, { ...(answer.body as object), storageClassName: 'other' })).status).toBe(422);
    },
  },
  {
    name: 'CSIStorageCapacity: no negative capacity, and one controller among its owners',
    run: async (lab) => {
      const owner = (name: string): object => ({ apiVersion: 'v1', kind: 'Pod', name, uid: `uid-${name}`, controller: true });
      const make = (metadata: object, sizes: object) =>
        lab.post(paths.capacities(lab.namespace), {
          apiVersion: 'storage.k8s.io/v1',
          kind: 'CSIStorageCapacity',
          metadata: { generateName: 'csisc-', ...metadata },
          storageClassName: 'class',
          nodeTopology: {},
          ...sizes,
        });
      expect((await make({}, { capacity: '0' })).status).toBe(201);
      expect((await make({}, { capacity: '0', maximumVolumeSize: '-1Gi' })).status).toBe(201);
      expect(refusal(await make({}, { capacity: '-1' })).causes).toEqual(['FieldValueInvalid capacity']);
      const two = { ownerReferences: [owner('one'), owner('two')] };
      expect(refusal(await make(two, { capacity: '1Gi' })).causes).toEqual(['FieldValueInvalid metadata.ownerReferences']);
    },
  },
  {
    name: 'VolumeAttachment: names node and volume, and its status is a subresource',
    run: async (lab) => {
      const name = lab.unique('attachment');
      const spec = { attacher: 'conformance.example', nodeName: 'node-a', source: { persistentVolumeName: 'pv' } };
      const made = await lab.post(paths.attachments, {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'VolumeAttachment',
        metadata: { name },
        spec,
      });
      expect(made.status).toBe(201);
      const attached = await lab.patch(`${paths.attachments}/${name}/status`, 'merge-patch', { status: { attached: true } });
      expect(at(attached.body, 'status.attached')).toBe(true);
      expect((await lab.patch(`${paths.attachments}/${name}`, 'merge-patch', { spec: { nodeName: 'node-b' } })).status).toBe(422);
    },
  },
];
