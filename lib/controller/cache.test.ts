import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../kube/objects.ts';
import { Cache } from './cache.ts';

interface Thing extends KubeObject {
  value?: string;
}

const thing = (
  name: string,
  version: number,
  more: { readonly uid?: string; readonly value?: string; readonly gone?: boolean } = {},
): Thing => ({
  metadata: {
    name,
    uid: more.uid ?? `uid-${name}`,
    resourceVersion: String(version),
    ...(more.gone === true ? { deletionTimestamp: 't' } : {}),
  },
  ...(more.value === undefined ? {} : { value: more.value }),
});

function listed(version: number, ...things: readonly Thing[]): Cache<Thing> {
  const cache = new Cache<Thing>();
  relist(cache, version, ...things);
  return cache;
}

function relist(cache: Cache<Thing>, version: number, ...things: readonly Thing[]) {
  cache.beginList();
  for (const one of things) cache.listItem(one);
  return cache.endList(String(version));
}

describe('what the watch says', () => {
  test('a list replaces everything at once and answers what differs', () => {
    const cache = listed(10, thing('a', 1), thing('b', 2));
    cache.beginList();
    cache.listItem(thing('c', 12));
    expect(cache.keys()).toEqual(['a', 'b']);
    cache.listItem(thing('b', 2));
    const { changes } = cache.endList('12');
    expect(changes.map(({ key, old, object }) => [key, old !== undefined, object !== undefined])).toEqual([
      ['c', false, true],
      ['a', true, false],
    ]);
    expect(cache.keys()).toEqual(['b', 'c']);
  });

  test('an object that was deleted and made again under its name is a change even at an equal version', () => {
    const cache = listed(10, thing('a', 1));
    expect(relist(cache, 12, thing('a', 1, { uid: 'other' })).changes).toHaveLength(1);
    expect(cache.byUid('uid-a')).toBeUndefined();
    expect(cache.byUid('other')?.metadata?.name).toBe('a');
  });

  test('indexes follow every change', () => {
    const cache = listed(10, thing('a', 1, { value: 'x' }));
    const index = { name: 'value', values: (one: Thing) => (one.value === undefined ? [] : [one.value]) };
    cache.addIndex(index);
    expect(cache.byIndex(index, 'x')).toHaveLength(1);
    cache.apply(thing('a', 11, { value: 'y' }));
    cache.apply(thing('b', 12, { value: 'y' }));
    expect(cache.byIndex(index, 'x')).toEqual([]);
    expect(cache.byIndex(index, 'y').map((one) => one.metadata?.name)).toEqual(['a', 'b']);
    cache.absorb(thing('a', 13, { value: 'z' }));
    expect(cache.byIndex(index, 'z')).toHaveLength(1);
    cache.delete(thing('a', 14));
    expect(cache.byIndex(index, 'z')).toEqual([]);
  });

  test('deleting what is not known is no change', () => {
    expect(listed(10).delete(thing('a', 11))).toBeUndefined();
  });
});

