import { expect } from 'vitest';
import type { Case } from '../lab.ts';
import { at, refusal, text } from '../lab.ts';
import { claim, content, paths, volume } from '../objects.ts';
import { madeClass } from './volumes.ts';

function reference(claimBody: unknown): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    namespace: text(claimBody, 'metadata.namespace'),
    name: text(claimBody, 'metadata.name'),
    uid: text(claimBody, 'metadata.uid'),
  };
}

/** What kube-controller-manager's binder does, and the sandbox's after it. */
export const binderCases: readonly Case[] = [
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
    name: 'binder: a claim of an in-tree class is handed to the driver that took over',
    run: async (lab) => {
      const storageClassName = await madeClass(lab, { provisioner: 'kubernetes.io/cinder' });
      await lab.post(paths.claims(lab.namespace), claim('one', { spec: { storageClassName } }));
      const asked = await lab.until(`${paths.claims(lab.namespace)}/one`, ({ text: found }) => found.includes('storage-provisioner'));
      expect(at(asked.body, 'metadata.annotations')).toMatchObject({
        'volume.kubernetes.io/storage-provisioner': 'cinder.csi.openstack.org',
        'volume.beta.kubernetes.io/storage-provisioner': 'cinder.csi.openstack.org',
      });
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
