/**
 * Forged, foreign, oversized and stale entries of the journal on a real API server under RBAC, written by an account that
 * may only write Leases. Nothing of them is obeyed: no volume is filled from another tenant's, no foreign secret is read,
 * the thief gets no PV by them, what others have stays; and whoever looks is told.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PersistentVolumeClaim } from '../../lib/kube/objects.ts';
import { LEASES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from '../../lib/kube/resources.ts';
import { openEntries } from '../../harness/journal-entries.ts';
import { eventually } from '../../harness/wait.ts';
import type { ForgedWorld, Json, Owner } from './forged-entries.ts';
import {
  callsFor,
  DRIVER,
  forgedEntry,
  HEAD,
  JOURNAL_KEYS,
  LEASE_NAMESPACE,
  nobody,
  openForgedWorld,
  ownerOf,
  secretReads,
  sourceOf,
  STOLEN_SECRET,
  STRANGE_CLASS,
  told,
  toldToClaim,
  untilTold,
  untilToldToClaim,
  WAITING_CLASS,
  wasRecorded,
} from './forged-entries.ts';
import { createClaim, provision, untilBound } from './main-job.ts';

let world: ForgedWorld;
const rows: string[] = [];

beforeAll(async () => {
  world = await openForgedWorld();
});
afterAll(async () => {
  console.log(['forged | what became of it', ...rows].join('\n'));
  await (world as ForgedWorld | undefined)?.close();
});

const guard = (): { signal: AbortSignal } => ({ signal: world.plane.stage.broken });

interface Forgery {
  readonly kind: string;
  /** Whose volume it speaks of: a claim that lives and is ours to provision, or one that nobody has. */
  readonly of: 'living' | 'gone';
  readonly entry: (owner: Owner) => Json;
  /** Filed under this instead of the owner's uid. */
  readonly under?: (owner: Owner) => string;
  /**
   * `refused`: it stands and somebody is told. `replaced`: the claim is provisioned by its own wish, the entry closed.
   * `undone`: what it asks for is made for nobody, and is deleted by a PV that says so.
   */
  readonly end: 'refused' | 'replaced' | 'undone';
  /** Words of the event or the log line; of a claim that lives, of an event on the claim. */
  readonly words?: (owner: Owner) => string;
}

const tailOf = (uid: string | undefined): string => (uid ?? '').split('-').at(-1) ?? '';
const namingHim = ({ uid }: Owner): string => uid;
const victimName = (): string => world.treasure.volumeName;

const FORGERIES: readonly Forgery[] = [
  {
    kind: "name of another's volume, living claim",
    of: 'living',
    entry: (owner) => forgedEntry(owner, { name: victimName() }),
    end: 'replaced',
    words: () => 'is not acted upon',
  },
  {
    kind: "name of another's volume, claim gone",
    of: 'gone',
    entry: (owner) => forgedEntry(owner, { name: victimName() }),
    end: 'refused',
    words: namingHim,
  },
  {
    kind: "content of another's volume, living claim",
    of: 'living',
    entry: (owner) => forgedEntry(owner, sourceOf(world)),
    end: 'replaced',
  },
  { kind: "content of another's volume, claim gone", of: 'gone', entry: (owner) => forgedEntry(owner, sourceOf(world)), end: 'undone' },
  {
    kind: 'secret that no class names, living claim',
    of: 'living',
    entry: (owner) => forgedEntry(owner, STOLEN_SECRET),
    end: 'replaced',
    words: () => 'is not acted upon',
  },
  {
    kind: 'secret that no class names, claim gone',
    of: 'gone',
    entry: (owner) => forgedEntry(owner, STOLEN_SECRET),
    end: 'refused',
    words: namingHim,
  },
  {
    kind: 'reclaim policy, mount options, driver of a PV',
    of: 'gone',
    entry: (owner) => {
      const csi = { driver: 'another.csi.example', nodeStageSecretRef: { name: 'crown', namespace: 'vault' } };
      const pv = { persistentVolumeReclaimPolicy: 'Retain', mountOptions: ['suid'], csi, claimRef: ownerOf(world.treasure.claim) };
      return forgedEntry(owner, { ...pv, plan: { spec: pv } }, { ...pv, plan: { spec: pv }, volume: { spec: pv } });
    },
    end: 'undone',
  },
  {
    kind: "tail of another claim's uid",
    of: 'gone',
    under: () => tailOf(world.treasure.claim.metadata?.uid),
    entry: (owner) => {
      const uid = tailOf(world.treasure.claim.metadata?.uid);
      return forgedEntry({ ...owner, uid }, { name: victimName() });
    },
    end: 'refused',
    words: () => `(uid ${tailOf(world.treasure.claim.metadata?.uid)})`,
  },
  {
    kind: 'another uid than it is filed under',
    of: 'gone',
    entry: (owner) => forgedEntry({ ...owner, uid: world.treasure.claim.metadata?.uid ?? '' }),
    end: 'refused',
    words: namingHim,
  },
  {
    kind: '50 requests',
    of: 'gone',
    entry: (owner) => {
      const [request] = forgedEntry(owner)['requests'] as readonly Json[];
      return { ...forgedEntry(owner), requests: Array.from({ length: 50 }, () => request) };
    },
    end: 'refused',
    words: namingHim,
  },
  {
    kind: "deletion of another's volume, living claim",
    of: 'living',
    entry: (owner) => forgedEntry(owner, {}, { deleting: world.treasure.volumeHandle }),
    end: 'replaced',
  },
  {
    kind: "deletion of another's volume, claim gone",
    of: 'gone',
    entry: (owner) => forgedEntry(owner, {}, { deleting: world.treasure.volumeHandle }),
    end: 'undone',
  },
];

