import { expect } from 'vitest';
import type { Case } from '../lab.ts';
import { at } from '../lab.ts';

function resourcesOf(body: unknown): unknown[] {
  const found = at(body, 'resources');
  return Array.isArray(found) ? found : [];
}

function resource(body: unknown, name: string): unknown {
  return resourcesOf(body).find((entry) => at(entry, 'name') === name);
}

/** Path of a group-version's document. The index adds a hash for caches, which may be stale a moment later. */
function documentPath(index: unknown, group: string): string {
  // A group's name has dots, so no dotted path here.
  const entry = (at(index, 'paths') as Record<string, unknown>)[group];
  return String(at(entry, 'serverRelativeURL')).split('?')[0] ?? '';
}

/** What kubectl and the Go REST mapper ask before their first real request. */
export const discoveryCases: readonly Case[] = [
  {
    name: 'discovery: /api names version v1 of the core group',
    run: async (lab) => {
      const answer = await lab.get('/api');
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    },
  },
  {
    name: 'discovery: /apis lists each group with its preferred version',
    run: async (lab) => {
      const answer = await lab.get('/apis');
      expect(at(answer.body, 'kind')).toBe('APIGroupList');
      const groups = new Map((at(answer.body, 'groups') as unknown[]).map((group) => [at(group, 'name'), group]));
      for (const name of [
        'storage.k8s.io',
        'coordination.k8s.io',
        'apiextensions.k8s.io',
        'snapshot.storage.k8s.io',
        'groupsnapshot.storage.k8s.io',
      ]) {
        expect(groups.has(name), name).toBe(true);
      }
      expect(groups.get('snapshot.storage.k8s.io')).toMatchObject({
        versions: [{ groupVersion: 'snapshot.storage.k8s.io/v1', version: 'v1' }],
        preferredVersion: { groupVersion: 'snapshot.storage.k8s.io/v1', version: 'v1' },
      });
      const served = (at(groups.get('groupsnapshot.storage.k8s.io'), 'versions') as unknown[]).map((version) => at(version, 'version'));
      expect(served).toEqual(['v1', 'v1beta2', 'v1beta1']);
    },
  },
  {
    name: 'discovery: the core resource list has scope, kind, short names, verbs and subresources',
    run: async (lab) => {
      const { body } = await lab.get('/api/v1');
      expect(body).toMatchObject({ kind: 'APIResourceList', groupVersion: 'v1' });
      const claims = resource(body, 'persistentvolumeclaims');
      expect(claims).toMatchObject({
        namespaced: true,
        kind: 'PersistentVolumeClaim',
        singularName: 'persistentvolumeclaim',
        shortNames: ['pvc'],
      });
      expect(at(claims, 'verbs')).toEqual(
        expect.arrayContaining(['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']),
      );
      expect(resource(body, 'persistentvolumes')).toMatchObject({ namespaced: false, kind: 'PersistentVolume', shortNames: ['pv'] });
      expect(at(resource(body, 'persistentvolumeclaims/status'), 'kind')).toBe('PersistentVolumeClaim');
      expect(resource(body, 'configmaps')).toMatchObject({ namespaced: true, kind: 'ConfigMap', shortNames: ['cm'] });
    },
  },
  {
    name: 'discovery: a custom group has its resource list with short names and the status subresource',
    run: async (lab) => {
      const { body } = await lab.get('/apis/snapshot.storage.k8s.io/v1');
      expect(body).toMatchObject({ kind: 'APIResourceList', groupVersion: 'snapshot.storage.k8s.io/v1' });
      expect(resource(body, 'volumesnapshots')).toMatchObject({
        namespaced: true,
        kind: 'VolumeSnapshot',
        singularName: 'volumesnapshot',
        shortNames: ['vs'],
      });
      expect(resource(body, 'volumesnapshotcontents')).toMatchObject({ namespaced: false, shortNames: ['vsc', 'vscs'] });
      expect(at(resource(body, 'volumesnapshotcontents/status'), 'verbs')).toEqual(expect.arrayContaining(['get', 'patch', 'update']));
      expect(resource(body, 'volumesnapshotclasses/status')).toBeUndefined();
    },
  },
  {
    name: 'discovery: a version that is not served is not found',
    run: async (lab) => {
      expect((await lab.get('/apis/snapshot.storage.k8s.io/v1beta1')).status).toBe(404);
      expect((await lab.get('/apis/snapshot.storage.k8s.io/v1beta1/volumesnapshots')).status).toBe(404);
    },
  },
  {
    name: 'discovery: one group can be asked for by name',
    run: async (lab) => {
      const answer = await lab.get('/apis/groupsnapshot.storage.k8s.io');
      expect(answer.body).toMatchObject({ kind: 'APIGroup', name: 'groupsnapshot.storage.k8s.io', preferredVersion: { version: 'v1' } });
    },
  },
  {
    name: 'discovery: an unknown group, version or resource answers 404',
    run: async (lab) => {
      for (const path of [
        '/apis/nobody.example',
        '/apis/nobody.example/v1/things',
        '/api/v1/nothings',
        '/apis/storage.k8s.io/v1/nothings',
        '/nowhere',
      ]) {
        expect((await lab.get(path)).status, path).toBe(404);
      }
    },
  },
  {
    name: 'discovery: health paths answer ok and the version has the fields kubectl reads',
    run: async (lab) => {
      for (const path of ['/healthz', '/readyz', '/livez']) expect(await lab.get(path)).toMatchObject({ status: 200, text: 'ok' });
      const { body } = await lab.get('/version');
      expect(at(body, 'gitVersion')).toMatch(/^v1\.36\./);
      expect(body).toMatchObject({ major: '1', minor: '36' });
    },
  },
  {
    name: 'discovery: the OpenAPI v3 index leads to a document with a PATCH that takes fieldValidation',
    run: async (lab) => {
      const index = await lab.until('/openapi/v3', ({ text }) => text.includes('"apis/snapshot.storage.k8s.io/v1"'));
      for (const [group, path, kind] of [
        ['api/v1', '/api/v1/namespaces/{namespace}/persistentvolumeclaims/{name}', 'PersistentVolumeClaim'],
        [
          'apis/snapshot.storage.k8s.io/v1',
          '/apis/snapshot.storage.k8s.io/v1/namespaces/{namespace}/volumesnapshots/{name}',
          'VolumeSnapshot',
        ],
      ] as const) {
        // Documents of custom groups are made in the background.
        const document = await lab.until(documentPath(index.body, group), ({ status }) => status === 200);
        const patch = at((at(document.body, 'paths') as Record<string, unknown>)[path], 'patch');
        expect(at(patch, 'x-kubernetes-group-version-kind')).toMatchObject({ kind });
        expect((at(patch, 'parameters') as unknown[]).map((parameter) => at(parameter, 'name'))).toContain('fieldValidation');
      }
    },
  },
  {
    name: 'discovery: a method that a collection does not have answers 405',
    run: async (lab) => {
      const answer = await lab.put(`/api/v1/namespaces/${lab.namespace}/configmaps`, {});
      expect(answer.status).toBe(405);
      expect(at(answer.body, 'reason')).toBe('MethodNotAllowed');
    },
  },
];
