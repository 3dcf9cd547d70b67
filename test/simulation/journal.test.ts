import { describe, expect, it } from 'vitest';
import type { Lease } from '../../lib/kube/objects.ts';
import type { LedgerView } from './invariants.ts';
import { settledViolations } from './invariants.ts';
import { openEntries } from './journal.ts';
import { CallLog } from './call-log.ts';
import { Mirror } from './mirror.ts';
import { SafetyChecks } from './safety.ts';

function lease(name: string, kind: string, content: { shards?: string[]; uids?: string[]; snapshotId?: string } = {}): Lease {
  const { shards, uids = [], snapshotId } = content;
  const entries = Object.fromEntries(
    uids.map((uid) => [
      uid,
      { claim: { namespace: 'default', name: uid, uid }, className: 'fast', requests: [{ name: `pvc-${uid}`, snapshotId }] },
    ]),
  );
  return {
    metadata: {
      name,
      uid: `uid-of-${name}`,
      labels: { 'csi-sidecars/journal-driver': 'mock', 'csi-sidecars/journal-kind': kind },
      annotations: {
        'csi-sidecars/journal': JSON.stringify({ version: 1, owner: 'me', shards }),
        'csi-sidecars/entries': JSON.stringify(entries),
      },
    },
  };
}

const uids = (...leases: Lease[]): string[] => [...openEntries(leases).keys()].sort();

describe('a journal', () => {
  it('holds the entries of heads and of the shards that they name', () => {
    expect(uids(lease('head', 'leader', { shards: ['more'], uids: ['a'] }), lease('more', 'shard', { uids: ['b'] }))).toEqual(['a', 'b']);
    expect(uids(lease('head', 'process', { uids: ['a'] }), lease('stray', 'shard', { uids: ['b'] }))).toEqual(['a']);
  });

  it('holds nothing of a shard that only another driver names, and of what cannot be read', () => {
    const foreign = lease('head', 'leader', { shards: ['more'] });
    foreign.metadata = { ...foreign.metadata, labels: { 'csi-sidecars/journal-driver': 'other', 'csi-sidecars/journal-kind': 'leader' } };
    const broken = lease('broken', 'leader', { uids: ['c'] });
    broken.metadata = { ...broken.metadata, annotations: { 'csi-sidecars/entries': '{"c":' } };
    expect(uids(foreign, lease('more', 'shard', { uids: ['b'] }), broken, lease('aside', 'unreadable', { uids: ['d'] }))).toEqual([]);
  });
});

function stage(): { mirror: Mirror; safety: SafetyChecks; found: () => string[]; made: (uid: string) => void } {
  const volumes: LedgerView['volumes'][number][] = [];
  const mirror = new Mirror(() => Promise.reject(new Error('nobody watches')));
  const safety = new SafetyChecks(mirror, () => ({ volumes, snapshots: [] }), { calls: new CallLog(() => 0), now: () => 0 });
  const made = (uid: string): void => {
    const volume = {
      id: `volume-${uid}`,
      name: `pvc-${uid}`,
      bytes: 1n,
      block: false,
      modes: [],
      parameters: {},
      createdMutable: {},
      mutable: {},
      source: undefined,
      segment: undefined,
      createdMs: 0,
      published: [],
      staged: [],
      targets: [],
    };
    safety.commits({ op: 'create-volume', volume });
    volumes.push(volume);
  };
  return { mirror, safety, made, found: () => safety.violations.map(({ invariant }) => invariant) };
}

describe('no volume without its record', () => {
  it('asks for nothing where no journal was ever written', () => {
    const { found, made } = stage();
    made('a');
    expect(found()).toEqual([]);
  });

  it('asks for an entry from the first journal on', () => {
    const { mirror, found, made } = stage();
    mirror.leases.apply('ADDED', lease('head', 'leader', { uids: ['a'] }));
    made('a');
    expect(found()).toEqual([]);
    made('b');
    expect(found()).toEqual(['no-volume-without-its-record']);
  });

  it('asks for a PV before the entry of a volume goes, wherever it goes from', () => {
    for (const empty of [lease('head', 'leader'), undefined]) {
      const { mirror, found, made } = stage();
      const head = lease('head', 'leader', { uids: ['a', 'b'] });
      mirror.leases.apply('ADDED', head);
      made('a');
      made('b');
      mirror.volumes.apply('ADDED', { metadata: { name: 'pvc-b', uid: 'pv-b' }, spec: { claimRef: { uid: 'b' } } });
      mirror.leases.apply(empty === undefined ? 'DELETED' : 'MODIFIED', empty ?? head);
      expect(found()).toEqual(['no-volume-without-its-record']);
    }
  });

  it('lets an entry move to a shard that is named', () => {
    const { mirror, found, made } = stage();
    mirror.leases.apply('ADDED', lease('head', 'leader', { uids: ['a'] }));
    made('a');
    mirror.leases.apply('ADDED', lease('more', 'shard', { uids: ['a'] }));
    mirror.leases.apply('MODIFIED', lease('head', 'leader', { shards: ['more'] }));
    expect(found()).toEqual([]);
    mirror.leases.apply('MODIFIED', lease('head', 'leader', { shards: ['other'] }));
    expect(found()).toEqual(['no-volume-without-its-record']);
  });
});

it('leaves an entry open only while its claim lives and waits', () => {
  const { mirror } = stage();
  const expected = {
    unbindable: new Set(['default/a']),
    unsnapshottable: new Set<string>(),
    released: new Set<string>(),
    lateContents: new Set<string>(),
    openAccounts: new Set<string>(),
  };
  const left = (): string[] => settledViolations(mirror, { volumes: [], snapshots: [] }, expected).map(({ invariant }) => invariant);
  mirror.leases.apply('ADDED', lease('head', 'leader', { uids: ['a'] }));
  expect(left()).toEqual(['no-intent-left']);
  mirror.claims.apply('ADDED', { metadata: { namespace: 'default', name: 'a', uid: 'a' }, status: { phase: 'Pending' } });
  expect(left()).toEqual([]);
  mirror.claims.apply('MODIFIED', { metadata: { namespace: 'default', name: 'a', uid: 'a' }, status: { phase: 'Bound' } });
  expect(left()).toEqual(['no-intent-left']);
});
