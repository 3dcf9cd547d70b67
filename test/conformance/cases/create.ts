import { expect } from 'vitest';
import type { Case } from '../lab.ts';
import { at, names, refusal, text } from '../lab.ts';
import { claim, configMap, paths, snapshot } from '../objects.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const createCases: readonly Case[] = [
  {
    name: 'create: the answer is 201 with uid, version and creation time of the server',
    run: async (lab) => {
      const answer = await lab.post(paths.configMaps(lab.namespace), configMap('one'));
      expect(answer.status).toBe(201);
      expect(text(answer.body, 'metadata.uid')).toMatch(UUID);
      expect(text(answer.body, 'metadata.resourceVersion')).toMatch(/^[1-9]\d*$/);
      expect(text(answer.body, 'metadata.creationTimestamp')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(answer.body).toMatchObject({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'one', namespace: lab.namespace },
        data: { key: 'value' },
      });
    },
  },
  {
    name: 'create: system fields of the client are overwritten',
    run: async (lab) => {
      const metadata = {
        uid: '11111111-1111-4111-8111-111111111111',
        creationTimestamp: '2001-01-01T00:00:00Z',
        generation: 7,
        deletionTimestamp: '2001-01-01T00:00:00Z',
      };
      const { status, body } = await lab.post(paths.snapshots(lab.namespace), snapshot('one', { metadata }));
      expect(status).toBe(201);
      expect(text(body, 'metadata.uid')).not.toBe(metadata.uid);
      expect(text(body, 'metadata.creationTimestamp')).not.toBe(metadata.creationTimestamp);
      expect(at(body, 'metadata.generation')).toBe(1);
      expect(at(body, 'metadata.deletionTimestamp')).toBeUndefined();
    },
  },
  {
    name: 'create: the second object of a name is refused as AlreadyExists',
    run: async (lab) => {
      await lab.post(paths.configMaps(lab.namespace), configMap('one'));
      const again = await lab.post(paths.configMaps(lab.namespace), configMap('one'));
      expect(refusal(again)).toMatchObject({ status: 409, reason: 'AlreadyExists', kind: 'configmaps', name: 'one', causes: [] });
    },
  },
  {
    name: 'create: AlreadyExists of a custom resource carries group and plural',
    run: async (lab) => {
      await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      const again = await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      expect(refusal(again)).toMatchObject({ status: 409, reason: 'AlreadyExists', kind: 'volumesnapshots', name: 'one' });
      expect(at(again.body, 'details.group')).toBe('snapshot.storage.k8s.io');
      expect(at(again.body, 'message')).toBe('volumesnapshots.snapshot.storage.k8s.io "one" already exists');
    },
  },
  {
    name: 'create: a name that is no DNS subdomain is refused with the field',
    run: async (lab) => {
      for (const path of [paths.configMaps(lab.namespace), paths.snapshots(lab.namespace)]) {
        const body = path.includes('configmaps') ? configMap('Not_A_Name') : snapshot('Not_A_Name');
        expect(refusal(await lab.post(path, body))).toMatchObject({
          status: 422,
          reason: 'Invalid',
          name: 'Not_A_Name',
          causes: ['FieldValueInvalid metadata.name'],
        });
      }
    },
  },
  {
    name: 'create: an object without any name is refused',
    run: async (lab) => {
      const answer = await lab.post(paths.configMaps(lab.namespace), { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} });
      expect(refusal(answer)).toMatchObject({ status: 422, reason: 'Invalid', causes: ['FieldValueRequired metadata.name'] });
    },
  },
  {
    name: 'create: generateName gets five characters of the server appended',
    run: async (lab) => {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'made-' } };
      const made = [await lab.post(paths.configMaps(lab.namespace), body), await lab.post(paths.configMaps(lab.namespace), body)];
      for (const answer of made) {
        expect(answer.status).toBe(201);
        expect(text(answer.body, 'metadata.name')).toMatch(/^made-[a-z0-9]{5}$/);
        expect(at(answer.body, 'metadata.generateName')).toBe('made-');
      }
      expect(new Set(made.map((answer) => text(answer.body, 'metadata.name'))).size).toBe(2);
    },
  },
  {
    name: 'create: in a namespace that does not exist answers 404 naming the namespace',
    run: async (lab) => {
      const answer = await lab.post(paths.claims('no-such-namespace'), claim('one'));
      expect(refusal(answer)).toMatchObject({ status: 404, reason: 'NotFound', kind: 'namespaces', name: 'no-such-namespace' });
      expect((await lab.post(paths.snapshots('no-such-namespace'), snapshot('one'))).status).toBe(404);
    },
  },
  {
    name: 'create: a body whose namespace is not the path’s is a bad request',
    run: async (lab) => {
      const answer = await lab.post(paths.configMaps(lab.namespace), configMap('one', { metadata: { namespace: 'default' } }));
      expect(refusal(answer)).toMatchObject({ status: 400, reason: 'BadRequest' });
    },
  },
  {
    name: 'create: a body of another kind is a bad request',
    run: async (lab) => {
      expect(refusal(await lab.post(paths.configMaps(lab.namespace), claim('one')))).toMatchObject({ status: 400, reason: 'BadRequest' });
      expect(refusal(await lab.post(paths.snapshots(lab.namespace), configMap('one')))).toMatchObject({
        status: 400,
        reason: 'BadRequest',
      });
    },
  },
  {
    name: 'create: a custom resource must carry apiVersion and kind, a core object need not',
    run: async (lab) => {
      const bare = await lab.post(paths.snapshots(lab.namespace), {
        metadata: { name: 'bare' },
        spec: { source: { persistentVolumeClaimName: 'source' } },
      });
      expect(refusal(bare)).toMatchObject({ status: 400, reason: 'BadRequest' });
      expect((await lab.post(paths.configMaps(lab.namespace), { metadata: { name: 'bare' } })).status).toBe(201);
    },
  },
  {
    name: 'create: a body that is no JSON is a bad request',
    run: async (lab) => {
      const answer = await lab.send({
        method: 'POST',
        path: paths.configMaps(lab.namespace),
        headers: { 'content-type': 'application/json' },
        body: '{"kind":',
      });
      expect(refusal(answer)).toMatchObject({ status: 400, reason: 'BadRequest' });
    },
  },
  {
    name: 'create: a content type the server does not read answers 415',
    run: async (lab) => {
      const answer = await lab.send({
        method: 'POST',
        path: paths.configMaps(lab.namespace),
        headers: { 'content-type': 'text/csv' },
        body: 'a,b',
      });
      expect(refusal(answer)).toMatchObject({ status: 415, reason: 'UnsupportedMediaType' });
    },
  },
  {
    name: 'create: a body beyond three MiB answers 413',
    run: async (lab) => {
      const body = JSON.stringify(configMap('large', { data: { key: 'x'.repeat(3 * 1024 * 1024 + 100) } }));
      const answer = await lab.send({
        method: 'POST',
        path: paths.configMaps(lab.namespace),
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect(refusal(answer)).toMatchObject({ status: 413, reason: 'RequestEntityTooLarge' });
    },
  },
  {
    name: 'create: dryRun=All answers like the real thing and stores nothing',
    run: async (lab) => {
      const answer = await lab.post(`${paths.configMaps(lab.namespace)}?dryRun=All`, configMap('dry'));
      expect(answer.status).toBe(201);
      expect(text(answer.body, 'metadata.uid')).toMatch(UUID);
      expect((await lab.get(`${paths.configMaps(lab.namespace)}/dry`)).status).toBe(404);
    },
  },
  {
    name: 'create: with a resourceVersion in the body is refused',
    run: async (lab) => {
      const answer = await lab.post(paths.configMaps(lab.namespace), configMap('one', { metadata: { resourceVersion: '5' } }));
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect((await lab.get(`${paths.configMaps(lab.namespace)}/one`)).status).toBe(404);
    },
  },
  {
    name: 'create: fieldValidation=Strict refuses an unknown field of a custom resource, the default drops it',
    run: async (lab) => {
      const body = snapshot('one', { spec: { source: { persistentVolumeClaimName: 'source' }, unheardOf: 1 } });
      const strict = await lab.post(`${paths.snapshots(lab.namespace)}?fieldValidation=Strict`, body);
      expect(refusal(strict)).toMatchObject({ status: 400, reason: 'BadRequest' });
      expect(at(strict.body, 'message')).toContain('strict decoding error: unknown field "spec.unheardOf"');
      const loose = await lab.post(paths.snapshots(lab.namespace), body);
      expect(loose.status).toBe(201);
      expect(at(loose.body, 'spec.unheardOf')).toBeUndefined();
    },
  },
  {
    name: 'create: an object is listed by its name at once',
    run: async (lab) => {
      await lab.post(paths.configMaps(lab.namespace), configMap('seen'));
      expect(names((await lab.get(paths.configMaps(lab.namespace))).body)).toContain('seen');
    },
  },
];
