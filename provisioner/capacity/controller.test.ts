import { describe, expect, test } from 'vitest';
import type { OwnerReference } from '../../lib/kube/objects.ts';
import { apiError } from '../../lib/controller/testing/memory-api.ts';
import { CSI_NODES, CSI_STORAGE_CAPACITIES, NODES, STORAGE_CLASSES } from '../../lib/kube/resources.ts';
import { openBench, POLL_MS, refused } from './testing/bench.ts';
import { aCapacity } from './testing/objects.ts';

const GIB = 1n << 30n;

/** Two zones and two classes, and a third one of another driver. */
function twoByTwo(options: Parameters<typeof openBench>[0] = {}) {
  const bench = openBench(options);
  bench.addNode('n1', 'a');
  bench.addNode('n2', 'b');
  bench.addClass('fast');
  bench.addClass('slow');
  bench.addClass('foreign', 'WaitForFirstConsumer', 'other.csi.example');
  bench.room.set('a', GIB);
  return bench;
}

const ALL = ['fast a: 1Gi', 'fast b: 0', 'slow a: 1Gi', 'slow b: 0'];

describe('capacities of classes and segments', () => {
  test('each has one object after one question and one write, zero included, and then there is silence', async () => {
    const bench = twoByTwo();
    await bench.start();
    expect(bench.published()).toEqual(ALL);
    expect(bench.asked).toHaveLength(4);
    expect(bench.writes()).toEqual(['create own', 'create own', 'create own', 'create own']);
    await bench.clock.advance(10 * POLL_MS);
    expect(bench.writes()).toEqual([]);
    expect(bench.asked).toHaveLength(4 * 11);
    bench.stop();
  });

  test('the driver hears class parameters without those for sidecars, and the segment', async () => {
    const bench = twoByTwo();
    await bench.start();
    expect(bench.asked[0]).toEqual({
      volumeCapabilities: [],
      parameters: { kind: 'fast' },
      accessibleTopology: { segments: { zone: 'a' } },
    });
    bench.stop();
  });

  test('room that changes is seen at the next poll, with one write for each change', async () => {
    const bench = twoByTwo();
    await bench.start();
    bench.writes();
    bench.room.set('b', 2n * GIB);
    await bench.clock.advance(POLL_MS - 1);
    expect(bench.published()).toEqual(ALL);
    await bench.clock.advance(1);
    expect(bench.published()).toEqual(['fast a: 1Gi', 'fast b: 2Gi', 'slow a: 1Gi', 'slow b: 2Gi']);
    expect(bench.writes()).toEqual(['replace own', 'replace own']);
    bench.stop();
  });

  test('classes with immediate binding have none, unless they are asked for; one without a mode has', async () => {
    for (const immediateBinding of [false, true]) {
      const bench = openBench({ immediateBinding });
      bench.addNode('n1', 'a');
      bench.addClass('late');
      bench.addClass('now', 'Immediate');
      bench.api.put(STORAGE_CLASSES, { metadata: { name: 'old' }, provisioner: 'mock.csi.example' });
      await bench.start();
      expect(bench.published()).toEqual(immediateBinding ? ['late a: 0', 'now a: 0', 'old a: 0'] : ['late a: 0', 'old a: 0']);
      bench.stop();
    }
  });

  test('a class that comes gets its objects, and one that goes loses them at once', async () => {
    const bench = twoByTwo();
    await bench.start();
    bench.writes();
    bench.addClass('new');
    bench.api.remove(STORAGE_CLASSES, 'slow');
    await bench.clock.advance(0);
    expect(bench.published()).toEqual(['fast a: 1Gi', 'fast b: 0', 'new a: 1Gi', 'new b: 0']);
    expect(bench.writes().sort()).toEqual(['create own', 'create own', 'delete own', 'delete own']);
    bench.stop();
  });

  test('a segment that comes gets its objects, and one that goes with its last node loses them at once', async () => {
    const bench = twoByTwo();
    bench.addNode('n3', 'b');
    await bench.start();
    bench.addNode('n4', 'c');
    bench.removeNode('n2');
    await bench.clock.advance(0);
    expect(bench.published()).toEqual(['fast a: 1Gi', 'fast b: 0', 'fast c: 0', 'slow a: 1Gi', 'slow b: 0', 'slow c: 0']);
    bench.removeNode('n3');
    await bench.clock.advance(0);
    expect(bench.published()).toEqual(['fast a: 1Gi', 'fast c: 0', 'slow a: 1Gi', 'slow c: 0']);
    bench.stop();
  });

  test('a class that comes again is asked about anew', async () => {
    const bench = openBench();
    bench.addNode('n1', 'a');
    bench.addClass('fast');
    await bench.start();
    bench.api.remove(STORAGE_CLASSES, 'fast');
    await bench.clock.advance(0);
    bench.room.set('a', GIB);
    bench.addClass('fast');
    await bench.clock.advance(0);
    expect(bench.published()).toEqual(['fast a: 1Gi']);
    expect(bench.writes()).toEqual(['create own', 'delete own', 'create own']);
    bench.stop();
  });

  test('a driver without topology keys is asked for all that it has', async () => {
    const bench = openBench();
    bench.api.put(NODES, { metadata: { name: 'n1', labels: { zone: 'a' } } });
    bench.api.put(CSI_NODES, { metadata: { name: 'n1' }, spec: { drivers: [{ name: 'mock.csi.example' }] } });
    bench.addClass('fast');
    await bench.start();
    expect(bench.published()).toEqual(['fast : 0']);
    expect(bench.asked.map(({ accessibleTopology }) => accessibleTopology)).toEqual([undefined]);
    bench.stop();
  });

  test('a label that is no topology key changes nothing and asks nothing', async () => {
    const bench = twoByTwo();
    await bench.start();
    bench.writes();
    for (let i = 0; i < 100; i += 1) bench.api.put(NODES, { metadata: { name: 'n1', labels: { zone: 'a', team: `t${i}` } } });
    await bench.clock.advance(POLL_MS - 1);
    expect(bench.asked).toHaveLength(4);
    expect(bench.writes()).toEqual([]);
    bench.stop();
  });
});