interface Forged extends Forgery {
  readonly owner: Owner;
  readonly uid: string;
}

/** A claim for each that lives; the others are named after nobody. */
async function prepare(round: string): Promise<readonly Forged[]> {
  const forged: Forged[] = [];
  for (const [index, forgery] of FORGERIES.entries()) {
    const name = `${round}-${index}`;
    const owner = forgery.of === 'living' ? ownerOf(await world.claimOf(name)) : nobody(name);
    forged.push({ ...forgery, owner, uid: forgery.under?.(owner) ?? owner.uid });
  }
  return forged;
}

const entriesOf = (forged: readonly Forged[]): Json => Object.fromEntries(forged.map(({ uid, owner, entry }) => [uid, entry(owner)]));

async function handedOver({ namespace, name }: Owner): Promise<PersistentVolumeClaim> {
  const isOurs = ({ metadata }: PersistentVolumeClaim): boolean =>
    metadata?.annotations?.['volume.kubernetes.io/storage-provisioner'] === DRIVER;
  return world.plane.kube.until(PERSISTENT_VOLUME_CLAIMS, { namespace, name }, { what: 'handed over', test: isOurs, ...guard() });
}

/** Whatever was forged: what others have, and what the thief must not have. */
async function untouched(): Promise<void> {
  const { plane, treasure, victim, driver } = world;
  const claim = await plane.kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace: victim.namespace, name: 'treasure' });
  expect(claim.status?.phase).toBe('Bound');
  const volume = await plane.kube.get(PERSISTENT_VOLUMES, { name: treasure.volumeName });
  expect([volume.metadata?.deletionTimestamp, volume.spec?.csi?.volumeHandle, volume.spec?.claimRef?.uid]).toEqual([
    undefined,
    treasure.volumeHandle,
    treasure.claim.metadata?.uid,
  ]);
  const { volumes } = await driver.ledger();
  expect(volumes.filter(({ id }) => id === treasure.volumeHandle)).toHaveLength(1);
  expect(volumes.filter(({ source }) => source !== undefined)).toEqual([]);
  expect(await deletions(treasure.volumeHandle)).toBe(0);
  expect(secretReads(world)).toEqual([]);
}

async function deletions(handle: string): Promise<number> {
  return (await world.control.journal()).filter(({ rpc, request }) => rpc === 'DeleteVolume' && request['volume_id'] === handle).length;
}

