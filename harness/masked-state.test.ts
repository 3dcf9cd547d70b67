import { expect, test } from 'vitest';
import type { KubeObject } from '../lib/kube/objects.ts';
import type { Listed } from './masked-state.ts';
import { createMasks } from './masked-state.ts';

const claim = (uid: string, spec: object = {}): Listed => ({
  kind: 'PersistentVolumeClaim',
  object: {
    metadata: { name: 'data', namespace: 'shop', uid, resourceVersion: '7' },
    spec: { volumeName: `pvc-${uid}`, ...spec },
  } as KubeObject,
});

const volume = (uid: string, claimUid: string, handle: string): Listed => ({
  kind: 'PersistentVolume',
  object: {
    metadata: { name: `pvc-${claimUid}`, uid, creationTimestamp: '2030-01-01T00:00:00Z' },
    spec: { csi: { driver: 'd', volumeHandle: handle }, claimRef: { name: 'data', uid: claimUid } },
  } as KubeObject,
});

const event = (claimUid: string, count: number): Listed => ({
  kind: 'Event',
  object: {
    metadata: { name: `data.${count}` },
    involvedObject: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'shop', name: 'data', uid: claimUid },
    source: { component: `d_host-${count}_${claimUid}` },
    type: 'Normal',
    reason: 'ProvisioningSucceeded',
    message: `Successfully provisioned volume pvc-${claimUid}`,
    count,
  } as KubeObject,
});

test('two runs that differ in what each draws for itself mask to the same', () => {
  const one = createMasks().mask([volume('aa-2', 'aa-1', 'vol-x'), claim('aa-1'), event('aa-1', 1), event('aa-1', 3)]);
  const other = createMasks().mask([claim('bb-7'), volume('bb-9', 'bb-7', 'vol-y'), event('bb-7', 2)]);
  expect(other).toEqual(one);
  expect(Object.keys(one)).toEqual([
    expect.stringMatching(/^Event v1 PersistentVolumeClaim shop\/data \| .* \| ProvisioningSucceeded \| Successfully provisioned/),
    'PersistentVolume pvc-<uid of PersistentVolumeClaim data>',
    'PersistentVolumeClaim shop data',
  ]);
});

test('a reference to the wrong object still shows', () => {
  const right = createMasks().mask([claim('aa-1'), volume('aa-2', 'aa-1', 'vol-x')]);
  const wrong = createMasks().mask([claim('aa-1', { volumeName: 'pvc-aa-2' }), volume('aa-2', 'aa-1', 'vol-x')]);
  expect(wrong).not.toEqual(right);
});

test('a field that one side lacks shows', () => {
  const masks = createMasks();
  expect(masks.mask([claim('aa-1', { volumeMode: 'Filesystem' })])).not.toEqual(createMasks().mask([claim('aa-1')]));
});

test('what is deleted at a later look keeps its label', () => {
  const masks = createMasks();
  masks.mask([claim('aa-1')]);
  expect(Object.keys(masks.mask([event('aa-1', 1)]))[0]).toContain('<uid of PersistentVolumeClaim data>');
});