describe('objects that are there', () => {
  test('one of the Go program is taken over under its name, and written only where it differs', async () => {
    const bench = twoByTwo();
    bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity());
    bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity({ metadata: { name: 'csisc-b' }, nodeTopology: { matchLabels: { zone: 'b' } } }));
    await bench.start();
    expect(bench.published()).toEqual(ALL);
    expect(bench.writes().sort()).toEqual(['create own', 'create own', 'replace csisc-b']);
    bench.stop();
  });

  test('surplus ones, and those about nothing that is there, go', async () => {
    const bench = twoByTwo();
    for (const name of ['csisc-1', 'csisc-2', 'csisc-3']) bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity({ metadata: { name } }));
    bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity({ metadata: { name: 'no-class' }, storageClassName: 'gone' }));
    bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity({ metadata: { name: 'no-zone' }, nodeTopology: { matchLabels: { zone: 'gone' } } }));
    const { nodeTopology: _none, ...nowhere } = aCapacity({ metadata: { name: 'nowhere' } });
    bench.api.put(CSI_STORAGE_CAPACITIES, nowhere);
    await bench.start();
    expect(bench.published()).toEqual(ALL);
    expect(bench.writes().sort()).toEqual([
      'create own',
      'create own',
      'create own',
      'delete csisc-2',
      'delete csisc-3',
      'delete no-class',
      'delete no-zone',
      'delete nowhere',
    ]);
    bench.stop();
  });

  test('of two that are right the one under our own name stays', async () => {
    const bench = openBench();
    bench.addNode('n1', 'a');
    bench.addClass('fast');
    bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity({ metadata: { name: 'csisc-722b0eade37de085ff6c45ec2f3fbf90' }, capacity: '0' }));
    bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity({ metadata: { name: 'csisc-1', creationTimestamp: '2020-01-01T00:00:00Z' } }));
    await bench.start();
    expect(bench.writes()).toEqual(['delete csisc-1']);
    bench.stop();
  });

  test('one that is being deleted is as good as gone', async () => {
    const bench = openBench();
    bench.addNode('n1', 'a');
    bench.addClass('fast');
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity({ metadata: { deletionTimestamp, finalizers: ['example.com/held'] } }));
    await bench.start();
    expect(bench.writes()).toEqual(['create own']);
    bench.stop();
  });

  test('the owner of this process joins the earlier ones', async () => {
    const bench = openBench();
    bench.addNode('n1', 'a');
    bench.addClass('fast');
    bench.room.set('a', GIB);
    const earlier: OwnerReference = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'csi', uid: 'set-0', controller: true };
    bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity({ metadata: { ownerReferences: [earlier] } }));
    await bench.start();
    const object = bench.api.objects.get('csistoragecapacities|storage|csisc-x7k2p');
    expect(object?.metadata?.ownerReferences?.map(({ uid, controller }) => [uid, controller])).toEqual([
      ['set-0', false],
      ['set-1', true],
    ]);
    expect(bench.writes()).toEqual(['replace csisc-x7k2p']);
    bench.stop();
  });

  test('what somebody deletes or changes is mended at once, from what the driver said', async () => {
    const bench = twoByTwo();
    bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity());
    await bench.start();
    bench.writes();
    bench.api.remove(CSI_STORAGE_CAPACITIES, 'csisc-x7k2p', 'storage');
    await bench.clock.advance(0);
    expect(bench.published()).toEqual(ALL);
    expect(bench.writes()).toEqual(['create own']);
    const own = [...bench.api.objects.values()].find(({ kind, metadata }) => kind === 'CSIStorageCapacity' && metadata?.uid !== undefined);
    bench.api.put(CSI_STORAGE_CAPACITIES, { ...own, capacity: '7Gi' });
    await bench.clock.advance(0);
    expect(bench.published()).toEqual(ALL);
    expect(bench.writes()).toEqual(['replace own']);
    expect(bench.asked).toHaveLength(4);
    bench.stop();
  });

  test('a foreign object under our name is left alone and said, and ours gets another name', async () => {
    const bench = openBench();
    bench.addNode('n1', 'a');
    bench.addClass('fast');
    const foreign = { ...aCapacity({ metadata: { name: 'csisc-722b0eade37de085ff6c45ec2f3fbf90', labels: {} } }), capacity: '5Gi' };
    let hidden = true;
    bench.api.fault = ({ verb, name }) => {
      if (verb !== 'create' || !hidden || name === '') return undefined;
      hidden = false;
      bench.api.put(CSI_STORAGE_CAPACITIES, foreign);
      return apiError(409, 'AlreadyExists');
    };
    await bench.start();
    expect(bench.log.lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'a CSIStorageCapacity that is not ours has the name of one of ours, which gets another name',
    ]);
    expect(bench.writes().slice(0, 2)).toEqual(['create own', 'create ']);
    bench.stop();
  });

  test('a create whose answer was lost is not repeated: what is there is taken', async () => {
    const bench = twoByTwo();
    let lost = 0;
    bench.api.fault = ({ verb, name }) => {
      if (verb !== 'create' || lost > 0) return undefined;
      lost += 1;
      bench.api.put(CSI_STORAGE_CAPACITIES, { ...aCapacity({ metadata: { name } }), kind: 'CSIStorageCapacity' });
      return apiError(0, 'Timeout');
    };
    await bench.start();
    await bench.clock.advance(2_000);
    expect(bench.published()).toEqual(ALL);
    expect(bench.writes()).toEqual(['create own', 'create own', 'create own', 'create own']);
    bench.stop();
  });
});