describe('own writes', () => {
  test('are seen at once, also by uid, while newer than the watch', () => {
    const cache = listed(10, thing('a', 1, { value: 'old' }));
    expect(cache.absorb(thing('a', 11, { value: 'new' }))).toBe(true);
    expect(cache.absorb(thing('b', 12, { value: 'made' }))).toBe(true);
    expect(cache.get('a')?.value).toBe('new');
    expect(cache.byUid('uid-b')?.value).toBe('made');
    expect(cache.list()).toHaveLength(2);
  });

  test('at or below the newest delivered version are not used', () => {
    const cache = listed(10, thing('a', 1, { value: 'old' }));
    expect(cache.absorb(thing('a', 10, { value: 'new' }))).toBe(false);
    cache.bookmark('20');
    expect(cache.absorb(thing('a', 15, { value: 'new' }))).toBe(false);
    expect(cache.get('a')?.value).toBe('old');
  });

  test('an event that is older than a bookmark does not make them usable again', () => {
    const cache = listed(10);
    cache.bookmark('20');
    cache.apply(thing('b', 15));
    expect(cache.absorb(thing('a', 18))).toBe(false);
  });

  test('an answer that comes after DELETED does not resurrect the object', () => {
    const cache = listed(10, thing('a', 1));
    cache.delete(thing('a', 12));
    expect(cache.absorb(thing('a', 11))).toBe(false);
    expect(cache.get('a')).toBeUndefined();
  });

  test('a DELETED after the answer drops it, though the server gave the deletion the older version', () => {
    const cache = listed(10, thing('a', 1));
    cache.absorb(thing('a', 12));
    cache.delete(thing('a', 11));
    expect(cache.get('a')).toBeUndefined();
  });

  test('a DELETED of the namesake before does not drop the answer of a create', () => {
    const cache = listed(10, thing('a', 1, { uid: 'first' }));
    cache.absorb(thing('a', 13, { uid: 'second' }));
    cache.delete(thing('a', 12, { uid: 'first' }));
    expect(cache.get('a')?.metadata?.uid).toBe('second');
    expect(cache.byUid('first')).toBeUndefined();
  });

  test('of what a list shows to be gone before a watch told of it are told as ended', () => {
    const cache = listed(10, thing('b', 2));
    cache.absorb(thing('a', 12));
    cache.absorb(thing('b', 13));
    expect(relist(cache, 11, thing('b', 2)).changes, 'the list may be older').toEqual([]);
    const { changes } = relist(cache, 14);
    expect(changes.map(({ key, old, object }) => [key, old?.metadata?.resourceVersion, object])).toEqual([
      ['b', '2', undefined],
      ['a', '12', undefined],
    ]);
    expect(cache.list()).toEqual([]);
  });

  test('an older event under an overlay changes what handlers hear, not what readers see', () => {
    const cache = listed(10, thing('a', 1, { value: 'first' }));
    cache.absorb(thing('a', 13, { value: 'own' }));
    const change = cache.apply(thing('a', 12, { value: 'other' }));
    expect([change.old?.value, change.object?.value]).toEqual(['first', 'other']);
    expect(cache.get('a')?.value).toBe('own');
    cache.apply(thing('a', 13, { value: 'own' }));
    cache.apply(thing('a', 14, { value: 'later' }));
    expect(cache.get('a')?.value).toBe('later');
  });

  test('an event of another object, a bookmark and a relist that reach the version drop it', () => {
    const drops: ((cache: Cache<Thing>) => unknown)[] = [
      (cache) => cache.apply(thing('b', 12)),
      (cache) => cache.delete(thing('c', 12)),
      (cache) => cache.bookmark('11'),
      (cache) => relist(cache, 11, thing('a', 1, { value: 'old' })),
    ];
    for (const drop of drops) {
      const cache = listed(10, thing('a', 1, { value: 'old' }));
      cache.absorb(thing('a', 11, { value: 'new' }));
      drop(cache);
      expect(cache.get('a')?.value).toBe('old');
    }
  });

  test('a relist that is older than the write keeps it, one of another history drops it', () => {
    const cache = listed(10, thing('a', 1, { value: 'old' }));
    cache.absorb(thing('a', 15, { value: 'new' }));
    relist(cache, 12, thing('a', 1, { value: 'old' }));
    expect(cache.get('a')?.value).toBe('new');
    relist(cache, 5, thing('a', 1, { value: 'old' }));
    expect(cache.get('a')?.value).toBe('old');
  });

  describe('that took the last finalizer off a dying object', () => {
    const dying = (): Cache<Thing> => {
      const cache = listed(10, thing('a', 1));
      // The server answers the object with the version from before the deletion.
      expect(cache.absorb(thing('a', 9, { gone: true }))).toBe(true);
      return cache;
    };

    test('hide it at once, and events of others do not bring it back', () => {
      const cache = dying();
      cache.apply(thing('b', 12));
      cache.bookmark('20');
      expect([cache.get('a'), cache.byUid('uid-a'), cache.keys()]).toEqual([undefined, undefined, ['b']]);
      expect(cache.delivered()).toHaveLength(2);
    });

    test('are forgotten with DELETED: a namesake is seen', () => {
      const cache = dying();
      expect(cache.delete(thing('a', 12))?.old?.metadata?.uid).toBe('uid-a');
      cache.apply(thing('a', 13, { uid: 'second' }));
      expect(cache.get('a')?.metadata?.uid).toBe('second');
    });

    test('are not undone by the past of that object, which a late event or an old list may still tell', () => {
      for (const say of [(cache: Cache<Thing>) => cache.apply(thing('a', 12)), (cache: Cache<Thing>) => relist(cache, 12, thing('a', 1))]) {
        const cache = dying();
        say(cache);
        expect(cache.get('a')).toBeUndefined();
        cache.delete(thing('a', 13));
        cache.apply(thing('a', 14, { uid: 'second' }));
        expect(cache.get('a')?.metadata?.uid).toBe('second');
      }
    });

    test('are forgotten with a list that lacks the object or shows a namesake, and with another history', () => {
      const without = dying();
      relist(without, 12, thing('b', 11));
      without.apply(thing('a', 13));
      expect(without.get('a')).toBeDefined();
      const namesake = dying();
      relist(namesake, 12, thing('a', 11, { uid: 'second' }));
      expect(namesake.get('a')?.metadata?.uid).toBe('second');
      const restored = dying();
      relist(restored, 5, thing('a', 1));
      expect(restored.get('a')).toBeDefined();
    });

    test('are not undone by an earlier answer that comes late, but by the create of a namesake', () => {
      const cache = dying();
      expect(cache.absorb(thing('a', 12))).toBe(false);
      expect(cache.absorb(thing('a', 14, { uid: 'second' }))).toBe(true);
      expect(cache.get('a')?.metadata?.uid).toBe('second');
    });

    test('hide nothing else of that name', () => {
      const cache = listed(10, thing('a', 1, { uid: 'second' }));
      expect(cache.absorb(thing('a', 9, { gone: true, uid: 'first' }))).toBe(false);
      expect(cache.get('a')).toBeDefined();
    });
  });

  test('an older answer that comes late does not replace a newer one', () => {
    const cache = listed(10);
    cache.absorb(thing('a', 12, { value: 'second' }));
    expect(cache.absorb(thing('a', 11, { value: 'first' }))).toBe(false);
    expect(cache.get('a')?.value).toBe('second');
  });

  test('versions that are not numbers, and answers before the first list, are never laid over', () => {
    expect(new Cache<Thing>().absorb(thing('a', 5))).toBe(false);
    expect(listed(10).absorb({ metadata: { name: 'a', resourceVersion: 'x1' } })).toBe(false);
  });
});