async function judge({ kind, owner, uid, end, words }: Forged): Promise<void> {
  const { driver, plane, thieves, seenVolumes, treasure } = world;
  const name = `pvc-${uid}`;
  const seen = (): typeof seenVolumes => seenVolumes.filter(({ spec }) => spec?.claimRef?.uid === uid);
  if (end === 'refused') {
    rows.push(`${kind} | ${await untilTold(world, words?.(owner) ?? uid)}`);
    expect(await callsFor(world, name)).toEqual([]);
    expect(seen()).toEqual([]);
    return;
  }
  if (end === 'replaced') {
    const bound = await untilBound(thieves, owner.name);
    expect(bound.volumeHandle).not.toBe(treasure.volumeHandle);
    expect((await driver.ledger()).volumes.find(({ id }) => id === bound.volumeHandle)).toMatchObject({ name });
    const calls = await callsFor(world, name);
    expect(calls.filter(({ request }) => 'volume_content_source' in request)).toEqual([]);
    const expected = words?.(owner);
    const said = expected === undefined ? await toldToClaim(world, owner, '') : await untilToldToClaim(world, owner, expected);
    rows.push(`${kind} | provisioned by its own wish; ${said ?? 'not told'}`);
    return;
  }
  await eventually(`CreateVolume ${name}`, async () => ((await callsFor(world, name)).length > 0 ? true : undefined), guard());
  await eventually(`PersistentVolume ${name} to come`, () => (seen().length > 0 ? true : undefined), guard());
  await plane.kube.untilGone(PERSISTENT_VOLUMES, { name }, guard());
  expect((await driver.ledger()).volumes.filter((volume) => volume.name === name)).toEqual([]);
  for (const { spec, status } of seen()) {
    expect(spec?.persistentVolumeReclaimPolicy).toBe('Delete');
    expect(spec?.mountOptions).toBeUndefined();
    expect(spec?.csi?.driver).toBe(DRIVER);
    expect(spec?.csi).not.toHaveProperty('nodeStageSecretRef');
    expect(status?.phase).not.toBe('Bound');
  }
  rows.push(`${kind} | made for nobody, deleted by a PV with policy Delete`);
}

/** Another tenant's claim: recorded before it was sent, and bound. */
async function neighbour(name: string): Promise<void> {
  const { claim } = await provision(world.victim, name);
  expect(wasRecorded(world, claim.metadata?.uid ?? '')).toBe(true);
}

describe('forged while csi-provisioner does not run', () => {
  let forged: readonly Forged[];

  beforeAll(async () => {
    await world.stop();
    forged = await prepare('away');
    for (const { of, owner } of forged) if (of === 'living') await handedOver(owner);
    await world.forge(entriesOf(forged));
    await world.start();
    await neighbour('while-away');
  });

  test.each(FORGERIES.map(({ kind }, index) => [kind, index] as const))('%s', async (_kind, index) => {
    await judge(forged[index] as Forged);
  });

  test('what others have is untouched', untouched);
});

describe('forged while it runs', () => {
  let forged: readonly Forged[];

  beforeAll(async () => {
    const { control } = world;
    await control.bend([{ rpc: 'CreateVolume', code: 'RESOURCE_EXHAUSTED' }]);
    forged = (await prepare('here')).filter(({ under }) => under === undefined);
    const living = forged.filter(({ of }) => of === 'living').map(({ uid }) => `pvc-${uid}`);
    for (const name of living)
      await eventually(`${name} to be refused`, async () => ((await callsFor(world, name)).length > 0 ? true : undefined), guard());
    await control.heal();
    await control.bend(living.map((name) => ({ rpc: 'CreateVolume', name, code: 'RESOURCE_EXHAUSTED' })));
    await world.forge(entriesOf(forged), 'somebody');
    // Its entry is written to the Lease that is not ours any more.
    await neighbour('while-here');
    await control.heal();
  });

  const kinds = FORGERIES.filter(({ under }) => under === undefined).map(({ kind }) => kind);
  test.each(kinds)('%s', async (kind) => {
    await judge(forged.find((one) => one.kind === kind) as Forged);
  });

  test('what others have is untouched', untouched);
});

