import { describe, expect, test } from 'vitest';
import type { PersistentVolume } from '../kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES } from '../kube/resources.ts';
import type { Informer, InformerEvent, Interest } from './informer.ts';
import { createInformerSet } from './informer-set.ts';
import { fixedRandom } from './testing/fixed-random.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { apiError, MemoryApi } from './testing/memory-api.ts';
import { memoryLog } from './testing/memory-log.ts';
import { sameValue } from './trim.ts';

const volume = (name: string, phase = 'Available'): PersistentVolume => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name, annotations: { note: 'x' } },
  spec: { storageClassName: 'fast' },
  status: { phase },
});

function setUp(resyncMs = 0) {
  const api = new MemoryApi();
  const clock = new ManualClock();
  const log = memoryLog();
  const stop = new AbortController();
  const informers = createInformerSet({ client: api.client(), doors: { clock, random: fixedRandom(0) }, log, resyncMs });
  return { api, clock, log, stop, informers };
}

function record<T>(informer: { onEvent: (handler: (event: InformerEvent<T>) => void) => unknown }): string[] {
  const told: string[] = [];
  informer.onEvent(({ key, old, object, changed }) => {
    const what = old === undefined ? 'added' : object === undefined ? 'deleted' : 'updated';
    told.push(`${what} ${key}${changed ? '' : ' unchanged'}`);
  });
  return told;
}

const FIELDS: Interest<PersistentVolume> = { fields: ['status.phase'] };

describe('an informer', () => {
  test('lists, then follows every change; objects hold what was declared', async () => {
    const { api, clock, stop, informers } = setUp();
    api.put(PERSISTENT_VOLUMES, volume('a'));
    const informer = informers.informer(PERSISTENT_VOLUMES, FIELDS);
    const told = record(informer);
    informers.start(stop.signal);
    expect(informer.synced()).toBe(false);
    await clock.settle();
    await informers.waitSynced(stop.signal);
    expect(informer.synced()).toBe(true);
    api.put(PERSISTENT_VOLUMES, volume('b'));
    api.put(PERSISTENT_VOLUMES, volume('a', 'Bound'));
    api.put(PERSISTENT_VOLUMES, { ...volume('a', 'Bound'), spec: { storageClassName: 'other' } });
    api.remove(PERSISTENT_VOLUMES, 'b');
    await clock.settle();
    expect(told).toEqual(['added a', 'added b', 'updated a', 'updated a unchanged', 'deleted b']);
    expect(informer.store.list()).toEqual([
      {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: 'a', uid: 'uid-101', resourceVersion: '104' },
        status: { phase: 'Bound' },
      },
    ]);
  });

  test('no handler and no reader sees half a list', async () => {
    const { api, clock, stop, informers } = setUp();
    for (let index = 0; index < 1_200; index += 1) api.put(PERSISTENT_VOLUMES, volume(`v${index}`));
    const informer = informers.informer(PERSISTENT_VOLUMES, FIELDS);
    const sizes = new Set<number>();
    informer.onEvent(() => sizes.add(informer.store.keys().length));
    informers.start(stop.signal);
    await clock.settle();
    expect([...sizes]).toEqual([1_200]);
    expect(api.calls.map(({ verb, list }) => [verb, list?.continueToken])).toEqual([
      ['list', undefined],
      ['list', '500'],
      ['list', '1000'],
      ['watch', undefined],
    ]);
  });

  test('a late handler is told the present objects', async () => {
    const { api, clock, stop, informers } = setUp();
    api.put(PERSISTENT_VOLUMES, volume('a'));
    const informer = informers.informer(PERSISTENT_VOLUMES, FIELDS);
    informers.start(stop.signal);
    await clock.settle();
    expect(record(informer)).toEqual(['added a']);
  });

  test('a handler that throws stops nobody, and one that left is told nothing more', async () => {
    const { api, clock, stop, informers, log } = setUp();
    const informer = informers.informer(PERSISTENT_VOLUMES, FIELDS);
    informer.onEvent(() => {
      throw new TypeError('odd object');
    });
    const told = record(informer);
    const gone: string[] = [];
    informer.onEvent(({ key }) => gone.push(key))();
    informers.start(stop.signal);
    await clock.settle();
    api.put(PERSISTENT_VOLUMES, volume('a'));
    await clock.settle();
    expect(told).toEqual(['added a']);
    expect(gone).toEqual([]);
    expect(log.messages('error')).toEqual(['informer handler failed']);
  });

  test('a resync tells every object as unchanged', async () => {
    const { api, clock, stop, informers } = setUp(60_000);
    api.put(PERSISTENT_VOLUMES, volume('a'));
    const told = record(informers.informer(PERSISTENT_VOLUMES, FIELDS));
    informers.start(stop.signal);
    await clock.advance(120_000);
    expect(told).toEqual(['added a', 'updated a unchanged', 'updated a unchanged']);
  });

  test('an own write is seen at once, and the watch still tells everybody', async () => {
    const { api, clock, stop, informers } = setUp();
    const stored = api.put(PERSISTENT_VOLUMES, volume('a'));
    const informer = informers.informer(PERSISTENT_VOLUMES, FIELDS);
    const told = record(informer);
    informers.start(stop.signal);
    await clock.settle();
    informer.absorb({ ...stored, status: { phase: 'Bound' }, metadata: { ...stored.metadata, resourceVersion: '102' } });
    expect(informer.store.get('a')).toMatchObject({ status: { phase: 'Bound' } });
    expect(informer.store.get('a')?.spec).toBeUndefined();
    api.put(PERSISTENT_VOLUMES, volume('a', 'Bound'));
    await clock.settle();
    expect(told).toEqual(['added a', 'updated a']);
  });

  test('an own write that a bookmark overtook is not seen any more', async () => {
    const { api, clock, stop, informers } = setUp();
    const stored = api.put(PERSISTENT_VOLUMES, volume('a'));
    const informer = informers.informer(PERSISTENT_VOLUMES, FIELDS);
    informers.start(stop.signal);
    await clock.settle();
    informer.absorb({ ...stored, status: { phase: 'Bound' }, metadata: { ...stored.metadata, resourceVersion: '102' } });
    api.version = 102;
    api.bookmark();
    await clock.settle();
    expect(informer.store.get('a')).toMatchObject({ status: { phase: 'Available' } });
  });

  test('one watch of all namespaces, or of one, sees own writes there', async () => {
    for (const namespace of [undefined, 'here']) {
      const { clock, stop, informers } = setUp();
      const informer = informers.informer(PERSISTENT_VOLUME_CLAIMS, { fields: [], ...(namespace === undefined ? {} : { namespace }) });
      informers.start(stop.signal);
      await clock.settle();
      informer.absorb({ metadata: { name: 'a', namespace: 'here', resourceVersion: '999' } });
      expect(informer.store.keys()).toEqual(['here/a']);
    }
  });

  test('one watch in a namespace ignores own writes elsewhere', async () => {
    const { clock, stop, informers } = setUp();
    const informer = informers.informer(PERSISTENT_VOLUMES, { ...FIELDS, namespace: 'here' });
    informers.start(stop.signal);
    await clock.settle();
    informer.absorb({ metadata: { name: 'a', namespace: 'there', resourceVersion: '999' } });
    expect(informer.store.list()).toEqual([]);
  });
});

