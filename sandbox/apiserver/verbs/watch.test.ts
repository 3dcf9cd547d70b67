import { describe, expect, test } from 'vitest';
import { TABLE, TestCluster } from '../../test-cluster.ts';
import type { Json, JsonObject } from '../json.ts';
import { at } from '../json.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

function brief(events: readonly JsonObject[]): string[] {
  return events.map((event) => `${String(event.type)} ${String(at(event, 'object', 'metadata', 'name') ?? '')}`.trim());
}

async function versionOf(cluster: TestCluster): Promise<string> {
  return String(at((await cluster.get(MAPS)).body, 'metadata', 'resourceVersion'));
}

describe('a watch', () => {
  test('goes on from its version and misses nothing', async () => {
    const cluster = new TestCluster();
    const version = await versionOf(cluster);
    await cluster.post(MAPS, { metadata: { name: 'a' } });
    const watch = await cluster.watch(`${MAPS}?watch=true&resourceVersion=${version}`);
    await cluster.patch(`${MAPS}/a`, { data: { k: 'v' } });
    await cluster.delete(`${MAPS}/a`);
    await cluster.post('/api/v1/namespaces/kube-system/configmaps', { metadata: { name: 'elsewhere' } });
    const events = await watch.events();
    expect(brief(events)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    expect(at(events[2], 'object', 'data')).toEqual({ k: 'v' });
    const versions = events.map((event) => Number(at(event, 'object', 'metadata', 'resourceVersion')));
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
  });

  test('without a version begins with what exists', async () => {
    const cluster = new TestCluster();
    await cluster.post(MAPS, { metadata: { name: 'a' } });
    for (const from of ['', '&resourceVersion=0']) {
      expect(brief(await (await cluster.watch(`${MAPS}?watch=true${from}`)).events())).toEqual(['ADDED a']);
    }
  });

  test('shows objects that enter and leave its selector as added and deleted', async () => {
    const cluster = new TestCluster();
    const watch = await cluster.watch(`${MAPS}?watch=true&labelSelector=on%3Dyes&resourceVersion=${await versionOf(cluster)}`);
    await cluster.post(MAPS, { metadata: { name: 'a', labels: { on: 'no' } } });
    await cluster.patch(`${MAPS}/a`, { metadata: { labels: { on: 'yes' } } });
    await cluster.patch(`${MAPS}/a`, { data: { k: 'v' } });
    await cluster.patch(`${MAPS}/a`, { metadata: { labels: { on: 'no' } } });
    await cluster.delete(`${MAPS}/a`);
    const events = await watch.events();
    expect(brief(events)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    // The last state that the watcher could see, under the version of the change.
    expect(at(events[2], 'object', 'metadata', 'labels')).toEqual({ on: 'yes' });
    expect(Number(at(events[2], 'object', 'metadata', 'resourceVersion'))).toBeGreaterThan(
      Number(at(events[1], 'object', 'metadata', 'resourceVersion')),
    );
  });

  test('ends after timeoutSeconds, with a bookmark before', async () => {
    const cluster = new TestCluster();
    const watch = await cluster.watch(
      `${MAPS}?watch=true&timeoutSeconds=10&allowWatchBookmarks=true&resourceVersion=${await versionOf(cluster)}`,
    );
    cluster.clock.advance(9_999);
    expect(await watch.state()).toBe('open');
    expect(await watch.events()).toEqual([
      { type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: await versionOf(cluster) } } },
    ]);
    cluster.clock.advance(1);
    expect(await watch.state()).toBe('ended');
  });

  test('that takes bookmarks gets one a minute, others none', async () => {
    const cluster = new TestCluster();
    const version = await versionOf(cluster);
    const marked = await cluster.watch(`${MAPS}?watch=true&allowWatchBookmarks=true&resourceVersion=${version}`);
    const plain = await cluster.watch(`${MAPS}?watch=true&resourceVersion=${version}`);
    await cluster.post('/api/v1/namespaces/kube-system/configmaps', { metadata: { name: 'elsewhere' } });
    cluster.clock.advance(150_000);
    const events = await marked.events();
    expect(brief(events)).toEqual(['BOOKMARK', 'BOOKMARK']);
    expect(at(events[1], 'object', 'metadata', 'resourceVersion')).toBe(await versionOf(cluster));
    expect(await plain.events()).toEqual([]);
  });

  test('from a forgotten version gets one ERROR of 410 and ends', async () => {
    const cluster = new TestCluster();
    const version = await versionOf(cluster);
    await cluster.post(MAPS, { metadata: { name: 'a' } });
    cluster.sandbox.faults.expireVersions();
    const watch = await cluster.watch(`${MAPS}?watch=true&resourceVersion=${version}`);
    expect((await watch.events()).map((event) => [event.type, at(event, 'object', 'code'), at(event, 'object', 'reason')])).toEqual([
      ['ERROR', 410, 'Expired'],
    ]);
    expect(await watch.state()).toBe('ended');
  });

  test('from a version that is not reached yet is silent up to there, bookmarks included', async () => {
    const cluster = new TestCluster();
    const ahead = Number(await versionOf(cluster)) + 2;
    const watch = await cluster.watch(`${MAPS}?watch=true&allowWatchBookmarks=true&resourceVersion=${ahead}`);
    for (const name of ['a', 'b']) {
      cluster.clock.advance(60_000);
      expect(await watch.events()).toEqual([]);
      await cluster.post(MAPS, { metadata: { name } });
    }
    expect(await versionOf(cluster)).toBe(String(ahead));
    await cluster.post(MAPS, { metadata: { name: 'c' } });
    cluster.clock.advance(60_000);
    expect(brief(await watch.events())).toEqual(['ADDED c', 'BOOKMARK']);
  });

  test('sends initial events and says where they end', async () => {
    const cluster = new TestCluster();
    await cluster.post(MAPS, { metadata: { name: 'a' } });
    const watch = await cluster.watch(
      `${MAPS}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    await cluster.post(MAPS, { metadata: { name: 'b' } });
    const events = await watch.events();
    expect(brief(events)).toEqual(['ADDED a', 'BOOKMARK', 'ADDED b']);
    expect(at(events[1], 'object', 'metadata', 'annotations')).toEqual({ 'k8s.io/initial-events-end': 'true' });
    expect(await (await cluster.watch(`${MAPS}?watch=true&sendInitialEvents=true`)).events()).toEqual([
      expect.objectContaining({ kind: 'Status', code: 422 }),
    ]);
  });

  test('ends when its signal fires, and leaves no timer behind', async () => {
    const cluster = new TestCluster();
    const before = cluster.clock.pending;
    const watch = await cluster.watch(`${MAPS}?watch=true&allowWatchBookmarks=true`);
    expect(cluster.clock.pending).toBeGreaterThan(before);
    watch.abort();
    expect(await watch.state()).toBe('ended');
    expect(cluster.clock.pending).toBe(before);
  });

  test('sends the columns of a table once', async () => {
    const { sandbox } = new TestCluster();
    const stream = await sandbox.stream(
      { method: 'GET', path: '/api/v1/namespaces?watch=true&timeoutSeconds=1', headers: TABLE },
      new AbortController().signal,
    );
    for await (const chunk of stream.chunks) {
      const columns = new TextDecoder()
        .decode(chunk)
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { object: { columnDefinitions: Json[] } }).object.columnDefinitions.length);
      expect(columns).toEqual([3, 0, 0, 0]);
      break;
    }
  });
});