/**
 * A server's history of two objects, of which a cache sees a growing prefix as events (with relists), and
 * the answers of some writes at any time after they were made.
 */
test('readers never see an object that the server deleted before the newest event, nor go back in time', () => {
  const action = fc.record({ name: fc.constantFrom('a', 'b'), kind: fc.constantFrom('write', 'delete') });
  const play = fc.constantFrom('event', 'event', 'answer', 'relist', 'bookmark');
  fc.assert(
    fc.property(
      fc.array(action, { minLength: 4, maxLength: 14 }),
      fc.array(fc.tuple(play, fc.nat(20)), { maxLength: 30 }),
      (actions, plays) => {
        const history: { readonly type: 'write' | 'delete'; readonly object: Thing }[] = [];
        const living = new Map<string, string>();
        actions.forEach(({ name, kind }, index) => {
          const version = 11 + index;
          const uid = living.get(name);
          if (kind === 'delete') {
            if (uid === undefined) return;
            living.delete(name);
            history.push({ type: 'delete', object: thing(name, version, { uid }) });
          } else {
            const present = uid ?? `${name}-${version}`;
            living.set(name, present);
            history.push({ type: 'write', object: thing(name, version, { uid: present }) });
          }
        });
        const cache = listed(10);
        let seen = 0;
        const truth = (upTo: number): Map<string, Thing> => {
          const world = new Map<string, Thing>();
          for (const { type, object } of history.slice(0, upTo)) {
            if (type === 'write') world.set(object.metadata?.name ?? '', object);
            else world.delete(object.metadata?.name ?? '');
          }
          return world;
        };
        for (const [kind, choice] of plays) {
          const next = history[seen];
          if (kind === 'event' && next !== undefined) {
            if (next.type === 'write') cache.apply(next.object);
            else cache.delete(next.object);
            seen += 1;
          } else if (kind === 'relist') {
            seen = Math.min(history.length, seen + (choice % 3));
            const version = history[seen - 1]?.object.metadata?.resourceVersion ?? '10';
            relist(cache, Number(version), ...truth(seen).values());
          } else if (kind === 'bookmark') cache.bookmark(history[seen - 1]?.object.metadata?.resourceVersion ?? '10');
          else if (kind === 'answer') {
            const written = history[choice % Math.max(1, history.length)];
            if (written?.type === 'write') cache.absorb(written.object);
          }
          const newest = Number(history[seen - 1]?.object.metadata?.resourceVersion ?? '10');
          const world = truth(seen);
          for (const name of ['a', 'b']) {
            const shown = cache.get(name);
            const known = world.get(name);
            const version = Number(shown?.metadata?.resourceVersion ?? 0);
            // Either exactly what the watch said so far, or a write that the watch has not reached.
            expect(version > newest || shown?.metadata?.resourceVersion === known?.metadata?.resourceVersion).toBe(true);
          }
        }
      },
    ),
    { seed: 6, numRuns: 500 },
  );
});

