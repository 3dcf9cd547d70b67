/** Capacities where classes or segments are missing, and where somebody else has a hand in the objects. */
import { expect, test } from 'vitest';
import { CSI_NODES, CSI_STORAGE_CAPACITIES, NODES } from '../../lib/kube/resources.ts';
import { DRIVER } from '../testing/objects.ts';
import { openBench } from './testing/bench.ts';
import { aCapacity } from './testing/objects.ts';

test('segments without a class, and a class without segments, publish nothing and ask nothing', async () => {
  const withoutClass = openBench();
  withoutClass.addNode('n1', 'a');
  const withoutSegment = openBench();
  withoutSegment.addClass('fast');
  for (const bench of [withoutClass, withoutSegment]) {
    await bench.start();
    expect([bench.published(), bench.writes(), bench.asked]).toEqual([[], [], []]);
    bench.stop();
  }
});

test('an object that somebody adds beside ours, or that is about nothing, goes at once', async () => {
  const bench = openBench();
  bench.addNode('n1', 'a');
  bench.addClass('fast');
  await bench.start();
  bench.writes();
  bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity({ metadata: { name: 'of-nothing' }, storageClassName: 'gone' }));
  await bench.clock.advance(0);
  expect(bench.writes()).toEqual(['delete of-nothing']);
  bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity({ metadata: { name: 'second' } }));
  await bench.clock.advance(0);
  expect(bench.writes()).toEqual(['delete second']);
  expect(bench.published()).toEqual(['fast a: 0']);
  bench.stop();
});

test('a segment that comes gets objects of classes with immediate binding, where these are asked for', async () => {
  const bench = openBench({ immediateBinding: true });
  bench.addClass('now', 'Immediate');
  await bench.start();
  expect(bench.published()).toEqual([]);
  bench.addNode('n1', 'a');
  await bench.clock.advance(0);
  expect(bench.published()).toEqual(['now a: 0']);
  bench.stop();
});

test('room that moved in a segment of several keys is asked about for each class; a part of the segment names none', async () => {
  const bench = openBench();
  for (const [name, rack] of [
    ['n1', 'r1'],
    ['n2', 'r2'],
  ] as const) {
    bench.api.put(NODES, { metadata: { name, labels: { zone: 'a', rack } } });
    bench.api.put(CSI_NODES, { metadata: { name }, spec: { drivers: [{ name: DRIVER, topologyKeys: ['zone', 'rack'] }] } });
  }
  bench.addClass('fast');
  bench.addClass('slow');
  await bench.start();
  const moved = async (segment: Readonly<Record<string, string>>): Promise<unknown[]> => {
    const before = bench.asked.length;
    const matchExpressions = Object.entries(segment).map(([key, value]) => ({ key, operator: 'In', values: [value] }));
    bench.controller.moved({ affinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } }, className: 'none' });
    await bench.clock.advance(0);
    return bench.asked.slice(before).map(({ parameters, accessibleTopology }) => [parameters['kind'], accessibleTopology?.segments]);
  };
  const segment = { zone: 'a', rack: 'r1' };
  expect(await moved(segment)).toEqual([
    ['fast', segment],
    ['slow', segment],
  ]);
  expect(await moved({ zone: 'a' })).toEqual([]);
  bench.stop();
});
