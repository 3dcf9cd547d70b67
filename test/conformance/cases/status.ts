import { expect } from 'vitest';
import type { Case } from '../lab.ts';
import { at, refusal, text } from '../lab.ts';
import { claim, content, paths, snapshot, snapshotClass, volume } from '../objects.ts';

/** 2^53 + 1: the first integer a double cannot hold. A creation time in nanoseconds is far beyond it. */
const BEYOND_DOUBLE = '9007199254740993';

export const statusCases: readonly Case[] = [
  {
    name: 'status: of a custom resource is dropped at creation',
    run: async (lab) => {
      const { status, body } = await lab.post(paths.snapshots(lab.namespace), snapshot('one', { status: { readyToUse: true } }));
      expect(status).toBe(201);
      expect(at(body, 'status')).toBeUndefined();
    },
  },
  {
    name: 'status: a PUT or patch of the main resource does not touch it',
    run: async (lab) => {
      const path = `${paths.snapshots(lab.namespace)}/one`;
      await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      const ready = await lab.patch(`${path}/status`, 'merge-patch', { status: { readyToUse: true } });
      const put = await lab.put(path, { ...(ready.body as object), status: { readyToUse: false } });
      expect(at(put.body, 'status')).toEqual({ readyToUse: true });
      const patched = await lab.patch(path, 'merge-patch', { status: { readyToUse: false }, metadata: { labels: { a: 'b' } } });
      expect(at(patched.body, 'status')).toEqual({ readyToUse: true });
      expect(at(patched.body, 'metadata.labels')).toEqual({ a: 'b' });
    },
  },
  {
    name: 'status: a status PUT of a custom resource ignores spec, labels and finalizers',
    run: async (lab) => {
      const path = `${paths.snapshots(lab.namespace)}/one`;
      const made = await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      const metadata = { ...(at(made.body, 'metadata') as object), labels: { a: 'b' }, finalizers: ['example.com/held'] };
      const answer = await lab.put(`${path}/status`, {
        ...(made.body as object),
        metadata,
        spec: { source: { persistentVolumeClaimName: 'other' } },
        status: { readyToUse: true },
      });
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ spec: { source: { persistentVolumeClaimName: 'source' } }, status: { readyToUse: true } });
      expect(at(answer.body, 'metadata.labels')).toBeUndefined();
      expect(at(answer.body, 'metadata.finalizers')).toBeUndefined();
    },
  },
  {
    name: 'status: GET of the subresource answers the whole object',
    run: async (lab) => {
      await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      const { body } = await lab.get(`${paths.snapshots(lab.namespace)}/one/status`);
      expect(body).toMatchObject({
        kind: 'VolumeSnapshot',
        metadata: { name: 'one' },
        spec: { source: { persistentVolumeClaimName: 'source' } },
      });
    },
  },
  {
    name: 'status: a kind without the subresource answers 404 for it',
    run: async (lab) => {
      const name = lab.unique('class');
      await lab.post(paths.snapshotClasses, snapshotClass(name));
      expect((await lab.patch(`${paths.snapshotClasses}/${name}/status`, 'merge-patch', { status: {} })).status).toBe(404);
    },
  },
  {
    name: 'status: JSON patches of a status add where nothing is',
    run: async (lab) => {
      const path = `${paths.snapshots(lab.namespace)}/one`;
      await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      const inside = await lab.patch(`${path}/status`, 'json-patch', [{ op: 'add', path: '/status/readyToUse', value: true }]);
      expect(inside.status).toBe(422);
      const whole = await lab.patch(`${path}/status`, 'json-patch', [{ op: 'add', path: '/status', value: { readyToUse: true } }]);
      expect(whole.status).toBe(200);
      const replaced = await lab.patch(`${path}/status`, 'json-patch', [{ op: 'replace', path: '/status/readyToUse', value: false }]);
      expect(at(replaced.body, 'status.readyToUse')).toBe(false);
    },
  },
  {
    name: 'status: the schema refuses a negative restore size with the field',
    run: async (lab) => {
      const name = lab.unique('content');
      await lab.post(paths.contents, content(name));
      const answer = await lab.patch(`${paths.contents}/${name}/status`, 'merge-patch', { status: { restoreSize: -1 } });
      expect(refusal(answer)).toMatchObject({ status: 422, reason: 'Invalid', name, causes: ['FieldValueInvalid status.restoreSize'] });
    },
  },
  {
    name: 'status: of a claim is written through its subresource only',
    run: async (lab) => {
      const path = `${paths.claims(lab.namespace)}/one`;
      await lab.post(paths.claims(lab.namespace), claim('one'));
      const conditions = [{ type: 'FileSystemResizePending', status: 'True' }];
      const main = await lab.patch(path, 'merge-patch', { status: { conditions } });
      expect(at(main.body, 'status.conditions')).toBeUndefined();
      const own = await lab.patch(`${path}/status`, 'merge-patch', { status: { conditions }, spec: { volumeName: 'other' } });
      expect(at(own.body, 'status.conditions.0.type')).toBe('FileSystemResizePending');
      expect(at(own.body, 'spec.volumeName')).toBeUndefined();
    },
  },
  {
    name: 'status: of a volume is written through its subresource only',
    run: async (lab) => {
      const name = lab.unique('volume');
      await lab.post(paths.volumes, volume(name));
      const path = `${paths.volumes}/${name}`;
      expect(at((await lab.patch(path, 'merge-patch', { status: { message: 'x' } })).body, 'status.message')).toBeUndefined();
      expect(at((await lab.patch(`${path}/status`, 'merge-patch', { status: { message: 'x' } })).body, 'status.message')).toBe('x');
    },
  },
  {
    name: 'status: allocatable of a Node is set through its subresource',
    run: async (lab) => {
      const name = lab.unique('node');
      await lab.post(paths.nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name } });
      const answer = await lab.patch(`${paths.nodes}/${name}/status`, 'merge-patch', {
        status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110' } },
      });
      expect(at(answer.body, 'status.allocatable.cpu')).toBe('4');
      await lab.delete(`${paths.nodes}/${name}`);
    },
  },
  {
    name: 'numbers: an int64 beyond 2^53 keeps every digit in answer, read, list and watch',
    run: async (lab) => {
      const name = lab.unique('content');
      await lab.post(paths.contents, content(name));
      const version = text((await lab.get(paths.contents)).body, 'metadata.resourceVersion');
      const path = `${paths.contents}/${name}`;
      const written = await lab.send({
        method: 'PATCH',
        path: `${path}/status`,
        headers: { 'content-type': 'application/merge-patch+json' },
        body: `{"status":{"creationTime":${BEYOND_DOUBLE},"restoreSize":${BEYOND_DOUBLE}}}`,
      });
      expect(written.status).toBe(200);
      const watch = await lab.server.watch(`${paths.contents}?watch=true&resourceVersion=${version}&fieldSelector=metadata.name%3D${name}`);
      const told = [
        written.text,
        (await lab.get(path)).text,
        (await lab.get(`${paths.contents}?fieldSelector=metadata.name%3D${name}`)).text,
        (await watch.next()) ?? '',
      ];
      watch.close();
      for (const answer of told) {
        expect(answer.replaceAll(' ', '')).toContain(`"creationTime":${BEYOND_DOUBLE}`);
        expect(answer.replaceAll(' ', '')).toContain(`"restoreSize":${BEYOND_DOUBLE}`);
      }
    },
  },
  {
    name: 'numbers: an int64 beyond 2^53 survives a later patch of another field, and a JSON patch',
    run: async (lab) => {
      const name = lab.unique('content');
      await lab.post(paths.contents, content(name));
      const path = `${paths.contents}/${name}/status`;
      const headers = { 'content-type': 'application/json-patch+json' };
      await lab.send({ method: 'PATCH', path, headers, body: `[{"op":"add","path":"/status","value":{"creationTime":${BEYOND_DOUBLE}}}]` });
      await lab.patch(path, 'merge-patch', { status: { readyToUse: true } });
      await lab.patch(`${paths.contents}/${name}`, 'merge-patch', { metadata: { annotations: { a: 'b' } } });
      const { text: now } = await lab.get(`${paths.contents}/${name}`);
      expect(now.replaceAll(' ', '')).toContain(`"creationTime":${BEYOND_DOUBLE}`);
    },
  },
  {
    name: 'numbers: a fraction or a number outside int64 is refused where the schema says int64',
    run: async (lab) => {
      const name = lab.unique('content');
      await lab.post(paths.contents, content(name));
      const answer = await lab.patch(`${paths.contents}/${name}/status`, 'merge-patch', { status: { restoreSize: 1.5 } });
      expect(refusal(answer).status).toBe(422);
      expect(refusal(answer).causes).toContain('FieldValueTypeInvalid status.restoreSize');
    },
  },
];
