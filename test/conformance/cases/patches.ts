import { expect } from 'vitest';
import type { Case, Lab } from '../lab.ts';
import { at, FAILED_PATCH, refusal, text } from '../lab.ts';
import { claim, configMap, paths, pod, snapshot } from '../objects.ts';

const MINE = 'example.com/mine';
const FOREIGN = 'example.com/foreign';

async function snapshotWith(lab: Lab, finalizers: readonly string[]): Promise<string> {
  const name = lab.unique('snapshot');
  await lab.post(paths.snapshots(lab.namespace), snapshot(name, finalizers.length === 0 ? {} : { metadata: { finalizers } }));
  return `${paths.snapshots(lab.namespace)}/${name}`;
}

async function finalizersOf(lab: Lab, path: string): Promise<unknown> {
  return at((await lab.get(path)).body, 'metadata.finalizers');
}

/** The five forms of a finalizer write, then what else a JSON patch may meet. */
const jsonPatchCases: readonly Case[] = [
  {
    name: 'finalizers 1: a test on the list that holds, then remove, takes one finalizer away',
    run: async (lab) => {
      const path = await snapshotWith(lab, [FOREIGN, MINE]);
      const answer = await lab.patch(path, 'json-patch', [
        { op: 'test', path: '/metadata/finalizers/1', value: MINE },
        { op: 'remove', path: '/metadata/finalizers/1' },
      ]);
      expect(answer.status).toBe(200);
      expect(await finalizersOf(lab, path)).toEqual([FOREIGN]);
    },
  },
  {
    name: 'finalizers 2: a test that fails answers 422 Invalid without causes and changes nothing',
    run: async (lab) => {
      const path = await snapshotWith(lab, [FOREIGN, MINE]);
      const answer = await lab.patch(path, 'json-patch', [
        { op: 'test', path: '/metadata/finalizers/0', value: MINE },
        { op: 'remove', path: '/metadata/finalizers/0' },
      ]);
      expect(refusal(answer)).toMatchObject(FAILED_PATCH);
      expect(at(answer.body, 'details.name')).toBeUndefined();
      expect(await finalizersOf(lab, path)).toEqual([FOREIGN, MINE]);
    },
  },
  {
    name: 'finalizers 3: add to the end of an absent list answers 422 Invalid without causes',
    run: async (lab) => {
      const path = await snapshotWith(lab, []);
      expect(refusal(await lab.patch(path, 'json-patch', [{ op: 'add', path: '/metadata/finalizers/-', value: MINE }]))).toMatchObject(
        FAILED_PATCH,
      );
    },
  },
  {
    name: 'finalizers 4: add of a whole list where there is none is taken',
    run: async (lab) => {
      const path = await snapshotWith(lab, []);
      const answer = await lab.patch(path, 'json-patch', [{ op: 'add', path: '/metadata/finalizers', value: [MINE] }]);
      expect(answer.status).toBe(200);
      expect(await finalizersOf(lab, path)).toEqual([MINE]);
    },
  },
  {
    name: 'finalizers 5: replace of an absent list is taken',
    run: async (lab) => {
      const path = await snapshotWith(lab, []);
      const answer = await lab.patch(path, 'json-patch', [{ op: 'replace', path: '/metadata/finalizers', value: [MINE] }]);
      expect(answer.status).toBe(200);
      expect(await finalizersOf(lab, path)).toEqual([MINE]);
    },
  },
  {
    name: 'finalizers: the five forms answer the same on a core kind',
    run: async (lab) => {
      const path = `${paths.configMaps(lab.namespace)}/one`;
      await lab.post(paths.configMaps(lab.namespace), configMap('one'));
      const patch = (operations: object): Promise<{ status: number }> => lab.patch(path, 'json-patch', operations);
      expect((await patch([{ op: 'add', path: '/metadata/finalizers/-', value: MINE }])).status).toBe(422);
      expect(
        (
          await patch([
            { op: 'test', path: '/metadata/finalizers', value: null },
            { op: 'add', path: '/metadata/finalizers', value: [MINE] },
          ])
        ).status,
      ).toBe(200);
      expect((await patch([{ op: 'test', path: '/metadata/finalizers', value: [FOREIGN] }])).status).toBe(422);
      expect((await patch([{ op: 'add', path: '/metadata/finalizers/-', value: FOREIGN }])).status).toBe(200);
      expect(
        (
          await patch([
            { op: 'test', path: '/metadata/finalizers', value: [MINE, FOREIGN] },
            { op: 'replace', path: '/metadata/finalizers', value: [FOREIGN] },
          ])
        ).status,
      ).toBe(200);
      expect(await finalizersOf(lab, path)).toEqual([FOREIGN]);
      expect((await patch([{ op: 'remove', path: '/metadata/finalizers' }])).status).toBe(200);
    },
  },
  {
    name: 'JSON patch: a test with null holds for an absent field of a custom resource',
    run: async (lab) => {
      const path = await snapshotWith(lab, []);
      const answer = await lab.patch(path, 'json-patch', [
        { op: 'test', path: '/metadata/finalizers', value: null },
        { op: 'add', path: '/metadata/finalizers', value: [MINE] },
      ]);
      expect(answer.status).toBe(200);
    },
  },
  {
    name: 'JSON patch: a finalizer name without a slash is refused with a cause',
    run: async (lab) => {
      const path = await snapshotWith(lab, []);
      const answer = await lab.patch(path, 'json-patch', [{ op: 'add', path: '/metadata/finalizers', value: ['not a name'] }]);
      expect(refusal(answer).status).toBe(422);
      expect(refusal(answer).causes).toContain('FieldValueInvalid metadata.finalizers');
    },
  },
  {
    name: 'JSON patch: remove of an absent path answers 422 without causes',
    run: async (lab) => {
      const path = await snapshotWith(lab, []);
      expect(refusal(await lab.patch(path, 'json-patch', [{ op: 'remove', path: '/metadata/annotations/none' }]))).toMatchObject(
        FAILED_PATCH,
      );
    },
  },
  {
    name: 'JSON patch: keys with a slash are escaped by ~1, and add overwrites',
    run: async (lab) => {
      const path = await snapshotWith(lab, []);
      await lab.patch(path, 'merge-patch', { metadata: { annotations: { 'example.com/key': 'old' } } });
      const answer = await lab.patch(path, 'json-patch', [{ op: 'add', path: '/metadata/annotations/example.com~1key', value: 'new' }]);
      expect(at(answer.body, 'metadata.annotations')).toEqual({ 'example.com/key': 'new' });
      const gone = await lab.patch(path, 'json-patch', [{ op: 'remove', path: '/metadata/annotations/example.com~1key' }]);
      expect(gone.status).toBe(200);
      expect(at(gone.body, 'metadata.annotations')).toBeUndefined();
    },
  },
  {
    name: 'JSON patch: either all operations apply or none',
    run: async (lab) => {
      const path = await snapshotWith(lab, [FOREIGN]);
      const answer = await lab.patch(path, 'json-patch', [
        { op: 'add', path: '/metadata/labels', value: { a: 'b' } },
        { op: 'test', path: '/metadata/finalizers/0', value: MINE },
      ]);
      expect(answer.status).toBe(422);
      expect(at((await lab.get(path)).body, 'metadata.labels')).toBeUndefined();
    },
  },
  {
    name: 'JSON patch: a body that is no list of operations is a bad request',
    run: async (lab) => {
      const path = await snapshotWith(lab, []);
      expect(refusal(await lab.patch(path, 'json-patch', { op: 'remove', path: '/spec' }))).toMatchObject({
        status: 400,
        reason: 'BadRequest',
      });
    },
  },
  {
    name: 'JSON patch: a value the schema refuses is Invalid with causes',
    run: async (lab) => {
      const path = await snapshotWith(lab, []);
      const answer = await lab.patch(path, 'json-patch', [
        { op: 'replace', path: '/spec/source/persistentVolumeClaimName', value: 'other' },
      ]);
      const refused = refusal(answer);
      expect(refused).toMatchObject({
        status: 422,
        reason: 'Invalid',
        name: path.split('/').at(-1),
        causes: ['FieldValueInvalid spec.source.persistentVolumeClaimName'],
      });
    },
  },
  {
    name: 'patch: of an absent object answers 404',
    run: async (lab) => {
      const path = `${paths.snapshots(lab.namespace)}/absent`;
      expect((await lab.patch(path, 'json-patch', [{ op: 'add', path: '/metadata/labels', value: {} }])).status).toBe(404);
      expect((await lab.patch(path, 'merge-patch', {})).status).toBe(404);
    },
  },
  {
    name: 'patch: a changed name is refused',
    run: async (lab) => {
      const path = await snapshotWith(lab, []);
      const answer = await lab.patch(path, 'merge-patch', { metadata: { name: 'other' } });
      expect(answer.status).toBe(400);
    },
  },
  {
    name: 'patch: a content type the server does not know answers 415',
    run: async (lab) => {
      const path = await snapshotWith(lab, []);
      const answer = await lab.send({ method: 'PATCH', path, headers: { 'content-type': 'application/json' }, body: '{}' });
      expect(refusal(answer)).toMatchObject({ status: 415, reason: 'UnsupportedMediaType' });
    },
  },
];

