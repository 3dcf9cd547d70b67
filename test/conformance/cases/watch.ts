import { expect } from 'vitest';
import type { Case, Lab, WatchedEvent, WatchReader } from '../lab.ts';
import { at, names, text } from '../lab.ts';
import { configMap, paths, snapshot } from '../objects.ts';

/** `TYPE name` of the next event. */
async function next(reader: WatchReader): Promise<string> {
  return told(await reader.next());
}

function told(event: WatchedEvent | undefined): string {
  return event === undefined ? 'end' : `${event.type} ${String(at(event.object, 'metadata.name'))}`;
}

async function versionOf(lab: Lab, path: string): Promise<string> {
  return text((await lab.get(path)).body, 'metadata.resourceVersion');
}

async function fromNow(lab: Lab, path: string, query = ''): Promise<WatchReader> {
  return lab.watch(`${path}?watch=true&resourceVersion=${await versionOf(lab, path)}${query}`);
}

export const watchCases: readonly Case[] = [
  {
    name: 'watch: from a version on, every change comes once and in order',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      const reader = await fromNow(lab, path);
      await lab.post(path, snapshot('one'));
      await lab.patch(`${path}/one`, 'merge-patch', { metadata: { labels: { a: 'b' } } });
      await lab.delete(`${path}/one`);
      expect([await next(reader), await next(reader), await next(reader)]).toEqual(['ADDED one', 'MODIFIED one', 'DELETED one']);
      reader.close();
    },
  },
  {
    name: 'watch: versions grow from event to event, and the last one is that of the deletion',
    run: async (lab) => {
      const path = paths.configMaps(lab.namespace);
      const reader = await fromNow(lab, path, '&fieldSelector=metadata.name%3Done');
      await lab.post(path, configMap('one'));
      const changed = await lab.patch(`${path}/one`, 'merge-patch', { data: { key: 'other' } });
      await lab.delete(`${path}/one`);
      const versions = [await reader.next(), await reader.next(), await reader.next()].map((event) =>
        Number(text(event?.object, 'metadata.resourceVersion')),
      );
      expect(versions[1]).toBe(Number(text(changed.body, 'metadata.resourceVersion')));
      expect([...versions].sort((a, b) => a - b)).toEqual(versions);
      expect(new Set(versions).size).toBe(3);
      reader.close();
    },
  },
  {
    name: 'watch: events carry whole objects with kind and apiVersion',
    run: async (lab) => {
      const path = paths.configMaps(lab.namespace);
      const reader = await fromNow(lab, path, '&fieldSelector=metadata.name%3Done');
      await lab.post(path, configMap('one'));
      expect(await reader.next()).toMatchObject({
        type: 'ADDED',
        object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { key: 'value' } },
      });
      reader.close();
    },
  },
  {
    name: 'watch: a version in the past replays what came after it',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      await lab.post(path, snapshot('before'));
      const version = await versionOf(lab, path);
      await lab.post(path, snapshot('after'));
      await lab.delete(`${path}/before`);
      const reader = await lab.watch(`${path}?watch=true&resourceVersion=${version}`);
      expect([await next(reader), await next(reader)]).toEqual(['ADDED after', 'DELETED before']);
      reader.close();
    },
  },
  {
    name: 'watch: without a version, and from version 0, what exists comes first as ADDED',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      const made = await lab.post(path, snapshot('one'));
      await lab.until(
        `${path}?resourceVersion=${text(made.body, 'metadata.resourceVersion')}`,
        (answer) => names(answer.body).length === 1,
      );
      for (const query of ['watch=true', 'watch=1&resourceVersion=0']) {
        const reader = await lab.watch(`${path}?${query}`);
        expect(await next(reader)).toBe('ADDED one');
        reader.close();
      }
    },
  },
  {
    name: 'watch: a namespace shows its own objects, the cluster path shows all',
    run: async (lab) => {
      const everywhere = '/apis/snapshot.storage.k8s.io/v1/volumesnapshots';
      const [one, all] = [await fromNow(lab, paths.snapshots(lab.namespace)), await fromNow(lab, everywhere)];
      await lab.post(paths.snapshots('default'), snapshot(`foreign-${lab.namespace}`));
      await lab.post(paths.snapshots(lab.namespace), snapshot('own'));
      expect(await next(one)).toBe('ADDED own');
      expect([await next(all), await next(all)]).toEqual([`ADDED foreign-${lab.namespace}`, 'ADDED own']);
      one.close();
      all.close();
    },
  },
  {
    name: 'watch: timeoutSeconds ends the stream without an error',
    run: async (lab) => {
      const reader = await fromNow(lab, paths.snapshots(lab.namespace), '&timeoutSeconds=1');
      expect(reader.status).toBe(200);
      expect(await reader.next()).toBeUndefined();
    },
  },
  {
    name: 'watch: from a version that the server has not reached nothing is told, no bookmark and no error either',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      const made = await lab.post(path, snapshot('one'));
      const future = BigInt(text(made.body, 'metadata.resourceVersion')) + 1_000_000n;
      const reader = await lab.watch(`${path}?watch=true&resourceVersion=${future}&allowWatchBookmarks=true&timeoutSeconds=4`);
      expect(reader.status).toBe(200);
      await lab.post(path, snapshot('two'));
      expect(await reader.next()).toBeUndefined();
    },
  },
  {
    name: 'watch: with allowWatchBookmarks a bookmark comes before the server ends the watch, and is one to go on from',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      const reader = await fromNow(lab, path, '&allowWatchBookmarks=true&timeoutSeconds=4');
      const made = await lab.post(path, snapshot('one'));
      expect(await next(reader)).toBe('ADDED one');
      const bookmark = await reader.next();
      expect(bookmark).toMatchObject({ type: 'BOOKMARK', object: { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot' } });
      expect(Number(text(bookmark?.object, 'metadata.resourceVersion'))).toBeGreaterThanOrEqual(
        Number(text(made.body, 'metadata.resourceVersion')),
      );
      await lab.post(path, snapshot('two'));
      const second = await lab.watch(`${path}?watch=true&resourceVersion=${text(bookmark?.object, 'metadata.resourceVersion')}`);
      expect(await next(second)).toBe('ADDED two');
      second.close();
      let last = await reader.next();
      expect(told(last)).toBe('ADDED two');
      last = await reader.next();
      while (last !== undefined) {
        expect(last.type).toBe('BOOKMARK');
        last = await reader.next();
      }
    },
  },
  {
    name: 'watch: a version that is too old is told by an ERROR event with a 410 Status',
    run: async (lab) => {
      await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      await lab.server.expireVersions();
      await lab.post(paths.snapshots(lab.namespace), snapshot('two'));
      const reader = await lab.watch(`${paths.snapshots(lab.namespace)}?watch=true&resourceVersion=1`);
      expect(reader.status).toBe(200);
      expect(await reader.next()).toMatchObject({
        type: 'ERROR',
        object: { kind: 'Status', status: 'Failure', code: 410, reason: 'Expired' },
      });
      expect(await reader.next()).toBeUndefined();
    },
  },
  {
    name: 'watch: a version that is no number is refused before the stream starts',
    run: async (lab) => {
      const reader = await lab.watch(`${paths.snapshots(lab.namespace)}?watch=true&resourceVersion=latest`);
      // 500 in the real one; clients only need to see that no stream begins.
      expect(reader.status).toBeGreaterThanOrEqual(400);
      reader.close();
    },
  },
  {
    name: 'watch: entering a label selector is ADDED, changing within it MODIFIED, leaving it DELETED',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      await lab.post(path, snapshot('one'));
      const reader = await fromNow(lab, path, '&labelSelector=team%3Da');
      await lab.patch(`${path}/one`, 'merge-patch', { metadata: { labels: { team: 'a' } } });
      await lab.patch(`${path}/one`, 'merge-patch', { metadata: { labels: { more: 'x' } } });
      const left = await lab.patch(`${path}/one`, 'merge-patch', { metadata: { labels: { team: 'b' } } });
      await lab.delete(`${path}/one`);
      await lab.post(path, snapshot('two', { metadata: { labels: { team: 'a' } } }));
      expect([await next(reader), await next(reader)]).toEqual(['ADDED one', 'MODIFIED one']);
      const gone = await reader.next();
      expect(told(gone)).toBe('DELETED one');
      expect(at(gone?.object, 'metadata.resourceVersion')).toBe(text(left.body, 'metadata.resourceVersion'));
      // The selector saw the object before it left, so the deletion shows that state.
      expect(at(gone?.object, 'metadata.labels.team')).toBe('a');
      expect(await next(reader)).toBe('ADDED two');
      reader.close();
    },
  },
  {
    name: 'watch: a field selector on the name shows one object',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      const reader = await fromNow(lab, path, '&fieldSelector=metadata.name%3Dtwo');
      await lab.post(path, snapshot('one'));
      await lab.post(path, snapshot('two'));
      expect(await next(reader)).toBe('ADDED two');
      reader.close();
    },
  },
  {
    name: 'watch: a deletion held by a finalizer is MODIFIED first and DELETED when the finalizer goes',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      const reader = await fromNow(lab, path);
      await lab.post(path, snapshot('held', { metadata: { finalizers: ['example.com/held'] } }));
      await lab.delete(`${path}/held`);
      await lab.patch(`${path}/held`, 'merge-patch', { metadata: { finalizers: null } });
      expect(await next(reader)).toBe('ADDED held');
      const marked = await reader.next();
      expect(told(marked)).toBe('MODIFIED held');
      expect(text(marked?.object, 'metadata.deletionTimestamp')).toMatch(/Z$/);
      expect(await next(reader)).toBe('DELETED held');
      reader.close();
    },
  },
  {
    name: 'watch: a write that changes nothing makes no event',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      const made = await lab.post(path, snapshot('one'));
      const reader = await fromNow(lab, path);
      await lab.put(`${path}/one`, made.body as object);
      await lab.patch(`${path}/one`, 'merge-patch', { spec: { source: { persistentVolumeClaimName: 'source' } } });
      await lab.post(path, snapshot('two'));
      expect(await next(reader)).toBe('ADDED two');
      reader.close();
    },
  },
  {
    name: 'watch: a status write is one MODIFIED',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      await lab.post(path, snapshot('one'));
      const reader = await fromNow(lab, path);
      await lab.patch(`${path}/one/status`, 'merge-patch', { status: { readyToUse: true } });
      expect(await reader.next()).toMatchObject({ type: 'MODIFIED', object: { status: { readyToUse: true } } });
      reader.close();
    },
  },
  {
    name: 'watch: rows come one by one where kubectl asks for Tables',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      const raw = await lab.server.watch(`${path}?watch=true&resourceVersion=${await versionOf(lab, path)}`, {
        accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
      });
      await lab.post(path, snapshot('one'));
      const event = JSON.parse((await raw.next()) ?? '{}') as unknown;
      expect(event).toMatchObject({ type: 'ADDED', object: { kind: 'Table', rows: [{ object: { metadata: { name: 'one' } } }] } });
      raw.close();
    },
  },
];
