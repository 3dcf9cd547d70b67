import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change } from './storage.ts';
import { Storage } from './storage.ts';

const THINGS = 'things.';

function put(storage: Storage, key: string, value = ''): void {
  storage.put(THINGS, key, { metadata: { name: key }, value });
}

function keys(items: readonly { readonly key: string }[] | undefined): string[] | undefined {
  return items?.map((item) => item.key);
}

describe('the storage', () => {
  test('lists in key order, whole or by prefix', () => {
    const storage = new Storage(100);
    for (const key of ['b/1', 'a/2', 'a/1', 'ab/1', 'c/1']) put(storage, key);
    expect(keys(storage.list(THINGS, ''))).toEqual(['a/1', 'a/2', 'ab/1', 'b/1', 'c/1']);
    expect(keys(storage.list(THINGS, 'a/'))).toEqual(['a/1', 'a/2']);
    expect(storage.list('others.', '')).toEqual([]);
  });

  test('gives every write the next version, removals too', () => {
    const storage = new Storage(100);
    put(storage, 'a');
    const first = storage.version;
    put(storage, 'a', 'x');
    const gone = storage.remove(THINGS, 'a');
    expect([gone.version, gone.object.value, gone.object.metadata]).toEqual([
      first + 2,
      'x',
      { name: 'a', resourceVersion: String(first + 2) },
    ]);
    expect(storage.get(THINGS, 'a')).toBeUndefined();
  });

  test('shows the past as it was, for any version in the window', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean()), { maxLength: 40 }), (writes) => {
        const storage = new Storage(100);
        const past = new Map<number, string[]>();
        for (const [key, removal] of writes) {
          if (!removal) put(storage, key);
          else if (storage.get(THINGS, key) !== undefined) storage.remove(THINGS, key);
          past.set(
            storage.version,
            storage.list(THINGS, '').map((item) => `${item.key}@${item.version}`),
          );
        }
        for (const [version, state] of past) {
          expect(storage.listAt(THINGS, '', version)?.map((item) => `${item.key}@${item.version}`)).toEqual(state);
        }
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test('forgets versions beyond the window and says so', () => {
    const storage = new Storage(5);
    put(storage, 'a');
    const early = storage.version;
    for (let count = 0; count < 20; count += 1) put(storage, 'b', String(count));
    expect(storage.changesSince(THINGS, early)).toBeUndefined();
    expect(storage.listAt(THINGS, '', early)).toBeUndefined();
    expect(storage.changesSince(THINGS, storage.version - 4)).toHaveLength(4);
  });

  test('keeps at least a window of versions', () => {
    const storage = new Storage(5);
    for (let count = 0; count < 50; count += 1) {
      put(storage, 'a', String(count));
      if (count >= 5) expect(storage.changesSince(THINGS, storage.version - 5)).toHaveLength(5);
    }
  });

  test('knows nothing but the present once versions are expired', () => {
    const storage = new Storage(100);
    put(storage, 'a');
    const before = storage.version;
    put(storage, 'b');
    storage.expire();
    expect(storage.changesSince(THINGS, before)).toBeUndefined();
    expect(keys(storage.listAt(THINGS, '', storage.version))).toEqual(['a', 'b']);
    put(storage, 'c');
    expect(storage.changesSince(THINGS, storage.version - 1)).toHaveLength(1);
  });

  test('goes back to a backup, versions included, and tells nobody', () => {
    const storage = new Storage(100);
    put(storage, 'a', 'old');
    put(storage, 'b');
    const backup = storage.backup();
    const state = storage.list(THINGS, '');
    const { version } = storage;
    put(storage, 'a', 'new');
    storage.remove(THINGS, 'b');
    put(storage, 'c');
    storage.put('others.', 'd', { metadata: { name: 'd' } });
    const heard: Change[] = [];
    storage.subscribe((change) => heard.push(change));
    for (let time = 0; time < 2; time += 1) {
      storage.restore(backup);
      expect([storage.version, storage.list(THINGS, ''), storage.list('others.', '')]).toEqual([version, state, []]);
      expect([storage.changesSince(THINGS, version), storage.changesSince(THINGS, version - 1)]).toEqual([[], undefined]);
      expect(heard.splice(0)).toEqual([]);
      put(storage, 'aa');
      expect([storage.version, keys(storage.list(THINGS, ''))]).toEqual([version + 1, ['a', 'aa', 'b']]);
      heard.splice(0);
    }
  });

  test('tells every listener of every write in version order, also of writes by listeners', () => {
    const storage = new Storage(100);
    const heard: string[][] = [[], []];
    const note = (index: number) => (change: Change) => void heard[index]?.push(`${change.type} ${change.stored.key} ${change.version}`);
    storage.subscribe(note(0));
    storage.subscribe((change) => {
      if (change.stored.key === 'a') put(storage, 'b');
    });
    storage.subscribe(note(1));
    put(storage, 'a');
    expect(heard[1]).toEqual(heard[0]);
    expect(heard[0]).toEqual(['ADDED a 2', 'ADDED b 3']);
  });
});