describe('stale entries and entries of others', () => {
  test('of a claim that is bound: it is closed, and nothing is asked of the driver', async () => {
    const { treasure } = world;
    const owner = ownerOf(treasure.claim);
    const before = (await callsFor(world, treasure.volumeName)).length;
    await world.stop();
    await world.forge({ [owner.uid]: forgedEntry(owner, { ...sourceOf(world), ...STOLEN_SECRET }) });
    await world.start();
    await untilClosed(owner.uid);
    expect(await callsFor(world, treasure.volumeName)).toHaveLength(before);
    await untouched();
    rows.push(`entry of a claim that is bound | closed; ${await untilToldToClaim(world, owner, 'is closed, and not acted upon')}`);
  });

  test("in the journal of another driver's name: nobody's here, and not touched", async () => {
    const { kube } = world.plane;
    const owner = nobody('other');
    const name = 'csi-journal-another.csi.example';
    const annotations = {
      [JOURNAL_KEYS.journal]: JSON.stringify({ version: 1, owner: 'x', write: 1, shards: [HEAD] }),
      [JOURNAL_KEYS.entries]: JSON.stringify({ [owner.uid]: forgedEntry(owner) }),
    };
    await kube.create(LEASES, { metadata: { name, namespace: LEASE_NAMESPACE, annotations }, spec: { holderIdentity: 'x' } });
    await neighbour('beside-another');
    expect((await kube.get(LEASES, { name, namespace: LEASE_NAMESPACE })).metadata?.annotations).toEqual(annotations);
    expect(await callsFor(world, `pvc-${owner.uid}`)).toEqual([]);
  });

  test('above the size of an entry: dropped, and the log says so', async () => {
    const owner = nobody('large');
    await world.stop();
    await world.forge({ [owner.uid]: forgedEntry(owner, { parameters: { large: 'x'.repeat(17 * 1024) } }) });
    await world.start();
    await neighbour('beside-large');
    rows.push(`oversized | ${await untilTold(world, 'entries that no journal can hold are dropped')}`);
    expect(await callsFor(world, `pvc-${owner.uid}`)).toEqual([]);
    await untouched();
  });
});

describe('a journal that cannot be read', () => {
  const DEFACED = [
    ['unknown version', { [JOURNAL_KEYS.journal]: JSON.stringify({ version: 99, owner: '', write: 1, shards: [] }) }],
    ['no JSON', { [JOURNAL_KEYS.entries]: '{"no JSON' }],
  ] as const;

  test.each(DEFACED)('%s: put aside and told, others go on', async (kind, annotations) => {
    await world.stop();
    await world.deface(annotations);
    await world.start();
    await neighbour(`beside-${kind.toLowerCase().replace(' ', '-')}`);
    rows.push(`${kind} | ${await untilTold(world, 'journal cannot be read')}`);
    const aside = (await world.plane.kube.list(LEASES, LEASE_NAMESPACE)).filter(
      ({ metadata }) => metadata?.name?.startsWith(`${HEAD}-unreadable`) === true,
    );
    expect(aside.some(({ metadata }) => Object.entries(annotations).every(([key, text]) => metadata?.annotations?.[key] === text))).toBe(
      true,
    );
    await untouched();
  });

  test.each(DEFACED)('%s, while it runs', async (kind, annotations) => {
    const claim = `beside-running-${kind.toLowerCase().replace(' ', '-')}`;
    await world.deface(annotations);
    await createClaim(world.victim, claim);
    await untilBound(world.victim, claim);
    await untouched();
  });
});

describe('a claim that lives, pending, and is not handed to the driver', () => {
  test.each([
    ['of a class that waits for a Pod', WAITING_CLASS],
    ['of the class of another driver', STRANGE_CLASS],
  ])('%s: it gets no copy of the volume of another tenant', async (_kind, storageClass) => {
    const { plane, thieves } = world;
    const { kube } = plane;
    const name = `idle-${storageClass}`;
    const owner = ownerOf(await world.claimOf(name, storageClass));
    await world.stop();
    await world.forge({ [owner.uid]: { ...forgedEntry(owner, sourceOf(world)), className: storageClass } });
    await world.start();
    // Either is the end of it: somebody is told, or it was carried out.
    const outcome = await eventually(
      'the entry to be met',
      async () => {
        const { status } = await kube.get(PERSISTENT_VOLUME_CLAIMS, { namespace: thieves.namespace, name });
        return status?.phase === 'Bound' ? 'the thief has a copy' : await told(world, owner.uid);
      },
      guard(),
    );
    rows.push(`content of another's volume, claim ${_kind} | ${outcome}`);
    expect(await callsFor(world, `pvc-${owner.uid}`)).toEqual([]);
    await untouched();
  });
});

async function untilClosed(uid: string): Promise<void> {
  const open = async (): Promise<boolean> => {
    const lease = await world.plane.kube.get(LEASES, { namespace: LEASE_NAMESPACE, name: HEAD });
    return openEntries([lease]).includes(uid);
  };
  await eventually(`the entry of ${uid} to be closed`, async () => ((await open()) ? undefined : true), guard());
}
