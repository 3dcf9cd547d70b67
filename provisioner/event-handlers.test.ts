import { expect, test } from 'vitest';
import type { Informer, InformerEvent, InformerSet, Interest } from '../lib/controller/informer.ts';
import { keyOf } from '../lib/controller/store.ts';
import { ENTRIES_ANNOTATION } from '../lib/journal/lease.ts';
import type { CsiNode, KubeObject, Node, Resource } from '../lib/kube/objects.ts';
import {
  CSI_NODES,
  LEASES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  REFERENCE_GRANTS,
  STORAGE_CLASSES,
  VOLUME_ATTACHMENTS,
  VOLUME_SNAPSHOTS,
} from '../lib/kube/resources.ts';
import { openCaches } from './caches.ts';
import { wireEvents } from './event-handlers.ts';
import { CLONE_FINALIZER } from './facts/names.ts';
import { createClaimsInProgress } from './intent/claims-in-progress.ts';
import { createSourceProtections } from './source-protections.ts';
import { aClaim, aClass, aSnapshot, aVolume, CLAIM_SOURCE, CLAIM_UID, DRIVER, SNAPSHOT_SOURCE, VOLUME_NAME } from './testing/objects.ts';

const WAITING = 100;
const OWN_JOURNAL = 'storage/own';

function cache<T extends KubeObject>({ indexes = [] }: Interest<T>) {
  const objects = new Map<string, T>();
  const handlers: ((event: InformerEvent<T>) => void)[] = [];
  const list = (): T[] => [...objects.values()];
  const informer = {
    store: {
      get: (key: string) => objects.get(key),
      byUid: (uid: string) => list().find(({ metadata }) => metadata?.uid === uid),
      list,
      byIndex: (index: string, value: string) =>
        list().filter((object) => indexes.some(({ name, values }) => name === index && values(object).includes(value))),
    },
    onEvent: (handler: (typeof handlers)[number]) => void handlers.push(handler),
  };
  const tell = (key: string, object: T | undefined, changed: boolean): void => {
    const old = objects.get(key);
    if (object === undefined) objects.delete(key);
    else objects.set(key, object);
    for (const handler of handlers) handler({ key, old, object, changed });
  };
  return {
    informer: informer as unknown as Informer<T>,
    put: (object: T, changed = true) => tell(keyOf(object), object, changed),
    remove: (key: string) => tell(key, undefined, true),
  };
}

/** The caches of the role with their indexes, and which keys are woken in each lane. */
function open() {
  const opened = new Map<string, ReturnType<typeof cache<KubeObject>>>();
  const informer = <T extends KubeObject>({ plural }: Resource<T>, interest: Interest<T>): Informer<T> => {
    const made = cache(interest);
    opened.set(plural, made as never);
    return made.informer;
  };
  const of = <T extends KubeObject>({ plural }: Resource<T>) => opened.get(plural) as unknown as ReturnType<typeof cache<T>>;
  const caches = openCaches({ informer } as InformerSet, {
    driver: DRIVER,
    leaseNamespace: 'storage',
    ...{ nodes: true, affinities: true, attachments: true, snapshots: true, crossNamespace: true, journals: true },
    capacity: undefined,
  });
  const progress = createClaimsInProgress();
  const protections = createSourceProtections();
  const woken: Record<'claims' | 'volumes' | 'clones' | 'snapshots', string[]> = { claims: [], volumes: [], clones: [], snapshots: [] };
  const lane = (name: keyof typeof woken) => ({ enqueue: (key: string) => void woken[name].push(key) });
  wireEvents(DRIVER, {
    caches,
    remembered: { progress, protections, volumes: new Map() },
    lanes: { claims: lane('claims'), volumes: lane('volumes'), clones: lane('clones'), snapshots: lane('snapshots') },
    ownJournal: OWN_JOURNAL,
  });
  /** Those since the last look. */
  const wakes = (name: keyof typeof woken): string[] => woken[name].splice(0);
  return { of, progress, protections, wakes };
}

