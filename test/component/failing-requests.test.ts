/**
 * Whatever a server fails at for a minute, be it one kind of request of all that the main job takes: it is asked again at a
 * back-off, and everything comes about afterwards. The requests are those of an undisturbed run, so that none is forgotten.
 */
import { describe, expect, test } from 'vitest';
import type { HttpRequest } from '../../lib/doors/http.ts';
import type { PersistentVolumeClaim, VolumeSnapshot } from '../../lib/kube/objects.ts';
import { pointOf } from '../simulation/incarnation.ts';
import { onStage, type Stage } from './provisioner-stage.ts';
import {
  CLAIMS,
  CLASSES,
  CONTENTS,
  GROUP_CLASSES,
  GROUP_CONTENTS,
  groupClassBody,
  GROUPS,
  openWorld,
  SNAPSHOTS,
} from './snapshotter-world.ts';
import { classBody, snapshotBody, type World } from './snapshotter-world.ts';

const SECONDS = 64;
/** Of one object by one controller within that time: after 0, 1, 3, 7, 15, 31 and 63 s. */
const TRIES = 7;
const BROKEN = { status: 500, headers: {}, body: new TextEncoder().encode('{}') };

/** A read is sent so often before it counts as failed. */
const SENDS_OF_A_READ = 5;
/** Of csi-provisioner's story, for the requests that are one for several of its claims. */
const SHARED: Readonly<Record<string, number>> = { 'GET secrets': 3 * TRIES * SENDS_OF_A_READ, 'PUT leases': SECONDS };

function expectPace(what: string, tries: number): void {
  expect(tries).toBeGreaterThan(1);
  expect(tries).toBeLessThanOrEqual(SHARED[what] ?? TRIES * (what.startsWith('GET ') ? SENDS_OF_A_READ : 1));
}

/** How often requests of one kind were refused: the most of one object. */
function countTries(what: string) {
  const tries = new Map<string, number>();
  return {
    fails: ({ method, path, body }: Pick<HttpRequest, 'method' | 'path' | 'body'>): boolean => {
      if (pointOf(method, path) !== what) return false;
      const name = method === 'POST' ? (/"name":"[^"]*"/.exec(new TextDecoder().decode(body))?.[0] ?? '') : '';
      const object = `${path} ${name}`;
      tries.set(object, (tries.get(object) ?? 0) + 1);
      return true;
    },
    most: () => Math.max(0, ...tries.values()),
  };
}

describe('of the snapshot roles, a snapshot and a group', async () => {
  const GROUP = {
    apiVersion: 'groupsnapshot.storage.k8s.io/v1',
    kind: 'VolumeGroupSnapshot',
    metadata: { name: 'all', namespace: 'default' },
    spec: { volumeGroupSnapshotClassName: 'groups', source: { selector: { matchLabels: { of: 'all' } } } },
  };
  const open = async (): Promise<World> => {
    const world = await openWorld();
    await world.request('POST', CLASSES, classBody('snap'));
    await world.request('POST', GROUP_CLASSES, groupClassBody());
    await world.boundClaim('data');
    await world.request('PATCH', `${CLAIMS}/data`, { metadata: { labels: { of: 'all' } } });
    await world.startController();
    await world.startSidecar();
    return world;
  };
  const pass = async (world: World, seconds: number): Promise<void> => {
    await world.settled();
    for (let second = 0; second < seconds; second += 1) {
      await world.clock.advance(1000);
      await world.settled();
    }
  };
  const make = async (world: World): Promise<void> => {
    await world.request('POST', SNAPSHOTS, snapshotBody('nightly', 'data'));
    await world.request('POST', GROUPS, GROUP);
  };
  const remove = async (world: World): Promise<void> => {
    await world.request('DELETE', `${SNAPSHOTS}/nightly`);
    await world.request('DELETE', `${GROUPS}/all`);
  };
  const allReady = async (world: World): Promise<boolean> => {
    const all = [...(await world.list<VolumeSnapshot>(SNAPSHOTS)), ...(await world.list<VolumeSnapshot>(GROUPS))];
    return all.length === 3 && all.every(({ status }) => status?.readyToUse === true);
  };
  const left = async (world: World): Promise<readonly string[]> => {
    const objects = await Promise.all([SNAPSHOTS, CONTENTS, GROUPS, GROUP_CONTENTS].map((path) => world.list(path)));
    const { snapshots, groups } = world.driver.ledger();
    return [...objects.flat().map(({ metadata }) => metadata?.name ?? ''), ...[...snapshots, ...groups].map(({ id }) => id)];
  };
  const failing = (world: World, what: string) => {
    const { fails, most } = countTries(what);
    world.sandbox.faults.intercept((request) => (request.headers['user-agent'] !== 'user' && fails(request) ? BROKEN : undefined));
    return { most, mend: () => world.sandbox.faults.intercept(undefined) };
  };

  const undisturbed = await open();
  const requestsOf = async (work: (world: World) => Promise<void>): Promise<readonly string[]> => {
    undisturbed.calls.splice(0);
    await work(undisturbed);
    await pass(undisturbed, 5);
    return [...new Set(undisturbed.calls.map(({ what }) => what).filter((what) => !what.includes(' events')))].toSorted();
  };
  const making = await requestsOf(make);
  const removing = await requestsOf(remove);
  await undisturbed.close();

  test.each(making)('made while %s fails', async (what) => {
    const world = await open();
    const fault = failing(world, what);
    await make(world);
    await pass(world, SECONDS);
    // A claim is written for the snapshot, before it beside the snapshot's own finalizers, and for the group.
    expect(fault.most()).toBe(what === 'PUT persistentvolumeclaims' ? 2 * TRIES + 1 : TRIES);
    fault.mend();
    await pass(world, SECONDS);
    expect(await allReady(world)).toBe(true);
    await world.close();
  });

  test.each(removing)('removed while %s fails', async (what) => {
    const world = await open();
    await make(world);
    await pass(world, 5);
    const fault = failing(world, what);
    await remove(world);
    await pass(world, SECONDS);
    expect(fault.most()).toBe(TRIES);
    fault.mend();
    await pass(world, SECONDS);
    expect(await left(world)).toEqual([]);
    await world.close();
  });
});

