import { expect } from 'vitest';
import type { Case, Lab } from '../lab.ts';
import { at, names, refusal, text } from '../lab.ts';
import { lease, paths } from '../objects.ts';

function event(lab: Lab, name: string, { involved = {}, ...fields }: { involved?: object; [field: string]: unknown } = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name },
    involvedObject: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: lab.namespace, name: 'claim', uid: 'uid-1', ...involved },
    reason: 'Tested',
    message: 'something happened',
    type: 'Normal',
    source: { component: 'conformance' },
    firstTimestamp: '2026-01-02T03:04:05Z',
    lastTimestamp: '2026-01-02T03:04:05Z',
    count: 1,
    ...fields,
  };
}

/** Leases, Events and Secrets: what leader election and the recorders write. */
export const recordCases: readonly Case[] = [
  {
    name: 'lease: times keep six decimals, and a time without them is a bad request',
    run: async (lab) => {
      const spec = {
        holderIdentity: 'one',
        acquireTime: '2026-01-02T03:04:05.000001Z',
        renewTime: '2026-01-02T03:04:05.000000Z',
        leaseTransitions: 1,
      };
      const { status, body } = await lab.post(paths.leases(lab.namespace), lease('one', { spec }));
      expect(status).toBe(201);
      expect(at(body, 'spec')).toEqual(spec);
      const whole = await lab.post(paths.leases(lab.namespace), lease('two', { spec: { ...spec, renewTime: '2026-01-02T03:04:05Z' } }));
      expect(whole.status).toBe(400);
    },
  },
  {
    name: 'lease: a renewal by PUT of a stale version is a Conflict, so only one holder wins',
    run: async (lab) => {
      const path = `${paths.leases(lab.namespace)}/one`;
      const { body } = await lab.post(paths.leases(lab.namespace), lease('one'));
      const taken = (holderIdentity: string): object => ({
        ...(body as object),
        spec: { ...(at(body, 'spec') as object), holderIdentity },
      });
      const answers = await Promise.all([lab.put(path, taken('two')), lab.put(path, taken('three'))]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    },
  },
  {
    name: 'lease: a time the server cannot read is a bad request, a negative duration Invalid',
    run: async (lab) => {
      const wrong = await lab.post(paths.leases(lab.namespace), lease('one', { spec: { renewTime: 'now' } }));
      expect(wrong.status).toBe(400);
      const negative = await lab.post(paths.leases(lab.namespace), lease('one', { spec: { leaseDurationSeconds: -1 } }));
      expect(refusal(negative)).toMatchObject({ status: 422, causes: ['FieldValueInvalid spec.leaseDurationSeconds'] });
    },
  },
  {
    name: 'lease: labels select leases, and 16 KiB of annotation are kept',
    run: async (lab) => {
      const annotations = { 'example.com/record': 'x'.repeat(16 * 1024) };
      await lab.post(paths.leases(lab.namespace), lease('one', { metadata: { labels: { driver: 'a' }, annotations } }));
      await lab.post(paths.leases(lab.namespace), lease('two'));
      const { body } = await lab.get(`${paths.leases(lab.namespace)}?labelSelector=driver%3Da`);
      expect(names(body)).toEqual(['one']);
      expect((at(body, 'items.0.metadata.annotations') as Record<string, string>)['example.com/record']).toHaveLength(16 * 1024);
    },
  },
  {
    name: 'event: is found by the fields kubectl describe asks for',
    run: async (lab) => {
      await lab.post(paths.events(lab.namespace), event(lab, 'one'));
      await lab.post(
        paths.events(lab.namespace),
        event(lab, 'two', { involved: { name: 'other', uid: 'uid-2' }, type: 'Warning', reason: 'Other' }),
      );
      const picked = async (selector: string): Promise<string[]> =>
        names((await lab.get(`${paths.events(lab.namespace)}?fieldSelector=${encodeURIComponent(selector)}`)).body);
      const described = `involvedObject.name=claim,involvedObject.namespace=${lab.namespace},involvedObject.kind=PersistentVolumeClaim,involvedObject.uid=uid-1`;
      expect(await picked(described)).toEqual(['one']);
      expect(await picked('type=Warning')).toEqual(['two']);
      expect(await picked('reason=Tested')).toEqual(['one']);
      expect(await picked('source=conformance,type!=Normal')).toEqual(['two']);
    },
  },
  {
    name: 'event: count and last time are patched by merge or strategic patch',
    run: async (lab) => {
      const path = `${paths.events(lab.namespace)}/one`;
      await lab.post(paths.events(lab.namespace), event(lab, 'one'));
      const strategic = await lab.patch(path, 'strategic-merge-patch', { count: 2, lastTimestamp: '2026-01-02T03:05:05Z' });
      expect(strategic.body).toMatchObject({ count: 2, firstTimestamp: '2026-01-02T03:04:05Z', lastTimestamp: '2026-01-02T03:05:05Z' });
      expect(at((await lab.patch(path, 'merge-patch', { count: 3 })).body, 'count')).toBe(3);
    },
  },
  {
    name: 'event: about an object of another namespace is refused',
    run: async (lab) => {
      const answer = await lab.post(paths.events(lab.namespace), event(lab, 'one', { involved: { namespace: 'elsewhere' } }));
      expect(refusal(answer)).toMatchObject({ status: 422, causes: ['FieldValueInvalid involvedObject.namespace'] });
    },
  },
  {
    name: 'event: about a cluster-scoped object lives in the default namespace',
    run: async (lab) => {
      const about = { kind: 'PersistentVolume', namespace: undefined, name: 'pv' };
      const here = await lab.post(paths.events('default'), event(lab, lab.unique('event'), { involved: about }));
      expect(here.status).toBe(201);
      expect(at(here.body, 'metadata.namespace')).toBe('default');
      expect((await lab.post(paths.events(lab.namespace), event(lab, 'one', { involved: about }))).status).toBe(422);
    },
  },
  {
    name: 'event: in a namespace that does not exist answers 404',
    run: async (lab) => {
      const body = event(lab, 'one', { involved: { namespace: 'no-such-namespace' } });
      expect(refusal(await lab.post(paths.events('no-such-namespace'), body))).toMatchObject({ status: 404, kind: 'namespaces' });
    },
  },
  {
    name: 'secret: text becomes base64 data, and the type is Opaque',
    run: async (lab) => {
      const body = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'one' },
        stringData: { user: 'admin' },
        data: { key: 'dmFsdWU=' },
      };
      const { status, body: made } = await lab.post(paths.secrets(lab.namespace), body);
      expect(status).toBe(201);
      expect(made).toMatchObject({ type: 'Opaque', data: { user: 'YWRtaW4=', key: 'dmFsdWU=' } });
      expect(at(made, 'stringData')).toBeUndefined();
    },
  },
  {
    name: 'secret: the type is immutable',
    run: async (lab) => {
      await lab.post(paths.secrets(lab.namespace), { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'one' } });
      const answer = await lab.patch(`${paths.secrets(lab.namespace)}/one`, 'merge-patch', { type: 'example.com/other' });
      expect(refusal(answer)).toMatchObject({ status: 422, causes: ['FieldValueInvalid type'] });
    },
  },
  {
    name: 'pod: the binding subresource sets the node once',
    run: async (lab) => {
      const path = `${paths.pods(lab.namespace)}/one`;
      await lab.post(paths.pods(lab.namespace), {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'one' },
        spec: { containers: [{ name: 'main', image: 'none.example/main' }] },
      });
      const binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'one' },
        target: { apiVersion: 'v1', kind: 'Node', name: 'node-a' },
      };
      expect((await lab.post(`${path}/binding`, binding)).status).toBe(201);
      expect(text((await lab.get(path)).body, 'spec.nodeName')).toBe('node-a');
      expect(refusal(await lab.post(`${path}/binding`, binding))).toMatchObject({ status: 409, reason: 'Conflict' });
    },
  },
];