/** A hundred claims wait for a place, beside the nodes of a cluster. */
function openWaiting() {
  const { of, progress, wakes } = open();
  for (let index = 0; index < WAITING; index += 1) progress.update(`claim-${index}`, { awaits: 'topology' });
  return { nodes: of(NODES), csiNodes: of(CSI_NODES), wakes: () => wakes('claims').length };
}

const node = (labels: Record<string, string>): Node => ({ metadata: { name: 'a', labels } });
const csiNode = (keys: string[], others: string[] = []): CsiNode => ({
  metadata: { name: 'a' },
  spec: { drivers: [{ name: DRIVER, topologyKeys: keys }, ...others.map((name) => ({ name }))] },
});

test('heartbeats, labels that are no topology keys and other drivers of a node wake no claim', () => {
  const { nodes, csiNodes, wakes } = openWaiting();
  csiNodes.put(csiNode(['zone']));
  nodes.put(node({ zone: '1' }));
  expect(wakes()).toBe(2 * WAITING);
  for (let beat = 0; beat < 1_000; beat += 1) {
    nodes.put(node({ zone: '1' }), false);
    nodes.put(node({ zone: '1', team: `t${beat}` }));
    csiNodes.put(csiNode(['zone'], [`other-${beat}`]));
  }
  expect(wakes()).toBe(0);
});

test('a place that changes wakes each claim that waits for one', () => {
  const { nodes, csiNodes, wakes } = openWaiting();
  nodes.put(node({}));
  csiNodes.put(csiNode(['zone']));
  wakes();
  nodes.put(node({ zone: '1' }));
  expect(wakes()).toBe(WAITING);
  nodes.put(node({ zone: '2' }));
  expect(wakes()).toBe(WAITING);
  csiNodes.put(csiNode(['zone', 'rack']));
  expect(wakes()).toBe(WAITING);
});

test('a grant that goes wakes the source of another namespace: who waited for it may not any more, and keeps it no longer', () => {
  const { of, wakes } = open();
  of(PERSISTENT_VOLUME_CLAIMS).put(aClaim({ dataSourceRef: { ...SNAPSHOT_SOURCE, namespace: 'vault' } }));
  of(REFERENCE_GRANTS).put({ metadata: { name: 'grant', namespace: 'vault' } });
  wakes('snapshots');
  of(REFERENCE_GRANTS).remove('vault/grant');
  expect(wakes('snapshots')).toEqual(['vault/monday']);
});

const clone = (uid: string) => aClaim({ metadata: { name: uid, uid }, dataSource: CLAIM_SOURCE });
const restore = (uid: string) => aClaim({ metadata: { name: uid, uid }, dataSource: SNAPSHOT_SOURCE });

test.each([
  ['snapshots', restore('restored'), 'shop/monday'],
  ['clones', clone('cloned'), 'shop/original'],
] as const)('a claim that is filled, and one that goes, wake the lane of %s that protects its source', (name, claim, source) => {
  const { of, wakes } = open();
  const claims = of(PERSISTENT_VOLUME_CLAIMS);
  claims.put(claim);
  wakes(name);
  claims.put({ ...claim, status: { phase: 'Bound' } });
  expect(new Set(wakes(name))).toEqual(new Set([source]));
  claims.remove(`shop/${claim.metadata?.name ?? ''}`);
  expect(wakes(name)).toEqual([source]);
});

test('a claim made anew under its name is another one: both are looked at, and nothing of the old one is remembered', () => {
  const { of, progress, wakes } = open();
  of(PERSISTENT_VOLUME_CLAIMS).put(aClaim());
  progress.update(CLAIM_UID, { awaits: 'topology' });
  wakes('claims');
  of(PERSISTENT_VOLUME_CLAIMS).put(aClaim({ metadata: { uid: 'another' } }));
  expect(wakes('claims')).toEqual([CLAIM_UID, 'another']);
  expect([...progress.entries()]).toEqual([]);
});

test('a change of a class or a snapshot wakes the claims that wait for it; a resync of one wakes nobody', () => {
  const { of, wakes } = open();
  of(PERSISTENT_VOLUME_CLAIMS).put(restore('restored'));
  of(PERSISTENT_VOLUME_CLAIMS).put(aClaim({ storageClassName: 'other' }));
  wakes('claims');
  for (const [put, changed] of [
    [(seen: boolean) => of(STORAGE_CLASSES).put(aClass(), seen), ['restored']],
    [(seen: boolean) => of(VOLUME_SNAPSHOTS).put(aSnapshot(), seen), ['restored']],
  ] as const) {
    put(true);
    expect(wakes('claims')).toEqual(changed);
    put(false);
    expect(wakes('claims')).toEqual([]);
  }
});

