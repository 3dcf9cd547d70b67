import { expect, test } from 'vitest';
import type { ReferenceGrant } from '../../lib/kube/objects.ts';
import { aClaim } from '../testing/objects.ts';
import { dataSourceOf, grantProblem, isSource } from './data-source.ts';

const SNAPSHOT = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'monday' };
const off = { crossNamespace: false };
const on = { crossNamespace: true };

test('no source is no source, also where a client wrote null', () => {
  expect(dataSourceOf(aClaim(), off)).toEqual({ kind: 'none' });
});

test('dataSource wins over dataSourceRef', () => {
  const claim = aClaim({ dataSource: SNAPSHOT, dataSourceRef: { ...SNAPSHOT, name: 'tuesday' } });
  expect(dataSourceOf(claim, off)).toMatchObject({ kind: 'snapshot', namespace: 'shop', name: 'monday', crosses: false });
});

test('a source of another namespace needs the gate', () => {
  const claim = aClaim({ dataSourceRef: { ...SNAPSHOT, namespace: 'vault' } });
  expect(dataSourceOf(claim, off).kind).toBe('invalid');
  expect(dataSourceOf(claim, on)).toMatchObject({ kind: 'snapshot', namespace: 'vault', crosses: true });
  expect(dataSourceOf(aClaim({ dataSourceRef: { ...SNAPSHOT, namespace: 'shop' } }), on)).toMatchObject({ crosses: false });
});

test('a snapshot has its one group; the group of a claim is not looked at', () => {
  expect(dataSourceOf(aClaim({ dataSource: { kind: 'VolumeSnapshot', name: 'x' } }), off).kind).toBe('invalid');
  for (const field of ['dataSource', 'dataSourceRef'])
    expect(dataSourceOf(aClaim({ [field]: { ...SNAPSHOT, apiGroup: 'other.example' } }), off).kind).toBe('invalid');
  expect(dataSourceOf(aClaim({ dataSource: { kind: 'PersistentVolumeClaim', name: 'x', apiGroup: 'odd' } }), off).kind).toBe('claim');
});

test('a kind that we do not know is somebody else’s, a source without a name is a mistake', () => {
  expect(dataSourceOf(aClaim({ dataSourceRef: { apiGroup: 'x', kind: 'Book', name: 'b' } }), off)).toMatchObject({
    kind: 'foreign',
    written: 'Book',
    name: 'b',
  });
  expect(dataSourceOf(aClaim({ dataSource: { ...SNAPSHOT, name: '' } }), off).kind).toBe('invalid');
});

const FROM = { group: '', kind: 'PersistentVolumeClaim', namespace: 'shop' };
const TO = { group: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot' };
const grant = (from: object | undefined, to: object | undefined): ReferenceGrant => ({
  spec: { ...(from === undefined ? {} : { from: [from] }), ...(to === undefined ? {} : { to: [to] }) },
});

test.each([
  ['any object of the kind', grant(FROM, TO), true],
  ['this object by name', grant(FROM, { ...TO, name: 'monday' }), true],
  ['an empty name', grant(FROM, { ...TO, name: '' }), true],
  ['another object', grant(FROM, { ...TO, name: 'tuesday' }), false],
  ['another kind', grant(FROM, { ...TO, kind: 'VolumeSnapshotContent' }), false],
  ['another group', grant(FROM, { ...TO, group: '' }), false],
  ['claims of another namespace', grant({ ...FROM, namespace: 'bank' }, TO), false],
  ['another kind of asker', grant({ ...FROM, kind: 'Pod' }, TO), false],
  ['another group of asker', grant({ ...FROM, group: 'x' }, TO), false],
  ['no asker', grant(undefined, TO), false],
  ['nothing', grant(FROM, undefined), false],
])('a grant of %s', (_, given, allowed) => {
  const claim = aClaim({ dataSourceRef: { ...SNAPSHOT, namespace: 'vault' } });
  const source = dataSourceOf(claim, on);
  if (!isSource(source)) throw new Error('no source');
  expect(grantProblem(source, claim, [given]) === undefined).toBe(allowed);
});

test('within a namespace nobody has to grant anything', () => {
  const claim = aClaim({ dataSource: SNAPSHOT });
  const source = dataSourceOf(claim, on);
  expect(isSource(source) && grantProblem(source, claim, [])).toBeUndefined();
});
