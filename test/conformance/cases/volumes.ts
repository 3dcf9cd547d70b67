import { expect } from 'vitest';
import type { Case, Lab } from '../lab.ts';
import { at, refusal, text } from '../lab.ts';
import type { Overrides } from '../objects.ts';
import { claim, content, paths, storageClass, volume } from '../objects.ts';

const SNAPSHOT_SOURCE = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'backup' };

async function madeClass(lab: Lab, overrides: Overrides = {}): Promise<string> {
  const name = lab.unique('class');
  const answer = await lab.post(paths.storageClasses, storageClass(name, overrides));
  if (answer.status !== 201) throw new Error(answer.text);
  return name;
}

function reference(claimBody: unknown): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    namespace: text(claimBody, 'metadata.namespace'),
    name: text(claimBody, 'metadata.name'),
    uid: text(claimBody, 'metadata.uid'),
  };
}

const apiCases: readonly Case[] = [
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

/** What kube-controller-manager's binder does, and the sandbox's after it. */
const binderCases: readonly Case[] = [
  {
    name: 'binder: an unclaimed volume becomes Available',
    run: async (lab) => {
      const name = lab.unique('volume');
      await lab.post(paths.volumes, volume(name));
      await lab.until(`${paths.volumes}/${name}`, ({ body }) => at(body, 'status.phase') === 'Available');
    },
  },
  {
    name: 'binder: a volume made for a claim (reference with uid) is bound to it on both sides',
    run: async (lab) => {
      const storageClassName = await madeClass(lab);
      const made = await lab.post(paths.claims(lab.namespace), claim('one', { spec: { storageClassName } }));
      const name = `pvc-${text(made.body, 'metadata.uid')}`;
      const annotations = { 'pv.kubernetes.io/provisioned-by': 'conformance.example' };
      await lab.post(
        paths.volumes,
        volume(name, {
          metadata: { annotations },
          spec: { storageClassName, claimRef: reference(made.body), persistentVolumeReclaimPolicy: 'Delete' },
        }),
      );
      const bound = await lab.until(`${paths.claims(lab.namespace)}/one`, ({ body }) => at(body, 'status.phase') === 'Bound');
      expect(bound.body).toMatchObject({
        spec: { volumeName: name },
        status: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } },
      });
      expect(at(bound.body, 'metadata.annotations')).toMatchObject({
        'pv.kubernetes.io/bind-completed': 'yes',
        'pv.kubernetes.io/bound-by-controller': 'yes',
      });
      const side = await lab.until(`${paths.volumes}/${name}`, ({ body }) => at(body, 'status.phase') === 'Bound');
      expect(at(side.body, 'metadata.annotations')).toEqual(annotations);
    },
  },
  {
    name: 'binder: an immediate claim of an external class gets the provisioner annotations',
    run: async (lab) => {
      const storageClassName = await madeClass(lab);
      await lab.post(paths.claims(lab.namespace), claim('one', { spec: { storageClassName } }));
      const path = `${paths.claims(lab.namespace)}/one`;
      const annotation = (body: unknown, key: string): unknown =>
        (at(body, 'metadata.annotations') as Record<string, unknown> | undefined)?.[key];
      const asked = await lab.until(path, ({ body }) => annotation(body, 'volume.kubernetes.io/storage-provisioner') !== undefined);
      expect(annotation(asked.body, 'volume.kubernetes.io/storage-provisioner')).toBe('conformance.example');
      expect(annotation(asked.body, 'volume.beta.kubernetes.io/storage-provisioner')).toBe('conformance.example');
      const events = await lab.until(`${paths.events(lab.namespace)}?fieldSelector=involvedObject.name%3Done`, ({ text: found }) =>
        found.includes('ExternalProvisioning'),
      );
      expect(events.status).toBe(200);
    },
  },
  {
    name: 'binder: a claim that waits for its first consumer is asked for only with a selected node',
    run: async (lab) => {
      const storageClassName = await madeClass(lab, { volumeBindingMode: 'WaitForFirstConsumer' });
      const path = `${paths.claims(lab.namespace)}/one`;
      await lab.post(paths.claims(lab.namespace), claim('one', { spec: { storageClassName } }));
      // The event says that the binder has looked at it.
      await lab.until(`${paths.events(lab.namespace)}?fieldSelector=involvedObject.name%3Done`, ({ text: found }) =>
        found.includes('WaitForFirstConsumer'),
      );
      expect(at((await lab.get(path)).body, 'metadata.annotations')).toBeUndefined();
      await lab.patch(path, 'merge-patch', { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'node-a' } } });
      await lab.until(path, ({ text: found }) => found.includes('"volume.kubernetes.io/storage-provisioner":"conformance.example"'));
    },
  },
  {
    name: 'binder: a free volume of the claim’s class, size and mode is bound statically',
    run: async (lab) => {
      const name = lab.unique('volume');
      await lab.post(paths.volumes, volume(name, { spec: { storageClassName: name } }));
      await lab.post(paths.claims(lab.namespace), claim('one', { spec: { storageClassName: name } }));
      const bound = await lab.until(`${paths.claims(lab.namespace)}/one`, ({ body }) => at(body, 'status.phase') === 'Bound');
      expect(at(bound.body, 'spec.volumeName')).toBe(name);
      const side = await lab.until(`${paths.volumes}/${name}`, ({ body }) => at(body, 'status.phase') === 'Bound');
      expect(at(side.body, 'spec.claimRef')).toMatchObject({
        name: 'one',
        namespace: lab.namespace,
        uid: text(bound.body, 'metadata.uid'),
      });
      expect((at(side.body, 'metadata.annotations') as Record<string, unknown>)['pv.kubernetes.io/bound-by-controller']).toBe('yes');
    },
  },
  {
    name: 'binder: a deleted claim leaves, and its volume is Released with either policy of an external driver',
    run: async (lab) => {
      for (const persistentVolumeReclaimPolicy of ['Retain', 'Delete']) {
        const name = lab.unique('volume');
        const annotations = { 'pv.kubernetes.io/provisioned-by': 'conformance.example' };
        await lab.post(
          paths.volumes,
          volume(name, { metadata: { annotations }, spec: { storageClassName: name, persistentVolumeReclaimPolicy } }),
        );
        const path = `${paths.claims(lab.namespace)}/${name}`;
        await lab.post(paths.claims(lab.namespace), claim(name, { spec: { storageClassName: name } }));
        await lab.until(path, ({ body }) => at(body, 'status.phase') === 'Bound');
        await lab.delete(path);
        await lab.until(path, ({ status }) => status === 404);
        const released = await lab.until(`${paths.volumes}/${name}`, ({ body }) => at(body, 'status.phase') === 'Released');
        expect(at(released.body, 'metadata.deletionTimestamp')).toBeUndefined();
      }
    },
  },
  {
    name: 'binder: a claim used by a Pod stays until the Pod is gone',
    run: async (lab) => {
      const path = `${paths.claims(lab.namespace)}/one`;
      await lab.post(paths.claims(lab.namespace), claim('one'));
      const spec = {
        nodeName: 'node-a',
        containers: [{ name: 'main', image: 'none.example/main' }],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'one' } }],
      };
      await lab.post(paths.pods(lab.namespace), { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'user' }, spec });
      const deleted = await lab.delete(path);
      expect(at(deleted.body, 'metadata.finalizers')).toEqual(['kubernetes.io/pvc-protection']);
      await lab.delete(`${paths.pods(lab.namespace)}/user?gracePeriodSeconds=0`);
      await lab.until(path, ({ status }) => status === 404);
    },
  },
  {
    name: 'binder: a bound volume that is deleted waits for its claim, a free one goes',
    run: async (lab) => {
      const name = lab.unique('volume');
      await lab.post(paths.volumes, volume(name, { spec: { storageClassName: name } }));
      const path = `${paths.claims(lab.namespace)}/one`;
      await lab.post(paths.claims(lab.namespace), claim('one', { spec: { storageClassName: name } }));
      await lab.until(`${paths.volumes}/${name}`, ({ body }) => at(body, 'status.phase') === 'Bound');
      await lab.delete(`${paths.volumes}/${name}`);
      expect((await lab.get(`${paths.volumes}/${name}`)).status).toBe(200);
      await lab.delete(path);
      await lab.until(`${paths.volumes}/${name}`, ({ status }) => status === 404);
    },
  },
  {
    name: 'binder: a claim whose volume vanishes is Lost',
    run: async (lab) => {
      const name = lab.unique('volume');
      await lab.post(paths.volumes, volume(name, { spec: { storageClassName: name } }));
      const path = `${paths.claims(lab.namespace)}/one`;
      await lab.post(paths.claims(lab.namespace), claim('one', { spec: { storageClassName: name } }));
      await lab.until(path, ({ body }) => at(body, 'status.phase') === 'Bound');
      // In this order: on a living volume the protection controller puts its finalizer back.
      await lab.delete(`${paths.volumes}/${name}`);
      await lab.patch(`${paths.volumes}/${name}`, 'merge-patch', { metadata: { finalizers: null } });
      await lab.until(path, ({ body }) => at(body, 'status.phase') === 'Lost');
    },
  },
  {
    name: 'namespace: deleting it deletes what is in it, and a finalizer holds it',
    run: async (lab) => {
      const name = lab.unique('doomed');
      await lab.post(paths.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      await lab.post(paths.claims(name), claim('one'));
      const held = `/apis/snapshot.storage.k8s.io/v1/namespaces/${name}/volumesnapshots`;
      const snapshotBody = {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        metadata: { name: 'held', finalizers: ['example.com/held'] },
      };
      await lab.post(held, { ...snapshotBody, spec: { source: { persistentVolumeClaimName: 'one' } } });
      const deleted = await lab.delete(`${paths.namespaces}/${name}`);
      expect(at(deleted.body, 'status.phase')).toBe('Terminating');
      await lab.until(`${held}/held`, ({ body }) => at(body, 'metadata.deletionTimestamp') !== undefined);
      const refused = refusal(await lab.post(paths.configMaps(name), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late' } }));
      expect(refused).toMatchObject({ status: 403, reason: 'Forbidden', causes: ['NamespaceTerminating metadata.namespace'] });
      await lab.patch(`${held}/held`, 'merge-patch', { metadata: { finalizers: null } });
      await lab.until(`${paths.namespaces}/${name}`, ({ status }) => status === 404);
    },
  },
  {
    name: 'namespace: a new one is Active and carries its name as label',
    run: async (lab) => {
      const { body } = await lab.get(`${paths.namespaces}/${lab.namespace}`);
      expect(body).toMatchObject({
        metadata: { labels: { 'kubernetes.io/metadata.name': lab.namespace } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      });
    },
  },
  {
    name: 'scope: a cluster-scoped kind keeps no namespace of the body',
    run: async (lab) => {
      const answer = await lab.post(paths.contents, content(lab.unique('content'), { metadata: { namespace: 'default' } }));
      expect(answer.status).toBe(201);
      expect(at(answer.body, 'metadata.namespace')).toBeUndefined();
    },
  },
];

export const volumeCases: readonly Case[] = [...apiCases, ...binderCases];