test('a snapshot that is gone was protected by nobody', () => {
  const { of, protections } = open();
  of(VOLUME_SNAPSHOTS).put(aSnapshot());
  protections.own.add('shop/monday');
  of(VOLUME_SNAPSHOTS).remove('shop/monday');
  expect([...protections.own]).toEqual([]);
});

test('a volume wakes its claim and the clones of that claim, and one that is gone is not taken from the cache again', () => {
  const { of, progress, wakes } = open();
  of(PERSISTENT_VOLUME_CLAIMS).put(aClaim());
  of(PERSISTENT_VOLUME_CLAIMS).put(aClaim({ metadata: { name: 'cloned', uid: 'cloned' }, dataSource: { ...CLAIM_SOURCE, name: 'data' } }));
  wakes('claims');
  of(PERSISTENT_VOLUMES).put(aVolume());
  expect([wakes('volumes'), wakes('claims')]).toEqual([[VOLUME_NAME], [CLAIM_UID, 'cloned']]);
  of(PERSISTENT_VOLUMES).remove(VOLUME_NAME);
  expect([wakes('volumes'), wakes('claims')]).toEqual([[VOLUME_NAME], [CLAIM_UID, 'cloned']]);
  expect(progress.of(CLAIM_UID).provisionedBefore).toBe('seen');
});

test('an attachment wakes its volume when it comes and when it goes', () => {
  const { of, wakes } = open();
  of(VOLUME_ATTACHMENTS).put({ metadata: { name: 'a' }, spec: { source: { persistentVolumeName: VOLUME_NAME } } });
  expect(wakes('volumes')).toEqual([VOLUME_NAME]);
  of(VOLUME_ATTACHMENTS).remove('a');
  expect(wakes('volumes')).toEqual([VOLUME_NAME]);
});

/** What is protected and what is not, and who writes entries. */
function openProtected() {
  const { of, wakes } = open();
  of(PERSISTENT_VOLUME_CLAIMS).put(aClaim({ metadata: { name: 'original', uid: 'original', finalizers: [CLONE_FINALIZER] } }));
  of(PERSISTENT_VOLUME_CLAIMS).put(aClaim());
  of(VOLUME_SNAPSHOTS).put(aSnapshot());
  of(VOLUME_SNAPSHOTS).put(aSnapshot({ metadata: { name: 'free', finalizers: [] } }));
  const write = (name: string, entries: string, renewTime = '2026-01-01T00:00:00.000000Z'): void =>
    of(LEASES).put({ metadata: { name, namespace: 'storage', annotations: { [ENTRIES_ANNOTATION]: entries } }, spec: { renewTime } });
  wakes('clones');
  wakes('snapshots');
  return { of, write, wakes: () => [wakes('clones'), wakes('snapshots')] };
}

test('the entries of another process that change wake what is protected; its renewals wake nobody', () => {
  const { write, wakes } = openProtected();
  write('journal', 'one');
  wakes();
  write('journal', 'one', '2026-01-01T00:00:10.000000Z');
  expect(wakes()).toEqual([[], []]);
  write('journal', '', '2026-01-01T00:00:20.000000Z');
  expect(wakes()).toEqual([['shop/original'], ['shop/monday']]);
});

test('what this process writes into its own journal wakes nobody', () => {
  const { write, wakes } = openProtected();
  for (const entries of ['one', 'one two', '']) write('own', entries);
  expect(wakes()).toEqual([[], []]);
});

test('who is protected is looked up, not searched for among all objects', () => {
  const { of, write, wakes } = openProtected();
  for (const resource of [PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOTS])
    of<KubeObject>(resource).informer.store.list = () => expect.unreachable('all of them were asked for');
  write('journal', 'one');
  expect(wakes()).toEqual([['shop/original'], ['shop/monday']]);
});