const mergeCases: readonly Case[] = [
  {
    name: 'merge patch: maps merge, null deletes, lists are replaced',
    run: async (lab) => {
      const path = await snapshotWith(lab, [FOREIGN]);
      await lab.patch(path, 'merge-patch', { metadata: { annotations: { a: '1', b: '2' } } });
      const answer = await lab.patch(path, 'merge-patch', { metadata: { annotations: { a: null, c: '3' }, finalizers: [MINE] } });
      expect(at(answer.body, 'metadata.annotations')).toEqual({ b: '2', c: '3' });
      expect(at(answer.body, 'metadata.finalizers')).toEqual([MINE]);
    },
  },
  {
    name: 'merge patch: one that is no object is a bad request',
    run: async (lab) => {
      const path = await snapshotWith(lab, []);
      expect((await lab.patch(path, 'merge-patch', [1])).status).toBeGreaterThanOrEqual(400);
    },
  },
  {
    name: 'strategic merge patch: a custom resource answers 415',
    run: async (lab) => {
      const path = await snapshotWith(lab, []);
      const answer = await lab.patch(path, 'strategic-merge-patch', { metadata: { labels: { a: 'b' } } });
      expect(refusal(answer)).toMatchObject({ status: 415, reason: 'UnsupportedMediaType' });
    },
  },
  {
    name: 'strategic merge patch: finalizers are a set that grows, and shrinks by $deleteFromPrimitiveList',
    run: async (lab) => {
      const path = `${paths.claims(lab.namespace)}/one`;
      await lab.post(paths.claims(lab.namespace), claim('one'));
      const grown = await lab.patch(path, 'strategic-merge-patch', { metadata: { finalizers: [MINE] } });
      expect(at(grown.body, 'metadata.finalizers')).toHaveLength(2);
      expect(at(grown.body, 'metadata.finalizers')).toEqual(expect.arrayContaining([MINE, 'kubernetes.io/pvc-protection']));
      const shrunk = await lab.patch(path, 'strategic-merge-patch', { metadata: { '$deleteFromPrimitiveList/finalizers': [MINE] } });
      expect(at(shrunk.body, 'metadata.finalizers')).toEqual(['kubernetes.io/pvc-protection']);
    },
  },
  {
    name: 'strategic merge patch: owner references merge by uid',
    run: async (lab) => {
      const path = `${paths.configMaps(lab.namespace)}/one`;
      const owner = (uid: string, name: string): object => ({ apiVersion: 'v1', kind: 'ConfigMap', name, uid });
      // Owned by objects that live, so that no garbage collector takes it away.
      const [a, b] = [
        await lab.post(paths.configMaps(lab.namespace), configMap('owner-a')),
        await lab.post(paths.configMaps(lab.namespace), configMap('owner-b')),
      ];
      const [first, second] = [text(a.body, 'metadata.uid'), text(b.body, 'metadata.uid')];
      await lab.post(paths.configMaps(lab.namespace), configMap('one', { metadata: { ownerReferences: [owner(first, 'owner-a')] } }));
      const both = await lab.patch(path, 'strategic-merge-patch', { metadata: { ownerReferences: [owner(second, 'owner-b')] } });
      expect((at(both.body, 'metadata.ownerReferences') as unknown[]).map((entry) => at(entry, 'uid')).sort()).toEqual(
        [first, second].sort(),
      );
      const one = await lab.patch(path, 'strategic-merge-patch', { metadata: { ownerReferences: [{ $patch: 'delete', uid: first }] } });
      expect((at(one.body, 'metadata.ownerReferences') as unknown[]).map((entry) => at(entry, 'uid'))).toEqual([second]);
    },
  },
  {
    name: 'strategic merge patch: containers of a Pod merge by name',
    run: async (lab) => {
      const path = `${paths.pods(lab.namespace)}/one`;
      const containers = [
        { name: 'a', image: 'none.example/a' },
        { name: 'b', image: 'none.example/b' },
      ];
      await lab.post(paths.pods(lab.namespace), pod('one', { spec: { containers } }));
      const answer = await lab.patch(path, 'strategic-merge-patch', { spec: { containers: [{ name: 'b', image: 'none.example/c' }] } });
      expect(answer.status).toBe(200);
      const images = (at(answer.body, 'spec.containers') as unknown[]).map((container) => [at(container, 'name'), at(container, 'image')]);
      expect(images.sort()).toEqual([
        ['a', 'none.example/a'],
        ['b', 'none.example/c'],
      ]);
    },
  },
  {
    name: 'strategic merge patch: plain maps merge and null deletes',
    run: async (lab) => {
      const path = `${paths.configMaps(lab.namespace)}/one`;
      await lab.post(paths.configMaps(lab.namespace), configMap('one', { data: { a: '1', b: '2' } }));
      const answer = await lab.patch(path, 'strategic-merge-patch', { data: { a: null, c: '3' } });
      expect(at(answer.body, 'data')).toEqual({ b: '2', c: '3' });
    },
  },
];

export const patchCases: readonly Case[] = [...jsonPatchCases, ...mergeCases];