describe('of csi-provisioner, a claim, a restored one and a clone', async () => {
  const STORAGE_CLASSES = '/apis/storage.k8s.io/v1/storageclasses';
  const SECRET = { name: 'key', namespace: 'default' };
  const parameters = Object.fromEntries(
    Object.entries(SECRET).map(([part, value]) => [`csi.storage.k8s.io/provisioner-secret-${part}`, value]),
  );
  const claim = (name: string, dataSource?: object): object => ({
    metadata: { name, namespace: 'default' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'fast',
      resources: { requests: { storage: '1Gi' } },
      ...(dataSource === undefined ? {} : { dataSource }),
    },
  });
  const SOURCES = {
    data: undefined,
    restored: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'nightly' },
    cloned: { kind: 'PersistentVolumeClaim', name: 'origin' },
  } as const;
  const isBound = async (stage: Stage, names: readonly string[]): Promise<boolean> => {
    const claims = await Promise.all(names.map((name) => stage.get<PersistentVolumeClaim>(`${CLAIMS}/${name}`)));
    return claims.every((object) => object?.status?.phase === 'Bound');
  };
  const prepare = async (stage: Stage): Promise<void> => {
    await stage.create('/api/v1/namespaces/default/secrets', { metadata: SECRET, data: { word: 'eA==' } });
    await stage.create(STORAGE_CLASSES, { metadata: { name: 'fast' }, provisioner: 'mock.csi.example', parameters });
    await stage.create(CLASSES, classBody('snap'));
    await stage.create(CLAIMS, claim('origin'));
    await stage.until('the origin to be bound', () => isBound(stage, ['origin']));
    await stage.create(SNAPSHOTS, snapshotBody('nightly', 'origin'));
    const ready = async (): Promise<boolean> => (await stage.get<VolumeSnapshot>(`${SNAPSHOTS}/nightly`))?.status?.readyToUse === true;
    await stage.until('the snapshot to be ready', ready);
    await stage.pause(5_000);
  };
  const make = async (stage: Stage): Promise<void> => {
    for (const [name, source] of Object.entries(SOURCES)) await stage.create(CLAIMS, claim(name, source));
  };
  const remove = async (stage: Stage): Promise<void> => {
    for (const name of Object.keys(SOURCES)) await stage.send('DELETE', `${CLAIMS}/${name}`);
  };
  const failing = (stage: Stage, what: string) => {
    const { fails, most } = countTries(what);
    stage.refuse = (request) => (fails(request) ? 500 : undefined);
    return { most, mend: () => (stage.refuse = undefined) };
  };
  const OPTIONS = { snapshots: true } as const;

  let making: readonly string[] = [];
  let removing: readonly string[] = [];
  await onStage(OPTIONS, async (stage) => {
    const requestsOf = async (work: (stage: Stage) => Promise<void>): Promise<readonly string[]> => {
      stage.forget();
      await work(stage);
      await stage.pause(5_000);
      return [...new Set(stage.calls.filter((what) => !what.includes(' events')))].toSorted();
    };
    await prepare(stage);
    making = await requestsOf(make);
    removing = await requestsOf(remove);
  });

  test.each(making)('made while %s fails', (what) =>
    onStage(OPTIONS, async (stage) => {
      await prepare(stage);
      const fault = failing(stage, what);
      await make(stage);
      await stage.pause(SECONDS * 1000);
      expectPace(what, fault.most());
      fault.mend();
      await stage.until('all to be bound', () => isBound(stage, Object.keys(SOURCES)), 2 * SECONDS * 1000);
    }),
  );

  test.each(removing)('removed while %s fails', (what) =>
    onStage(OPTIONS, async (stage) => {
      await prepare(stage);
      await make(stage);
      await stage.until('all to be bound', () => isBound(stage, Object.keys(SOURCES)));
      await stage.pause(5_000);
      const fault = failing(stage, what);
      await remove(stage);
      await stage.pause(SECONDS * 1000);
      expectPace(what, fault.most());
      fault.mend();
      await stage.until('one volume to be left', () => Promise.resolve(stage.driver.ledger().volumes.length === 1), 2 * SECONDS * 1000);
    }),
  );
});