test('an own object that was made and ended while a list was under way does not live again when the watch tells its life', () => {
  const cache = listed(10, thing('a', 1));
  cache.absorb(thing('b', 15));
  cache.end(thing('b', 15));
  relist(cache, 12, thing('a', 1));
  cache.apply(thing('b', 15));
  expect(cache.get('b')).toBeUndefined();
  cache.delete(thing('b', 16));
  cache.apply(thing('b', 17, { uid: 'next' }));
  expect(cache.get('b')).toBeDefined();
});

test('a list that is newer than what we ended says that it is gone', () => {
  const cache = listed(10, thing('a', 1), thing('b', 8));
  cache.end(thing('b', 8));
  relist(cache, 12, thing('a', 1));
  cache.apply(thing('b', 13, { uid: 'next' }));
  expect(cache.get('b')).toBeDefined();
});

describe('a server that was set back', () => {
  test('is told by a list of a lower version', () => {
    const cache = listed(10, thing('a', 1));
    cache.bookmark('20');
    expect(relist(cache, 19, thing('a', 1)).restoredFromBackup).toBe(true);
    expect(relist(cache, 19, thing('a', 1)).restoredFromBackup).toBe(false);
  });

  test('is told by an object that lives again, or is older than it was, however far the versions have come since', () => {
    const cache = listed(10, thing('a', 1), thing('b', 2));
    cache.apply(thing('a', 15));
    cache.delete(thing('b', 20));
    expect(relist(cache, 90, thing('a', 1)).restoredFromBackup).toBe(true);
    const other = listed(10, thing('a', 1), thing('b', 2));
    other.delete(thing('b', 20));
    expect(relist(other, 90, thing('a', 1), thing('b', 2)).restoredFromBackup).toBe(true);
  });

  test('is not told by what happened while nothing was heard', () => {
    const cache = listed(10, thing('a', 1), thing('b', 2), thing('c', 3));
    expect(relist(cache, 90, thing('a', 1), thing('b', 50), thing('c', 60, { uid: 'next' }), thing('d', 11)).restoredFromBackup).toBe(
      false,
    );
    cache.clear();
    expect(relist(cache, 5, thing('a', 1)).restoredFromBackup).toBe(false);
  });

  test('is told by an own write that a list by quorum does not know', () => {
    for (const quorum of [true, false]) {
      const written = listed(10, thing('a', 1));
      written.absorb(thing('a', 15));
      written.askList({ quorum });
      expect(relist(written, 90, thing('a', 1)).restoredFromBackup).toBe(quorum);
      const created = listed(10);
      created.absorb(thing('a', 15));
      created.askList({ quorum });
      expect(relist(created, 12).restoredFromBackup).toBe(quorum);
      const gone = listed(10, thing('a', 1));
      gone.absorb(thing('a', 1, { gone: true }));
      gone.askList({ quorum });
      expect(relist(gone, 90, thing('a', 1)).restoredFromBackup).toBe(quorum);
      expect(gone.get('a') === undefined).toBe(!quorum);
    }
  });

  test('is not told by an own write that was answered after the list was asked for', () => {
    const cache = listed(10, thing('a', 1));
    cache.askList({ quorum: true });
    cache.absorb(thing('a', 15, { value: 'own' }));
    expect(relist(cache, 12, thing('a', 1)).restoredFromBackup).toBe(false);
    expect(cache.get('a')?.value).toBe('own');
  });
});
