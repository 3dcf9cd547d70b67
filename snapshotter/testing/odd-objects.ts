/**
 * Objects that are nearly right: good ones of every stage, with up to two fields missing, null, empty or
 * of another type than today's schema allows. Metadata keeps its types: the API server's own code reads it.
 */
import fc from 'fast-check';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  VolumeSnapshot,
  VolumeSnapshotClass,
  VolumeSnapshotContent,
} from '../../lib/kube/objects.ts';
import { BEING_CREATED, BEING_DELETED, CLAIM_PROTECTION, DELETION_SECRET_NAME, DELETION_SECRET_NAMESPACE } from '../names.ts';
import {
  READY_STATUS,
  aClaim,
  aClass,
  aContent,
  aPreProvisionedContent,
  aPreProvisionedSnapshot,
  aReadySnapshot,
  aSnapshot,
  aVolume,
} from './objects.ts';

const GONE = Symbol('gone');
const ODD: readonly unknown[] = [
  GONE,
  null,
  '',
  0,
  -1,
  true,
  false,
  12.5,
  2n ** 70n,
  -1n,
  'NaN',
  'other',
  '2026-01-01T00:00:00Z',
  '🧊',
  [],
  {},
  ['x'],
];
const ODD_IN_METADATA: readonly unknown[] = [GONE, null, '', 'other'];

type Path = readonly string[];

function pathsOf(value: unknown, at: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return at.length === 0 ? [] : [at];
  return [...(at.length === 0 ? [] : [at]), ...Object.entries(value).flatMap(([name, below]) => pathsOf(below, [...at, name]))];
}

function damage(value: unknown, [name, ...below]: Path, odd: unknown): unknown {
  if (name === undefined) return odd;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value))
    return value.map((item: unknown, at) => (String(at) === name ? damage(item, below, odd) : item)).filter((item) => item !== GONE);
  const fields = Object.entries(value).map(([field, old]): [string, unknown] => [field, field === name ? damage(old, below, odd) : old]);
  return Object.fromEntries(fields.filter(([, field]) => field !== GONE));
}

export function nearly<T>(...good: readonly T[]): fc.Arbitrary<T> {
  const harm = fc.tuple(fc.nat(), fc.nat());
  return fc.tuple(fc.constantFrom(...good), fc.array(harm, { maxLength: 2 })).map(([object, harms]) => {
    let damaged: unknown = object;
    for (const [where, what] of harms) {
      const paths = pathsOf(damaged);
      const path = paths[where % Math.max(1, paths.length)];
      if (path === undefined) continue;
      const inMetadata = path[0] === 'metadata';
      // A list or map of the metadata is there or it is not; only texts may be odd.
      const whole = inMetadata && path.length === 2 && ['finalizers', 'annotations', 'ownerReferences'].includes(path[1] ?? '');
      const choices = whole || path.join() === 'metadata' ? [GONE, null] : inMetadata ? ODD_IN_METADATA : ODD;
      damaged = damage(damaged, path, choices[what % choices.length]);
    }
    // The type says what the fields should be; what was made here need not keep to it.
    return damaged as T;
  });
}

const going = { deletionTimestamp: '2026-01-01T00:01:00Z' };
const secret = { [DELETION_SECRET_NAME]: 'key', [DELETION_SECRET_NAMESPACE]: 'vault' };
const failing = { readyToUse: false, error: { time: '2026-01-01T00:00:01Z', message: 'x' } };

export const oddSnapshot: fc.Arbitrary<VolumeSnapshot> = nearly(
  aSnapshot(),
  aSnapshot({ metadata: aReadySnapshot().metadata ?? {}, status: failing }),
  aReadySnapshot(),
  aReadySnapshot({ metadata: { ...aReadySnapshot().metadata, ...going } }),
  aPreProvisionedSnapshot(),
);

export const oddContent: fc.Arbitrary<VolumeSnapshotContent> = nearly(
  aContent(),
  aContent({ metadata: { annotations: { [BEING_CREATED]: 'yes', ...secret } }, status: failing }),
  aContent({ status: READY_STATUS }),
  aContent({ metadata: { ...going, annotations: { [BEING_DELETED]: 'yes' } }, status: READY_STATUS }),
  aContent({ metadata: { ...going, annotations: { [BEING_DELETED]: 'yes', [BEING_CREATED]: 'yes' } } }),
  aPreProvisionedContent(),
  aPreProvisionedContent({ metadata: going, status: READY_STATUS }),
);

export const oddClass: fc.Arbitrary<VolumeSnapshotClass> = nearly(
  aClass(),
  aClass({
    parameters: {
      tier: 'gold',
      'csi.storage.k8s.io/snapshotter-secret-name': '${volumesnapshot.name}',
      'csi.storage.k8s.io/snapshotter-secret-namespace': 'vault',
    },
  }),
);

export const oddClaim: fc.Arbitrary<PersistentVolumeClaim> = nearly(
  aClaim(),
  aClaim({ metadata: { finalizers: [CLAIM_PROTECTION] } }),
  aClaim({ metadata: { finalizers: [CLAIM_PROTECTION], ...going } }),
  aClaim({ spec: { dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'nightly' } } }),
);

const term = {
  matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }],
  matchFields: [{ key: 'metadata.name', operator: 'Gt', values: ['1'] }],
};
export const oddVolume: fc.Arbitrary<PersistentVolume> = nearly(
  aVolume(),
  aVolume({ nodeAffinity: { required: { nodeSelectorTerms: [term] } } }),
);
