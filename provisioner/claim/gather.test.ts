import { expect, test } from 'vitest';
import type { PersistentVolumeClaim, VolumeSnapshot } from '../../lib/kube/objects.ts';
import type { ClaimProgress } from '../intent/claims-in-progress.ts';
import { NO_PROGRESS } from '../intent/claims-in-progress.ts';
import type { Operation } from '../intent/operation.ts';
import { opening, NO_OPERATION } from '../intent/operation.ts';
import { cacheOf } from '../testing/claim-world.ts';
import { aClaim, aClass, aSnapshot, aVolume, CLAIM_UID, SNAPSHOT_SOURCE, VOLUME_NAME } from '../testing/objects.ts';
import { aNode, anIntent, anOpen, settings } from '../testing/states.ts';
import { decide } from './decide.ts';
import type { GatherDeps } from './gather.ts';
import { gather } from './gather.ts';
import { createNodeTopology } from './node-topology.ts';
import type { TopologyBook } from './topology-book.ts';

const forbidden = (): never => {
  throw new Error('gather only reads');
};

/** A map that can be read and not written. */
function frozen<K, V>(entries: readonly (readonly [K, V])[] = []): Map<K, V> {
  return Object.assign(new Map(entries), { set: forbidden, delete: forbidden, clear: forbidden });
}

function frozenSet(keys: readonly string[] = []): Set<string> {
  return Object.assign(new Set(keys), { add: forbidden, delete: forbidden, clear: forbidden });
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
  return value;
}

interface WorldChange {
  readonly claims?: readonly PersistentVolumeClaim[];
  readonly volumes?: readonly ReturnType<typeof aVolume>[];
  readonly snapshots?: readonly VolumeSnapshot[];
  readonly progress?: Partial<ClaimProgress>;
  readonly releasing?: readonly string[];
  readonly prefix?: string;
  readonly settings?: Parameters<typeof settings>[0];
  readonly topology?: TopologyBook;
}

/** Nothing in it can be changed: whoever tries throws. */
function aWorld({
  claims = [aClaim()],
  volumes = [],
  snapshots,
  progress,
  releasing,
  prefix = 'pvc',
  ...change
}: WorldChange = {}): GatherDeps {
  const known = freeze(progress === undefined ? NO_PROGRESS : { ...NO_PROGRESS, ...progress });
  return freeze({
    caches: {
      claims: cacheOf(frozen(claims.map((claim) => [`shop/${claim.metadata?.name ?? ''}`, freeze(claim)] as const))),
      volumes: cacheOf(frozen(volumes.map((volume) => [volume.metadata?.name ?? '', freeze(volume)] as const))),
      classes: cacheOf(frozen([['fast', freeze(aClass())] as const])),
      nodes: undefined,
      csiNodes: undefined,
      attachments: undefined,
      snapshots:
        snapshots === undefined
          ? undefined
          : cacheOf(frozen(snapshots.map((one) => [`shop/${one.metadata?.name ?? ''}`, freeze(one)] as const))),
      grants: undefined,
      capacities: undefined,
      journals: undefined,
    },
    progress: {
      of: () => known,
      update: forbidden,
      forget: forbidden,
      entries: forbidden,
      isOpen: forbidden,
      usersOf: forbidden,
      listen: forbidden,
    },
    protections: { releasing: frozenSet(releasing), own: frozenSet() },
    settings: () => freeze(settings({ naming: { prefix, uuidLength: -1 }, ...change.settings })),
    topology: change.topology,
    strictTopology: false,
    immediateTopology: true,
    minVersion: { value: undefined },
    monotonic: () => 0,
    now: () => 7,
  });
}

const gathered = (change?: WorldChange) => {
  const state = gather(aWorld(change), CLAIM_UID);
  if (state === undefined) throw new Error('the claim is not known');
  return state;
};

test.each<[string, Operation]>([
  ['nothing', NO_OPERATION],
  ['an intent that is being written', opening(NO_OPERATION, anIntent())],
  ['a call under way', anOpen({ call: 'running' })],
  ['an uncertain call', anOpen({ uncertain: [anIntent({ secret: { name: 's', namespace: 'vault' } })] })],
  ['a volume to be saved', { phase: 'created', intent: anIntent(), volume: aVolume(), startedMs: undefined }],
  ['an entry that goes', { phase: 'closing', name: VOLUME_NAME }],
])('gathering changes nothing, with %s in work', (_, operation) => {
  const protecting = { kind: 'snapshot', namespace: 'shop', name: 'monday', uid: 'snap-1' } as const;
  const progress = { operation, protecting, awaits: 'secret', provisionedBefore: 'seen' } as const;
  for (const claims of [[], [aClaim({ dataSource: SNAPSHOT_SOURCE })], [aClaim({ volumeName: VOLUME_NAME })]])
    for (const volumes of [[], [aVolume()]])
      expect(gathered({ claims, volumes, progress, snapshots: [aSnapshot()] }).progress).toMatchObject(progress);
});

