import { expect, test } from 'vitest';
import { capacityName, itemOf, itemOfObject, managedBy, partsOf, selectorOf } from './names.ts';

const PUBLISHER = { driver: 'mock.csi.example', managedBy: 'external-provisioner' };

test('the name of a capacity depends on driver, manager, class and segment, and on nothing else', () => {
  const item = itemOf('fast', '{"zone":"a"}');
  expect(capacityName(PUBLISHER, item)).toBe('csisc-722b0eade37de085ff6c45ec2f3fbf90');
  const others = [
    capacityName({ ...PUBLISHER, driver: 'other.csi.example' }, item),
    capacityName({ ...PUBLISHER, managedBy: 'external-provisioner-node-1' }, item),
    capacityName(PUBLISHER, itemOf('slow', '{"zone":"a"}')),
    capacityName(PUBLISHER, itemOf('fast', '{"zone":"b"}')),
  ];
  expect(new Set([...others, capacityName(PUBLISHER, item)]).size).toBe(5);
});

test('class and segment are found again in their key', () => {
  expect(partsOf(itemOf('fast', '{"zone":"a b"}'))).toEqual({ className: 'fast', segment: '{"zone":"a b"}' });
});

test('an object is about the segment that its labels name, whatever its name', () => {
  const about = (nodeTopology: object | undefined): string =>
    itemOfObject({ metadata: { name: 'csisc-x7k2p' }, storageClassName: 'fast', ...(nodeTopology === undefined ? {} : { nodeTopology }) });
  expect(about({ matchLabels: { zone: 'a', rack: 'r' } })).toBe(itemOf('fast', '{"rack":"r","zone":"a"}'));
  expect(about({})).toBe(itemOf('fast', '{}'));
  expect(about({ matchExpressions: [{ key: 'zone', operator: 'Exists' }] })).toBe('fast of csisc-x7k2p');
  expect(about(undefined)).toBe('fast of csisc-x7k2p');
});

test('objects are chosen by the labels of the Go program', () => {
  expect(selectorOf(PUBLISHER)).toBe('csi.storage.k8s.io/drivername=mock.csi.example,csi.storage.k8s.io/managed-by=external-provisioner');
});

/** The values that the Go program has for the same nodes. */
test.each([
  [undefined, 'external-provisioner'],
  ['node01', 'external-provisioner-node01'],
  [`node${'a'.repeat(38)}`, `external-provisioner-node${'a'.repeat(38)}`],
  [`node${'a'.repeat(39)}`, `external-p-53f40b57-node${'a'.repeat(39)}`],
  [`node${'a'.repeat(48)}`, `e-53f40b57-node${'a'.repeat(48)}`],
  [`node${'a'.repeat(49)}`, 'external-provisioner-a3607ff1'],
  [`node${'a'.repeat(63)}`, 'external-provisioner-df38e37f'],
])('the manager on node %s', (node, expected) => {
  expect(managedBy(node)).toBe(expected);
  expect(expected.length).toBeLessThanOrEqual(63);
});