describe('several interests in one resource', () => {
  test('share one list and watch and one cache, and are told by their own fields', async () => {
    const { api, clock, stop, informers } = setUp();
    api.put(PERSISTENT_VOLUMES, volume('a'));
    const byPhase = informers.informer(PERSISTENT_VOLUMES, {
      fields: ['status.phase'],
      indexes: [{ name: 'same', values: (one) => [one.status?.phase ?? ''] }],
    });
    const byClass = informers.informer(PERSISTENT_VOLUMES, {
      fields: ['spec.storageClassName'],
      indexes: [{ name: 'same', values: (one) => [one.spec?.storageClassName ?? ''] }],
    });
    const [phases, classes] = [record(byPhase), record(byClass)];
    informers.start(stop.signal);
    await clock.settle();
    api.put(PERSISTENT_VOLUMES, volume('a', 'Bound'));
    await clock.settle();
    expect(phases).toEqual(['added a', 'updated a']);
    expect(classes).toEqual(['added a', 'updated a unchanged']);
    expect(byPhase.store.byIndex('same', 'Bound')).toHaveLength(1);
    expect(byClass.store.byIndex('same', 'fast')).toHaveLength(1);
    expect(() => byClass.store.byIndex('other', '')).toThrow('no index other');
    expect([api.count('list'), api.count('watch')]).toEqual([1, 1]);
  });

  test('another selector or namespace is another watch', async () => {
    const { api, clock, stop, informers } = setUp();
    for (const more of [{}, { labelSelector: 'a=b' }, { fieldSelector: 'c=d' }, { namespace: 'n' }, {}])
      informers.informer(PERSISTENT_VOLUMES, { ...FIELDS, ...more });
    informers.start(stop.signal);
    await clock.settle();
    expect(api.count('watch')).toBe(4);
    const asked = api.calls.map(({ list, watch }) => {
      const { namespace, labelSelector, fieldSelector } = list ?? watch ?? {};
      return { namespace, labelSelector, fieldSelector };
    });
    for (const one of [{}, { labelSelector: 'a=b' }, { fieldSelector: 'c=d' }, { namespace: 'n' }]) {
      const expected = { namespace: undefined, labelSelector: undefined, fieldSelector: undefined, ...one };
      expect(asked.filter((options) => sameValue(options, expected))).toHaveLength(2);
    }
    expect(() => informers.informer(PERSISTENT_VOLUMES, FIELDS)).toThrow('after the start');
  });
});

