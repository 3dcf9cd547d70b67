/** What needs no cluster: words about errors and finalizers, names, lists, and a rehearsal that stops before it does something. */
import { describe, expect, test } from 'vitest';
import { ApiError } from '../../lib/kube/api-error.ts';
import type { ListPage } from '../../lib/kube/client.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import { PERSISTENT_VOLUME_CLAIMS, VOLUME_SNAPSHOTS } from '../../lib/kube/resources.ts';
import { listVisible, readOnly, type ReadOnlyClient } from '../reading/read-only-client.ts';
import { heldBy } from './finalizers.ts';
import { readError } from './last-error.ts';
import { createListedInformers } from './listed-informers.ts';
import { lookingClient, MayNotLook, unused } from './looking-client.ts';
import { readTarget } from './target.ts';
import { kubectlName } from '../reading/place.ts';
import { rehearse } from './rehearse.ts';

const signal = new AbortController().signal;
const refusal = (status: number): ApiError => new ApiError({ status, reason: 'x', message: `status ${status}`, request: 'GET /' });

/** Answers lists in pages of the given sizes. */
function pagedClient(items: readonly KubeObject[], size: number): ReadOnlyClient & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    get: () => Promise.reject(refusal(404)),
    list: async <T extends KubeObject>(
      { plural }: Resource<T>,
      { continueToken = '0' }: { continueToken?: string },
    ): Promise<ListPage<T>> => {
      asked.push(`${plural} ${continueToken}`);
      const from = Number(continueToken);
      const next = from + size < items.length ? String(from + size) : undefined;
      return { items: items.slice(from, from + size) as T[], resourceVersion: '1', continueToken: next };
    },
  };
}

describe('the last error', () => {
  test('has the code of the driver, and says whether the next try may succeed', () => {
    const code = (name: string) => readError(`rpc error: code = ${name} desc = x`, undefined);
    expect([code('Unavailable').healedBy, code('ResourceExhausted').healedBy, code('DeadlineExceeded').healedBy]).toEqual([
      'waiting',
      'waiting',
      'waiting',
    ]);
    expect([code('InvalidArgument').healedBy, code('OutOfRange').healedBy]).toEqual(['change', 'change']);
    expect(readError('no code here', 't')).toEqual({ message: 'no code here', grpcCode: undefined, healedBy: 'unknown', at: 't' });
  });
});

describe('finalizers', () => {
  test('have an owner each and a reason, also those of other programs', () => {
    expect(heldBy(['kubernetes.io/pvc-protection', 'external-attacher/d-example', 'example.com/hold'])).toMatchObject([
      { owner: 'kube-controller-manager' },
      { owner: 'external-attacher', reason: 'until the volume is detached from every node' },
      { finalizer: 'example.com/hold', owner: 'another program' },
    ]);
    expect(heldBy(undefined)).toEqual([]);
  });
});