describe('what the driver refuses or makes up', () => {
  test.each([
    ['an error', refused, 'the array does not answer'],
    ['negative room', () => ({ availableCapacity: -1n }), 'available_capacity -1'],
    ['a negative limit', () => ({ maximumVolumeSize: -5n }), 'maximum_volume_size -5'],
  ])('%s leaves what is published as it is, is said, and is asked about again after growing pauses', async (_, answer, why) => {
    const bench = openBench();
    bench.addNode('n1', 'a');
    bench.addClass('fast');
    bench.room.set('a', 2n * GIB);
    bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity());
    bench.driver.answer = answer;
    await bench.start();
    await bench.clock.advance(1_000 + 2_000);
    expect(bench.asked).toHaveLength(3);
    expect(bench.published()).toEqual(['fast a: 1Gi']);
    expect(bench.writes()).toEqual([]);
    expect(bench.log.lines.filter(({ fields }) => String(fields?.['error']).includes(why))).toHaveLength(3);
    bench.driver.answer = undefined;
    await bench.clock.advance(4_000);
    expect(bench.published()).toEqual(['fast a: 2Gi']);
    bench.stop();
  });

  test('one class that fails does not stop the others', async () => {
    const bench = twoByTwo();
    const { getCapacity } = bench.driver;
    bench.driver.getCapacity = (request) =>
      request.parameters['kind'] === 'fast' ? Promise.reject(new Error('odd')) : getCapacity(request);
    await bench.start();
    expect(bench.published()).toEqual(['slow a: 1Gi', 'slow b: 0']);
    bench.stop();
  });
});