describe('when the server fails', () => {
  const started = async (
    informers: ReturnType<typeof setUp>['informers'],
    world: ReturnType<typeof setUp>,
  ): Promise<Informer<PersistentVolume>> => {
    const informer = informers.informer(PERSISTENT_VOLUMES, FIELDS);
    informers.start(world.stop.signal);
    await world.clock.settle();
    return informer;
  };

  test('a cut watch misses nothing and lists nothing again', async () => {
    const world = setUp();
    const { api, clock, informers } = world;
    const informer = await started(informers, world);
    await clock.advance(10_000);
    api.cutWatches(apiError(0, 'Unreachable'));
    api.put(PERSISTENT_VOLUMES, volume('a'));
    await clock.advance(1_000);
    expect(informer.store.keys()).toEqual(['a']);
    expect(api.count('list')).toBe(1);
  });

  test('a server that was set back is told to whoever asked for it, and to no handler', async () => {
    const api = new MemoryApi();
    const clock = new ManualClock();
    const stop = new AbortController();
    const restoredFromBackup: string[] = [];
    const informers = createInformerSet({
      client: api.client(),
      doors: { clock, random: fixedRandom(0) },
      log: memoryLog(),
      resyncMs: 0,
      // As the program does: it ends.
      restoredFromBackup: (resource) => {
        restoredFromBackup.push(resource);
        stop.abort();
      },
    });
    api.put(PERSISTENT_VOLUMES, volume('a'));
    api.put(PERSISTENT_VOLUMES, volume('undone'));
    const informer = informers.informer(PERSISTENT_VOLUMES, FIELDS);
    const told = record(informer);
    informers.start(stop.signal);
    await clock.settle();
    api.remove(PERSISTENT_VOLUMES, 'undone');
    await clock.settle();
    expect(told).toEqual(['added a', 'added undone', 'deleted undone']);
    api.version = 50;
    api.cutWatches(apiError(410));
    await clock.advance(10_000);
    expect(restoredFromBackup).toEqual(['persistentvolumes']);
    expect(told).toHaveLength(3);
  });

  test('an expired version is listed again: what was deleted meanwhile is told as deleted', async () => {
    const world = setUp();
    const { api, clock, informers } = world;
    api.put(PERSISTENT_VOLUMES, volume('old'));
    const informer = await started(informers, world);
    const told = record(informer);
    api.cutWatches();
    await clock.settle();
    api.remove(PERSISTENT_VOLUMES, 'old');
    api.put(PERSISTENT_VOLUMES, volume('new'));
    api.oldestVersion = api.version;
    await clock.advance(10_000);
    expect(told).toEqual(['added old', 'added new', 'deleted old']);
    expect(api.calls.filter(({ verb }) => verb === 'list').map(({ list }) => [list?.resourceVersion, list?.resourceVersionMatch])).toEqual([
      [undefined, undefined],
      ['101', 'NotOlderThan'],
    ]);
  });

  test('a watch that falls silent is opened again, though nobody closed it', async () => {
    const world = setUp();
    const { api, clock, informers } = world;
    await started(informers, world);
    await clock.advance(314_999);
    expect(api.count('watch')).toBe(1);
    await clock.advance(2_000);
    expect(api.count('watch')).toBe(2);
    expect(api.openWatches).toBe(1);
    api.bookmark();
    await clock.advance(182_000);
    expect(api.count('watch')).toBe(3);
  });

  test('an unreachable server is asked ever more slowly, said once a try, and the list comes in the end', async () => {
    const world = setUp();
    const { api, clock, informers, log, stop } = world;
    api.fault = () => apiError(0, 'Unreachable');
    const informer = await started(informers, world);
    await clock.advance(60_000);
    expect(api.count('list')).toBeLessThan(9);
    expect(log.messages('warn')).toContain('first list failed, will be tried again');
    api.fault = () => undefined;
    await clock.advance(30_000);
    await informers.waitSynced(stop.signal);
    expect(informer.synced()).toBe(true);
  });

  test.each([
    [403, 'grant the verbs list and watch on persistentvolumes'],
    [404, 'install the custom resource definition persistentvolumes'],
  ])('%i is said once with its remedy, and heals without a restart', async (status, remedy) => {
    const world = setUp();
    const { api, clock, informers, log } = world;
    api.fault = () => apiError(status);
    const informer = await started(informers, world);
    await clock.advance(120_000);
    expect(informer.synced()).toBe(false);
    expect(log.messages('warn')).toEqual(['resource cannot be listed']);
    expect(log.lines.find(({ level }) => level === 'warn')?.fields['remedy']).toContain(remedy);
    api.fault = () => undefined;
    await clock.advance(30_000);
    expect(informer.synced()).toBe(true);
    expect(log.messages('info')).toEqual(['API server serves the resource again']);
  });

  test('an optional kind counts as synced and not available; it comes when it is installed, and goes again', async () => {
    const { api, clock, informers, stop } = setUp();
    let installed = false;
    api.fault = ({ plural }) => (plural === 'persistentvolumes' && !installed ? apiError(404) : undefined);
    const informer = informers.informer(PERSISTENT_VOLUMES, { ...FIELDS, optional: true });
    informers.informer(STORAGE_CLASSES, { fields: [] });
    const told = record(informer);
    informers.start(stop.signal);
    await clock.settle();
    await informers.waitSynced(stop.signal);
    expect([informer.synced(), informer.available()]).toEqual([true, false]);
    installed = true;
    api.put(PERSISTENT_VOLUMES, volume('a'));
    await clock.advance(60_000);
    expect([informer.available(), told]).toEqual([true, ['added a']]);
    installed = false;
    api.cutWatches();
    await clock.advance(60_000);
    expect([informer.available(), informer.store.list()]).toEqual([false, []]);
    expect(told).toEqual(['added a', 'deleted a']);
  });

  test('an interest that cannot do without makes the kind required', async () => {
    const { api, clock, informers, stop } = setUp();
    api.fault = () => apiError(404);
    informers.informer(PERSISTENT_VOLUMES, { ...FIELDS, optional: true });
    const informer = informers.informer(PERSISTENT_VOLUMES, FIELDS);
    informers.start(stop.signal);
    await clock.settle();
    expect(informer.synced()).toBe(false);
  });

  test('waiting ends when the program ends, and nothing is left running', async () => {
    const { api, clock, informers, stop } = setUp(60_000);
    api.fault = () => 'never';
    informers.informer(PERSISTENT_VOLUMES, FIELDS);
    informers.start(stop.signal);
    const waiting = informers.waitSynced(stop.signal);
    const refused = expect(waiting).rejects.toThrow('cache of persistentvolumes was not filled');
    stop.abort();
    await refused;
    await clock.settle();
    expect(clock.timers).toBe(0);
    expect(api.openWatches).toBe(0);
  });
});

test('ten idle hours of cut, expired and silent watches cost few requests and lose nothing', async () => {
  const world = setUp();
  const { api, clock, informers, stop } = world;
  const informer = informers.informer(PERSISTENT_VOLUMES, FIELDS);
  informers.start(stop.signal);
  for (let minute = 0; minute < 600; minute += 1) {
    await clock.advance(60_000);
    if (minute % 3 === 0) api.bookmark();
    if (minute % 7 === 0) api.cutWatches(apiError(0, 'Unreachable'));
    if (minute % 30 === 0) {
      api.put(PERSISTENT_VOLUMES, volume(`v${minute}`));
      api.oldestVersion = api.version;
      api.cutWatches();
    }
  }
  await clock.advance(62_000);
  expect([...informer.store.keys()].sort()).toEqual([...api.objects.values()].map((one) => one.metadata?.name ?? '').sort());
  expect(api.calls.length).toBeLessThan(600);
  expect(api.openWatches).toBe(1);
  expect(clock.timers).toBeLessThan(3);
});
