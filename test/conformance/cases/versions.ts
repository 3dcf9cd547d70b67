import { expect } from 'vitest';
import type { Case, Lab } from '../lab.ts';
import { at, refusal, text } from '../lab.ts';
import { claim, configMap, content, paths, snapshot } from '../objects.ts';

/** A fresh object and a version of it that is already past. */
async function twice(lab: Lab, path: string, body: object): Promise<{ stale: object; now: string }> {
  const stale = await lab.post(path, body);
  const name = text(stale.body, 'metadata.name');
  const changed = await lab.patch(`${path}/${name}`, 'merge-patch', { metadata: { labels: { touched: 'yes' } } });
  return { stale: stale.body as object, now: text(changed.body, 'metadata.resourceVersion') };
}

function edited(object: object, metadata: object): object {
  return { ...object, metadata: { ...(at(object, 'metadata') as object), ...metadata } };
}

export const versionCases: readonly Case[] = [
  {
    name: 'locking: a PUT of a stale version is a Conflict that names the object',
    run: async (lab) => {
      for (const [path, body, plural] of [
        [paths.claims(lab.namespace), claim('one'), 'persistentvolumeclaims'],
        [paths.snapshots(lab.namespace), snapshot('one'), 'volumesnapshots'],
      ] as const) {
        const { stale } = await twice(lab, path, body);
        const answer = await lab.put(`${path}/one`, edited(stale, { annotations: { a: 'b' } }));
        expect(refusal(answer)).toEqual({ status: 409, reason: 'Conflict', kind: plural, name: 'one', causes: [] });
        expect(at(answer.body, 'message')).toContain(
          'the object has been modified; please apply your changes to the latest version and try again',
        );
      }
    },
  },
  {
    name: 'locking: a PUT of the current version is taken and makes a new one',
    run: async (lab) => {
      const path = paths.claims(lab.namespace);
      const { stale, now } = await twice(lab, path, claim('one'));
      const answer = await lab.put(`${path}/one`, edited(stale, { resourceVersion: now, annotations: { a: 'b' } }));
      expect(answer.status).toBe(200);
      expect(Number(text(answer.body, 'metadata.resourceVersion'))).toBeGreaterThan(Number(now));
    },
  },
  {
    name: 'locking: a PUT without a version is unconditional for core kinds',
    run: async (lab) => {
      const path = paths.configMaps(lab.namespace);
      await twice(lab, path, configMap('one'));
      const answer = await lab.put(`${path}/one`, configMap('one', { data: { key: 'replaced' } }));
      expect(answer.status).toBe(200);
      expect(at(answer.body, 'data')).toEqual({ key: 'replaced' });
      expect(at(answer.body, 'metadata.labels')).toBeUndefined();
    },
  },
  {
    name: 'locking: a PUT without a version is refused for custom resources',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      await twice(lab, path, snapshot('one'));
      const answer = await lab.put(`${path}/one`, snapshot('one'));
      expect(refusal(answer)).toMatchObject({ status: 422, reason: 'Invalid', causes: ['FieldValueInvalid metadata.resourceVersion'] });
    },
  },
  {
    name: 'locking: a PUT with another uid is a Conflict',
    run: async (lab) => {
      for (const [path, body] of [
        [paths.claims(lab.namespace), claim('one')],
        [paths.snapshots(lab.namespace), snapshot('one')],
      ] as const) {
        const made = await lab.post(path, body);
        const answer = await lab.put(
          `${path}/one`,
          edited(made.body as object, { uid: '11111111-1111-4111-8111-111111111111', labels: { a: 'b' } }),
        );
        expect(refusal(answer)).toMatchObject({ status: 409, reason: 'Conflict', name: 'one' });
      }
    },
  },
  {
    name: 'locking: a merge patch with a stale version is a Conflict',
    run: async (lab) => {
      for (const [path, body] of [
        [paths.claims(lab.namespace), claim('one')],
        [paths.snapshots(lab.namespace), snapshot('one')],
      ] as const) {
        const { stale, now } = await twice(lab, path, body);
        const change = (resourceVersion: string): object => ({ metadata: { resourceVersion, annotations: { a: 'b' } } });
        const late = await lab.patch(`${path}/one`, 'merge-patch', change(text(stale, 'metadata.resourceVersion')));
        expect(refusal(late)).toMatchObject({ status: 409, reason: 'Conflict', name: 'one', causes: [] });
        expect((await lab.patch(`${path}/one`, 'merge-patch', change(now))).status).toBe(200);
      }
    },
  },
  {
    name: 'locking: a merge patch with another uid is Invalid, with a stale version beside it a Conflict',
    run: async (lab) => {
      const uid = '11111111-1111-4111-8111-111111111111';
      for (const [path, body] of [
        [paths.configMaps(lab.namespace), configMap('one')],
        [paths.snapshots(lab.namespace), snapshot('one')],
      ] as const) {
        const { stale } = await twice(lab, path, body);
        const alone = await lab.patch(`${path}/one`, 'merge-patch', { metadata: { uid, annotations: { a: 'b' } } });
        expect(refusal(alone)).toMatchObject({ status: 422, reason: 'Invalid', causes: ['FieldValueInvalid metadata.uid'] });
        const resourceVersion = text(stale, 'metadata.resourceVersion');
        const both = await lab.patch(`${path}/one`, 'merge-patch', { metadata: { uid, resourceVersion, annotations: { a: 'b' } } });
        expect(refusal(both)).toMatchObject({ status: 409, reason: 'Conflict', causes: [] });
      }
    },
  },
  {
    name: 'locking: a status PUT and a status patch of a stale version are Conflicts',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      const { stale } = await twice(lab, path, snapshot('one'));
      const put = await lab.put(`${path}/one/status`, { ...stale, status: { readyToUse: true } });
      expect(refusal(put)).toMatchObject({ status: 409, reason: 'Conflict', name: 'one' });
      const change = { metadata: { resourceVersion: text(stale, 'metadata.resourceVersion') }, status: { readyToUse: true } };
      expect(refusal(await lab.patch(`${path}/one/status`, 'merge-patch', change))).toMatchObject({ status: 409, reason: 'Conflict' });
    },
  },
  {
    name: 'writes that change nothing keep the version: PUT, merge patch, JSON patch, status',
    run: async (lab) => {
      // In this order: with two writers the real server sorts managedFields by time, and a main write
      // after a status write then counts as a change.
      const path = paths.snapshots(lab.namespace);
      const made = await lab.post(path, snapshot('one'));
      const again = [
        await lab.put(`${path}/one`, made.body as object),
        await lab.patch(`${path}/one`, 'merge-patch', { spec: { source: { persistentVolumeClaimName: 'source' } } }),
        await lab.patch(`${path}/one`, 'json-patch', [{ op: 'replace', path: '/spec/source/persistentVolumeClaimName', value: 'source' }]),
      ];
      for (const answer of again)
        expect([answer.status, text(answer.body, 'metadata.resourceVersion')]).toEqual([200, text(made.body, 'metadata.resourceVersion')]);
      const ready = await lab.patch(`${path}/one/status`, 'merge-patch', { status: { readyToUse: false } });
      const same = [
        await lab.patch(`${path}/one/status`, 'merge-patch', { status: { readyToUse: false } }),
        await lab.put(`${path}/one/status`, ready.body as object),
      ];
      for (const answer of same)
        expect([answer.status, text(answer.body, 'metadata.resourceVersion')]).toEqual([200, text(ready.body, 'metadata.resourceVersion')]);
    },
  },
  {
    name: 'writes that change nothing keep the version of core kinds too',
    run: async (lab) => {
      // Not of a claim: kube-apiserver stores a claim differently at its first PUT, changed or not.
      const path = `${paths.configMaps(lab.namespace)}/one`;
      const made = await lab.post(paths.configMaps(lab.namespace), configMap('one', { metadata: { finalizers: ['example.com/held'] } }));
      const again = [
        await lab.put(path, made.body as object),
        await lab.patch(path, 'strategic-merge-patch', { metadata: { finalizers: ['example.com/held'] } }),
        await lab.patch(path, 'json-patch', []),
      ];
      for (const answer of again)
        expect([answer.status, text(answer.body, 'metadata.resourceVersion')]).toEqual([200, text(made.body, 'metadata.resourceVersion')]);
    },
  },
  {
    name: 'update: of an absent object answers 404',
    run: async (lab) => {
      const put = await lab.put(`${paths.claims(lab.namespace)}/absent`, claim('absent'));
      expect(refusal(put)).toMatchObject({ status: 404, reason: 'NotFound', name: 'absent' });
      const custom = await lab.put(`${paths.snapshots(lab.namespace)}/absent`, snapshot('absent', { metadata: { resourceVersion: '1' } }));
      expect(custom.status).toBe(404);
    },
  },
  {
    name: 'update: a body with another name than the path’s is a bad request',
    run: async (lab) => {
      const path = paths.configMaps(lab.namespace);
      await lab.post(path, configMap('one'));
      expect(refusal(await lab.put(`${path}/one`, configMap('two')))).toMatchObject({ status: 400, reason: 'BadRequest' });
    },
  },
  {
    name: 'generation: of a custom resource counts changes of the spec only',
    run: async (lab) => {
      const made = await lab.post(paths.contents, content(lab.unique('content')));
      const path = `${paths.contents}/${text(made.body, 'metadata.name')}`;
      const generation = async (answer: Promise<{ body: unknown }>): Promise<unknown> => at((await answer).body, 'metadata.generation');
      expect(at(made.body, 'metadata.generation')).toBe(1);
      expect(await generation(lab.patch(path, 'merge-patch', { metadata: { annotations: { a: 'b' } } }))).toBe(1);
      expect(await generation(lab.patch(`${path}/status`, 'merge-patch', { status: { readyToUse: true } }))).toBe(1);
      expect(await generation(lab.patch(path, 'merge-patch', { spec: { deletionPolicy: 'Retain' } }))).toBe(2);
      expect(await generation(lab.patch(path, 'merge-patch', { metadata: { finalizers: ['example.com/held'] } }))).toBe(2);
      await lab.delete(path);
      expect(await generation(lab.get(path))).toBe(3);
      const { body } = await lab.get(path);
      expect(await generation(lab.put(path, edited(body as object, { generation: 99, labels: { a: 'b' } })))).toBe(3);
      await lab.patch(path, 'merge-patch', { metadata: { finalizers: null } });
    },
  },
  {
    name: 'update: another creation time in the body is ignored, a deletion time is refused',
    run: async (lab) => {
      for (const [path, body] of [
        [paths.claims(lab.namespace), claim('one')],
        [paths.snapshots(lab.namespace), snapshot('one')],
      ] as const) {
        const made = await lab.post(path, body);
        const answer = await lab.put(
          `${path}/one`,
          edited(made.body as object, { creationTimestamp: '2001-01-01T00:00:00Z', labels: { a: 'b' } }),
        );
        expect(answer.status).toBe(200);
        expect(at(answer.body, 'metadata.creationTimestamp')).toBe(at(made.body, 'metadata.creationTimestamp'));
        const deleting = await lab.put(`${path}/one`, edited(answer.body as object, { deletionTimestamp: '2001-01-01T00:00:00Z' }));
        expect(refusal(deleting)).toMatchObject({ status: 422, causes: ['FieldValueInvalid metadata.deletionTimestamp'] });
      }
    },
  },
];
