/** What the journal holds of a claim, from Leases that are read, unreadable or not to be seen. */
import { expect, test } from 'vitest';
import { leaseOf } from '../../lib/journal/lease.ts';
import { ApiError } from '../../lib/kube/api-error.ts';
import type { Lease } from '../../lib/kube/objects.ts';
import { CreateVolumeRequest } from '../../proto/gen/csi.ts';
import { encodeEntry } from '../../provisioner/intent/intent.ts';
import type { ReadOnlyClient } from '../reading/read-only-client.ts';
import { openEntriesOf } from './journal.ts';

const signal = new AbortController().signal;

const entry = (name: string, uid: string) =>
  encodeEntry([
    {
      claim: { namespace: 'team', name, uid },
      className: 'fast',
      classVersion: '',
      request: { ...CreateVolumeRequest.decode(new Uint8Array()), name: `pvc-${uid}` },
      secret: undefined,
      source: undefined,
      selectedNode: undefined,
      omittedTopology: undefined,
    },
  ]);

function journal(name: string, entries: string): Lease {
  const place = { name, namespace: 'kube-system', driver: 'd.example' };
  return leaseOf(undefined, place, { kind: 'leader', identity: 'node-1_x', write: 1, shards: [], entries, renewal: undefined });
}

function clientOf(answer: () => readonly Lease[]): ReadOnlyClient & { readonly asked: (string | undefined)[] } {
  const asked: (string | undefined)[] = [];
  return {
    asked,
    get: () => Promise.reject(new Error('not asked for')),
    list: async (_, { namespace }) => {
      asked.push(namespace);
      return { items: answer() as never[], resourceVersion: '1', continueToken: undefined };
    },
  };
}

const forbidden = (): never => {
  throw new ApiError({ status: 403, reason: 'Forbidden', message: 'no', request: 'GET' });
};

test('only the entries of this claim are told, each with the way to release it, and what cannot be read is said', async () => {
  const entries = JSON.stringify({ 'u-1': entry('data', 'u-1'), 'u-2': entry('other', 'u-2'), 'u-3': { claim: 'forged' } });
  const client = clientOf(() => [journal('csi-journal-d.example', entries), journal('csi-journal-torn', '{')]);
  const looked = await openEntriesOf('team/data', { client, running: undefined, leaseNamespace: undefined, signal });
  expect(looked.entries).toEqual([
    {
      lease: { kind: 'Lease', namespace: 'kube-system', name: 'csi-journal-d.example' },
      driver: 'd.example',
      claimUid: 'u-1',
      volume: 'pvc-u-1',
      requests: 1,
      undecidedSince: undefined,
      release:
        'look for pvc-u-1 in the storage of d.example and delete it there, stop csi-provisioner, ' +
        'kubectl edit lease/csi-journal-d.example -n kube-system # take u-1 out of its annotation csi-sidecars/entries, and start csi-provisioner again',
    },
  ]);
  expect(looked.unknown).toEqual(['what lease/csi-journal-torn -n kube-system holds: annotation csi-sidecars/entries is no JSON object']);
  expect(client.asked).toEqual([undefined]);
});

test('where Leases may not be listed this is said, with what would help', async () => {
  const client = clientOf(forbidden);
  const ask = async (leaseNamespace: string | undefined): Promise<unknown> =>
    openEntriesOf('team/data', { client, running: undefined, leaseNamespace, signal });
  const what = 'whether the journal of csi-provisioner has an open entry of it: you may not list leases';
  expect(await ask(undefined)).toEqual({
    entries: [],
    unknown: [`${what}: name the namespace of csi-provisioner with --lease-namespace`],
  });
  expect(await ask('storage')).toEqual({ entries: [], unknown: [`${what} in namespace storage`] });
  expect(client.asked).toEqual([undefined, 'storage']);
});

test('the running process is believed where the Leases may not be seen', async () => {
  const told = {
    key: 'u-1',
    about: 'team/data',
    driver: 'd.example',
    makes: 'pvc-u-1',
    lease: { namespace: 'storage', name: 'csi-journal-d.example' },
    phase: 'open',
    requests: 2,
    undecidedSince: '2026-01-01T00:00:00Z',
  };
  const running = { program: 'csi-provisioner', about: () => undefined, entriesOf: () => [told] };
  const looked = await openEntriesOf('team/data', { client: clientOf(forbidden), running, leaseNamespace: undefined, signal });
  expect(looked).toMatchObject({
    entries: [{ claimUid: 'u-1', volume: 'pvc-u-1', requests: 2, undecidedSince: '2026-01-01T00:00:00Z' }],
    unknown: [],
  });
});