test('a claim that is gone and of which nothing is known needs no look', () => {
  expect(gather(aWorld({ claims: [] }), CLAIM_UID)).toBeUndefined();
  expect(gather(aWorld({ claims: [], progress: { operation: anOpen() } }), CLAIM_UID)).toMatchObject({ claim: undefined, now: 7 });
});

test('the class of a claim that is gone is the one of its entry', () => {
  expect(gathered({ claims: [], progress: { operation: anOpen() } }).class?.metadata?.name).toBe('fast');
});

test('a claim has the PV of its name, or any that names it; while something is open only the one that it is about', () => {
  const other = aVolume({ metadata: { name: 'prebound' } });
  expect(gathered({ volumes: [aVolume()] }).volume?.metadata?.name).toBe(VOLUME_NAME);
  expect(gathered({ volumes: [other] }).volume?.metadata?.name).toBe('prebound');
  expect(gathered({ volumes: [other], progress: { operation: anOpen() } }).volume).toBeUndefined();
  const renamed = anIntent({ request: { ...anIntent().request, name: `vol-${CLAIM_UID}` } });
  const operation = anOpen({ intent: renamed });
  expect(gathered({ volumes: [aVolume({ metadata: { name: `vol-${CLAIM_UID}` } })], progress: { operation } }).volume).toBeDefined();
});

test('while its entry goes, the PV of an earlier prefix is still the claim’s', () => {
  const operation = { phase: 'closing', name: `vol-${CLAIM_UID}` } as const;
  const state = gathered({ volumes: [aVolume({ metadata: { name: `vol-${CLAIM_UID}` } })], progress: { operation } });
  expect(state.volume?.metadata?.name).toBe(`vol-${CLAIM_UID}`);
});

test('a PV that holds the unwanted volume is known by its handle', () => {
  const operation = anOpen({ unwanted: { handle: 'vol-1', madeBy: anIntent() }, uncertain: [anIntent()] });
  expect(gathered({ volumes: [aVolume({ metadata: { name: 'of-others' } })], progress: { operation } }).unwantedHeldBy).toBe('of-others');
  expect(gathered({ progress: { operation } }).unwantedHeldBy).toBeUndefined();
});

test('a recorded request that does not fit is told apart, whichever of them it is', () => {
  const forged = anIntent({ secret: { name: 'root', namespace: 'kube-system' } });
  expect(gathered({ progress: { operation: anOpen({ uncertain: [anIntent(), forged] }) } }).misfit).toContain('kube-system/root');
  expect(gathered({ progress: { operation: anOpen({ uncertain: [anIntent()] }) } }).misfit).toBeUndefined();
});

test('a forged entry that names another claim’s volume does not keep its own claim from one', () => {
  const victim = aVolume({ metadata: { name: 'pvc-of-a-neighbour' }, claimRef: { namespace: 'bank', name: 'gold', uid: 'neighbour' } });
  const forged = anIntent({ request: { ...anIntent().request, name: 'pvc-of-a-neighbour' } });
  const state = gathered({ volumes: [victim], progress: { operation: anOpen({ intent: forged, uncertain: [forged] }) } });
  expect(state.misfit).toBeDefined();
  expect(decide(state)).toMatchObject({ kind: 'write-intent', intent: { request: { name: VOLUME_NAME } } });
});

test('a finalizer that we are taking away is not relied upon', () => {
  const restoring = { claims: [aClaim({ dataSource: SNAPSHOT_SOURCE })], snapshots: [aSnapshot()] };
  expect(gathered(restoring).source).toMatchObject({ snapshotsCached: true, releasing: false });
  expect(gathered({ ...restoring, releasing: ['shop/monday'] }).source.releasing).toBe(true);
  expect(gathered({ claims: restoring.claims }).source.snapshotsCached).toBe(false);
});

test('a driver without topology is asked for no place, whatever its nodes are', () => {
  const book = createNodeTopology(() => ({ driver: 'x', node: { ...aNode(), segments: { zone: 'a' } } }));
  const asked = (topology: boolean): unknown => {
    const step = decide(gathered({ topology: book, settings: { topology } }));
    return step.kind === 'write-intent' ? step.intent.request.accessibilityRequirements : step.kind;
  };
  expect(asked(true)).toMatchObject({ requisite: [{ segments: { zone: 'a' } }] });
  expect(asked(false)).toBeUndefined();
});