describe('room that was used or freed', () => {
  const affinity = (zone: string) => ({
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }] }] },
  });

  test('is asked about at once in the segment where it was, for every class', async () => {
    const bench = twoByTwo();
    await bench.start();
    bench.writes();
    bench.room.set('a', GIB / 2n);
    bench.room.set('b', GIB);
    bench.controller.moved({ affinity: affinity('a'), className: 'fast' });
    await bench.clock.advance(0);
    expect(bench.published()).toEqual(['fast a: 512Mi', 'fast b: 0', 'slow a: 512Mi', 'slow b: 0']);
    expect(bench.asked).toHaveLength(6);
    expect(bench.writes()).toEqual(['replace own', 'replace own']);
    bench.stop();
  });

  test('is asked about for the whole class where nobody knows the segment', async () => {
    const bench = twoByTwo();
    await bench.start();
    bench.room.set('b', GIB);
    bench.controller.moved({ affinity: undefined, className: 'fast' });
    bench.controller.moved({ affinity: undefined, className: 'foreign' });
    bench.controller.moved({ affinity: affinity('elsewhere'), className: 'slow' });
    await bench.clock.advance(0);
    expect(bench.published()).toEqual(['fast a: 1Gi', 'fast b: 1Gi', 'slow a: 1Gi', 'slow b: 0']);
    expect(bench.asked).toHaveLength(6);
    bench.stop();
  });

  test('makes what was heard before worthless: nothing of it is written any more', async () => {
    const bench = twoByTwo();
    bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity());
    await bench.start();
    bench.writes();
    bench.room.set('a', 5n * GIB);
    // The one worker is busy while both become known.
    const { getCapacity } = bench.driver;
    let goOn = (): void => undefined;
    bench.driver.getCapacity = async (request) => {
      if (request.parameters['kind'] === 'slow') await new Promise<void>((resolve) => (goOn = resolve));
      return getCapacity(request);
    };
    bench.controller.moved({ affinity: affinity('b'), className: 'slow' });
    await bench.clock.advance(0);
    bench.api.remove(CSI_STORAGE_CAPACITIES, 'csisc-x7k2p', 'storage');
    await bench.clock.advance(0);
    bench.controller.moved({ affinity: undefined, className: 'fast' });
    goOn();
    await bench.clock.advance(0);
    expect(bench.published()).toEqual(['fast a: 5Gi', 'fast b: 0', 'slow a: 1Gi', 'slow b: 0']);
    expect(bench.writes()).toEqual(['create own']);
    bench.stop();
  });

  test('while the driver is being asked leads to another question', async () => {
    const bench = openBench();
    bench.addNode('n1', 'a');
    bench.addClass('fast');
    const { getCapacity } = bench.driver;
    bench.driver.getCapacity = async (request) => {
      const answer = await getCapacity(request);
      if (bench.asked.length === 1) {
        bench.room.set('a', GIB);
        bench.controller.moved({ affinity: affinity('a'), className: 'fast' });
      }
      return answer;
    };
    await bench.start();
    expect(bench.published()).toEqual(['fast a: 1Gi']);
    bench.stop();
  });
});

test('goals, what is there of them, what is too many, and how old the oldest answer is', async () => {
  const bench = twoByTwo();
  await bench.sync();
  await bench.clock.advance(5_000);
  expect(bench.controller.counts()).toEqual({ goal: 0, current: 0, obsolete: 0, stalenessMs: 0 });
  bench.api.fault = ({ verb }) => (verb === 'delete' || verb === 'create' ? apiError(403, 'Forbidden') : undefined);
  for (const name of ['csisc-1', 'csisc-2']) bench.api.put(CSI_STORAGE_CAPACITIES, aCapacity({ metadata: { name } }));
  await bench.start();
  expect(bench.controller.counts()).toEqual({ goal: 4, current: 1, obsolete: 1, stalenessMs: 0 });
  await bench.clock.advance(30_000);
  expect(bench.controller.counts().stalenessMs).toBe(30_000);
  bench.api.fault = () => undefined;
  await bench.clock.advance(10 * POLL_MS);
  const { stalenessMs, ...rest } = bench.controller.counts();
  expect(rest).toEqual({ goal: 4, current: 4, obsolete: 0 });
  expect(stalenessMs).toBeLessThanOrEqual(POLL_MS);
  bench.stop();
});

test('where capacities cannot be listed nothing is written, until they can', async () => {
  const bench = twoByTwo();
  bench.api.fault = ({ verb, plural }) => (verb === 'list' && plural === 'csistoragecapacities' ? apiError(403, 'Forbidden') : undefined);
  await bench.start();
  expect(bench.asked).toEqual([]);
  expect(bench.writes()).toEqual([]);
  bench.api.fault = () => undefined;
  await bench.clock.advance(10 * POLL_MS);
  expect(bench.published()).toEqual(ALL);
  bench.stop();
});
