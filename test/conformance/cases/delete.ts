import { expect } from 'vitest';
import type { Case } from '../lab.ts';
import { at, names, refusal, text } from '../lab.ts';
import { configMap, paths, pod, snapshot } from '../objects.ts';

const HELD = 'example.com/held';

export const deleteCases: readonly Case[] = [
  {
    name: 'delete: of an object nothing holds answers Success with its uid, and it is gone',
    run: async (lab) => {
      for (const [path, body] of [
        [paths.configMaps(lab.namespace), configMap('one')],
        [paths.snapshots(lab.namespace), snapshot('one')],
      ] as const) {
        const made = await lab.post(path, body);
        const answer = await lab.delete(`${path}/one`);
        expect(answer.status).toBe(200);
        expect(answer.body).toMatchObject({
          kind: 'Status',
          status: 'Success',
          details: { name: 'one', uid: text(made.body, 'metadata.uid') },
        });
        expect((await lab.get(`${path}/one`)).status).toBe(404);
      }
    },
  },
  {
    name: 'delete: of an absent object answers 404',
    run: async (lab) => {
      expect(refusal(await lab.delete(`${paths.snapshots(lab.namespace)}/absent`))).toMatchObject({
        status: 404,
        reason: 'NotFound',
        name: 'absent',
      });
    },
  },
  {
    name: 'delete: a finalizer keeps the object, which is answered with its deletion time',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      await lab.post(path, snapshot('one', { metadata: { finalizers: [HELD] } }));
      const answer = await lab.delete(`${path}/one`);
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({
        kind: 'VolumeSnapshot',
        metadata: { name: 'one', deletionGracePeriodSeconds: 0, finalizers: [HELD] },
      });
      expect(text(answer.body, 'metadata.deletionTimestamp')).toMatch(/^\d{4}-.*Z$/);
      expect((await lab.get(`${path}/one`)).status).toBe(200);
    },
  },
  {
    name: 'delete: a second delete keeps the first deletion time and the version',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      await lab.post(path, snapshot('one', { metadata: { finalizers: [HELD] } }));
      const first = await lab.delete(`${path}/one`);
      const second = await lab.delete(`${path}/one`);
      expect(second.status).toBe(200);
      expect(at(second.body, 'metadata.deletionTimestamp')).toBe(text(first.body, 'metadata.deletionTimestamp'));
      expect(at(second.body, 'metadata.resourceVersion')).toBe(text(first.body, 'metadata.resourceVersion'));
    },
  },
  {
    name: 'delete: taking the last finalizer away by JSON patch, merge patch or PUT removes the object',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      for (const name of ['json', 'merge', 'put']) {
        await lab.post(path, snapshot(name, { metadata: { finalizers: [HELD] } }));
        await lab.delete(`${path}/${name}`);
      }
      const json = await lab.patch(`${path}/json`, 'json-patch', [{ op: 'remove', path: '/metadata/finalizers' }]);
      const merge = await lab.patch(`${path}/merge`, 'merge-patch', { metadata: { finalizers: [] } });
      const { body } = await lab.get(`${path}/put`);
      const put = await lab.put(`${path}/put`, { ...(body as object), metadata: { ...(at(body, 'metadata') as object), finalizers: [] } });
      expect([json.status, merge.status, put.status]).toEqual([200, 200, 200]);
      expect(names((await lab.get(path)).body)).toEqual([]);
    },
  },
  {
    name: 'delete: the write that takes the last finalizer away answers the version before, the deletion is a later one',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      await lab.post(path, snapshot('one', { metadata: { finalizers: [HELD] } }));
      const deleted = await lab.delete(`${path}/one`);
      const before = text(deleted.body, 'metadata.resourceVersion');
      const reader = await lab.watch(`${path}?watch=true&resourceVersion=${before}`);
      const answer = await lab.patch(`${path}/one`, 'json-patch', [{ op: 'remove', path: '/metadata/finalizers' }]);
      expect(at(answer.body, 'metadata.finalizers')).toBeUndefined();
      expect(at(answer.body, 'metadata.resourceVersion')).toBe(before);
      const event = await reader.next();
      reader.close();
      expect(event?.type).toBe('DELETED');
      expect(Number(text(event?.object, 'metadata.resourceVersion'))).toBeGreaterThan(Number(before));
    },
  },
  {
    name: 'delete: no finalizer can be added to an object that is being deleted',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      await lab.post(path, snapshot('one', { metadata: { finalizers: [HELD] } }));
      await lab.delete(`${path}/one`);
      const answer = await lab.patch(`${path}/one`, 'json-patch', [
        { op: 'add', path: '/metadata/finalizers/-', value: 'example.com/late' },
      ]);
      expect(refusal(answer)).toMatchObject({
        status: 422,
        reason: 'Invalid',
        name: 'one',
        causes: ['FieldValueForbidden metadata.finalizers'],
      });
    },
  },
  {
    name: 'delete: other fields of a deleting object can still be written',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      await lab.post(path, snapshot('one', { metadata: { finalizers: [HELD] } }));
      await lab.delete(`${path}/one`);
      expect((await lab.patch(`${path}/one`, 'merge-patch', { metadata: { annotations: { a: 'b' } } })).status).toBe(200);
      expect((await lab.patch(`${path}/one/status`, 'merge-patch', { status: { readyToUse: true } })).status).toBe(200);
    },
  },
  {
    name: 'delete: a precondition on uid or version that fails is a Conflict',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      const made = await lab.post(path, snapshot('one'));
      await lab.patch(`${path}/one`, 'merge-patch', { metadata: { labels: { a: 'b' } } });
      const conditional = (preconditions: object): object => ({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions });
      const byUid = await lab.delete(`${path}/one`, conditional({ uid: '11111111-1111-4111-8111-111111111111' }));
      expect(refusal(byUid)).toMatchObject({ status: 409, reason: 'Conflict', name: 'one' });
      const byVersion = await lab.delete(`${path}/one`, conditional({ resourceVersion: text(made.body, 'metadata.resourceVersion') }));
      expect(refusal(byVersion)).toMatchObject({ status: 409, reason: 'Conflict', name: 'one' });
      const { body } = await lab.get(`${path}/one`);
      const stale = { uid: text(body, 'metadata.uid'), resourceVersion: text(made.body, 'metadata.resourceVersion') };
      expect(refusal(await lab.delete(`${path}/one`, conditional(stale)))).toMatchObject({ status: 409, reason: 'Conflict', name: 'one' });
      const right = { uid: text(body, 'metadata.uid'), resourceVersion: text(body, 'metadata.resourceVersion') };
      expect((await lab.delete(`${path}/one`, conditional(right))).status).toBe(200);
    },
  },
  {
    name: 'delete: propagationPolicy=Background and grace period 0 are taken',
    run: async (lab) => {
      const path = paths.configMaps(lab.namespace);
      await lab.post(path, configMap('one'));
      await lab.post(path, configMap('two'));
      expect((await lab.delete(`${path}/one?propagationPolicy=Background`)).status).toBe(200);
      expect(
        (
          await lab.delete(`${path}/two`, {
            apiVersion: 'v1',
            kind: 'DeleteOptions',
            propagationPolicy: 'Background',
            gracePeriodSeconds: 0,
          })
        ).status,
      ).toBe(200);
    },
  },
  {
    name: 'delete: a Pod without a node goes at once',
    run: async (lab) => {
      await lab.post(paths.pods(lab.namespace), pod('one'));
      expect((await lab.delete(`${paths.pods(lab.namespace)}/one`)).status).toBe(200);
      expect((await lab.get(`${paths.pods(lab.namespace)}/one`)).status).toBe(404);
    },
  },
  {
    name: 'delete: a Pod on a node waits for its grace period, and goes at once with grace period 0',
    run: async (lab) => {
      const path = `${paths.pods(lab.namespace)}/one`;
      await lab.post(paths.pods(lab.namespace), pod('one', { spec: { nodeName: 'node-a' } }));
      const answer = await lab.delete(path);
      expect(answer.body).toMatchObject({ kind: 'Pod', metadata: { deletionGracePeriodSeconds: 30 } });
      expect((await lab.get(path)).status).toBe(200);
      expect((await lab.delete(`${path}?gracePeriodSeconds=0`)).status).toBe(200);
      expect((await lab.get(path)).status).toBe(404);
    },
  },
  {
    name: 'delete: a collection by selector takes what it picks and nothing else',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      for (const [name, team] of [
        ['a', 'x'],
        ['b', 'y'],
        ['c', 'x'],
      ]) {
        await lab.post(path, snapshot(name ?? '', { metadata: { labels: { team } } }));
      }
      const answer = await lab.delete(`${path}?labelSelector=team%3Dx`);
      expect(answer.status).toBe(200);
      expect(names((await lab.get(path)).body)).toEqual(['b']);
    },
  },
  {
    name: 'delete: dryRun=All leaves the object alone',
    run: async (lab) => {
      await lab.post(paths.configMaps(lab.namespace), configMap('one'));
      expect((await lab.delete(`${paths.configMaps(lab.namespace)}/one?dryRun=All`)).status).toBe(200);
      expect((await lab.get(`${paths.configMaps(lab.namespace)}/one`)).status).toBe(200);
    },
  },
];