describe('a name', () => {
  test('may be short, plural, or with the group behind the kind', () => {
    for (const text of ['vs/s', 'VolumeSnapshot/s', 'volumesnapshots.snapshot.storage.k8s.io/s'])
      expect(readTarget(text, 'team')).toMatchObject({ resource: VOLUME_SNAPSHOTS, place: { name: 's', namespace: 'team' } });
    expect(readTarget('pv/v', 'team').place).toEqual({ kind: 'PersistentVolume', name: 'v' });
    expect(kubectlName(readTarget('pvc/c', 'team').place)).toBe('persistentvolumeclaim/c -n team');
  });

  test('that is none is a usage error', () => {
    for (const text of ['data', 'pvc/', '/data', 'pvc/a/b', 'pod/p'])
      expect(() => readTarget(text, 'team')).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});

describe('lists', () => {
  const claims = Array.from({ length: 5 }, (_, at) => ({
    metadata: { name: `c${at}`, namespace: 'n', uid: `u${at}`, labels: { even: String(at % 2 === 0) } },
  }));

  test('are read page by page, once a kind, and found by key, uid and index', async () => {
    const informers = createListedInformers();
    const index = { name: 'even', values: ({ metadata }: KubeObject) => [metadata?.labels?.['even'] ?? ''] };
    const { store, available } = informers.informer(PERSISTENT_VOLUME_CLAIMS, { fields: 'whole', indexes: [index] });
    const other = informers.informer(PERSISTENT_VOLUME_CLAIMS, { fields: 'whole' });
    const client = pagedClient(claims, 2);
    await informers.fill(client, { signal, say: () => undefined });
    await informers.fill(client, { signal, say: () => undefined });
    expect(client.asked).toEqual(['persistentvolumeclaims 0', 'persistentvolumeclaims 2', 'persistentvolumeclaims 4']);
    expect(store.get('n/c1')?.metadata?.uid).toBe('u1');
    expect(store.byUid('u4')?.metadata?.name).toBe('c4');
    expect(store.byIndex('even', 'true')).toHaveLength(3);
    expect([store.keys().length, other.store.list().length, available()]).toEqual([5, 5, true]);
  });

  test('that may not be read, or are not served, are empty and say so; any other failure is one', async () => {
    const failing = (status: number): ReadOnlyClient => ({
      get: () => Promise.reject(refusal(status)),
      list: () => Promise.reject(refusal(status)),
    });
    expect(await listVisible(failing(403), PERSISTENT_VOLUME_CLAIMS, { signal })).toMatchObject({
      items: [],
      blind: { reason: 'forbidden' },
    });
    expect(await listVisible(failing(404), PERSISTENT_VOLUME_CLAIMS, { signal })).toMatchObject({ items: [], blind: { reason: 'absent' } });
    await expect(listVisible(failing(500), PERSISTENT_VOLUME_CLAIMS, { signal })).rejects.toThrow('status 500');
    const informers = createListedInformers();
    const { available } = informers.informer(PERSISTENT_VOLUME_CLAIMS, { fields: 'whole' });
    await informers.fill(failing(403), { signal, say: () => undefined });
    expect([available(), informers.blind()]).toEqual([false, ['you may not list persistentvolumeclaims']]);
  });

  test('that the server forgot half-way are read from the start', async () => {
    const good = pagedClient(claims, 2);
    let failed = false;
    const client: ReadOnlyClient = {
      get: good.get,
      list: (resource, options) => {
        if (options.continueToken !== '2' || failed) return good.list(resource, options);
        failed = true;
        return Promise.reject(refusal(410));
      },
    };
    expect((await listVisible(client, PERSISTENT_VOLUME_CLAIMS, { signal })).items).toHaveLength(5);
  });
});

describe('a rehearsal', () => {
  type State = { readonly seen: number };
  type Step = { readonly kind: 'look' | 'write'; readonly backoff: 'b'; readonly inputs: '' };
  const done: string[] = [];
  const controller = (answer: () => Promise<number>) => ({
    gather: (key: string): State | undefined => (key === 'there' ? { seen: 0 } : undefined),
    decide: ({ seen }: State): Step => ({ kind: seen < 2 ? 'look' : 'write', backoff: 'b', inputs: '' }),
    execute: async (step: Step) => (done.push(step.kind), answer()),
    absorb: ({ seen }: State) => ({ seen: seen + 1 }),
  });
  const input = (key: string) => ({ key, signal, reads: ({ kind }: Step) => kind === 'look' });

  test('does what only reads, and stops at the first effect that does more', async () => {
    const result = await rehearse(
      controller(() => Promise.resolve(1)),
      input('there'),
    );
    expect(result).toMatchObject({ state: { seen: 2 }, next: { kind: 'write' }, blind: undefined });
    expect(done).toEqual(['look', 'look']);
    expect(
      await rehearse(
        controller(() => Promise.resolve(1)),
        input('elsewhere'),
      ),
    ).toBeUndefined();
  });

  test('ends where we may not read, and says why; any other failure is one', async () => {
    const hidden = controller(() => Promise.reject(new MayNotLook('you may not')));
    expect(await rehearse(hidden, input('there'))).toMatchObject({ next: { kind: 'look' }, blind: 'you may not' });
    await expect(
      rehearse(
        controller(() => Promise.reject(refusal(500))),
        input('there'),
      ),
    ).rejects.toThrow('status 500');
  });

  test('has a client that reads only, and takes a 403 for no answer of the controller', async () => {
    const client = lookingClient(pagedClient([], 1));
    await expect(client.get(PERSISTENT_VOLUME_CLAIMS, { name: 'c', namespace: 'n' }, signal)).rejects.toThrow(ApiError);
    const forbidden = lookingClient({ get: () => Promise.reject(refusal(403)), list: () => Promise.reject(refusal(403)) });
    await expect(forbidden.get(PERSISTENT_VOLUME_CLAIMS, { name: 'c', namespace: 'n' }, signal)).rejects.toThrow(MayNotLook);
    expect(() => client.create(PERSISTENT_VOLUME_CLAIMS, {}, { signal })).toThrow('a rehearsal must not create');
    expect(() => unused<{ call(): void }>('driver').call()).toThrow('a rehearsal must not use driver.call');
    expect(Object.keys(readOnly(client)).toSorted()).toEqual(['get', 'list']);
  });
});
