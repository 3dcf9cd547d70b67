import { expect } from 'vitest';
import type { Case, Lab } from '../lab.ts';
import { at, items, names, refusal, text } from '../lab.ts';
import { configMap, paths, pod, snapshot } from '../objects.ts';

async function fill(lab: Lab, count: number): Promise<string> {
  const path = paths.configMaps(lab.namespace);
  for (let index = 0; index < count; index += 1) {
    await lab.post(
      path,
      configMap(`item-${index}`, { metadata: { labels: { parity: index % 2 === 0 ? 'even' : 'odd', index: String(index) } } }),
    );
  }
  return path;
}

/** Names a selector picks. kube-root-ca.crt and the like belong to nobody here. */
async function picked(lab: Lab, path: string, query: string): Promise<string[]> {
  const answer = await lab.get(`${path}?${query}`);
  if (answer.status !== 200) throw new Error(`${query}: ${answer.status} ${answer.text}`);
  return names(answer.body);
}

const encoded = encodeURIComponent;

export const readCases: readonly Case[] = [
  {
    name: 'get: an absent object answers 404 with plural and name',
    run: async (lab) => {
      expect(refusal(await lab.get(`${paths.claims(lab.namespace)}/absent`))).toEqual({
        status: 404,
        reason: 'NotFound',
        kind: 'persistentvolumeclaims',
        name: 'absent',
        causes: [],
      });
      const custom = await lab.get(`${paths.contents}/absent`);
      expect(refusal(custom)).toMatchObject({ status: 404, reason: 'NotFound', kind: 'volumesnapshotcontents', name: 'absent' });
      expect(at(custom.body, 'message')).toBe('volumesnapshotcontents.snapshot.storage.k8s.io "absent" not found');
    },
  },
  {
    name: 'list: the answer is a typed list with a version, also when empty',
    run: async (lab) => {
      const { body } = await lab.get(paths.snapshots(lab.namespace));
      expect(body).toMatchObject({ apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshotList', items: [] });
      expect(text(body, 'metadata.resourceVersion')).toMatch(/^[1-9]\d*$/);
      expect(at((await lab.get(paths.claims(lab.namespace))).body, 'kind')).toBe('PersistentVolumeClaimList');
    },
  },
  {
    name: 'list: items of a core list have no kind of their own, custom resources have',
    run: async (lab) => {
      const path = await fill(lab, 1);
      const [core] = items((await lab.get(path)).body);
      expect(at(core, 'kind')).toBeUndefined();
      await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      const [custom] = items((await lab.get(paths.snapshots(lab.namespace))).body);
      expect(custom).toMatchObject({ apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot' });
    },
  },
  {
    name: 'list: objects come in the order of namespace and name',
    run: async (lab) => {
      for (const name of ['b', 'a', 'c']) await lab.post(paths.snapshots(lab.namespace), snapshot(name));
      expect(names((await lab.get(paths.snapshots(lab.namespace))).body)).toEqual(['a', 'b', 'c']);
    },
  },
  {
    name: 'list: without a namespace in the path all namespaces are read',
    run: async (lab) => {
      await lab.post(paths.snapshots(lab.namespace), snapshot(lab.namespace));
      const all = await lab.get('/apis/snapshot.storage.k8s.io/v1/volumesnapshots');
      expect(names(all.body)).toContain(lab.namespace);
    },
  },
  {
    name: 'list: the version of a list is that of the store, not of its newest item',
    run: async (lab) => {
      const made = await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      const later = await lab.post(paths.configMaps(lab.namespace), configMap('later'));
      const list = await lab.get(paths.snapshots(lab.namespace));
      expect(Number(text(list.body, 'metadata.resourceVersion'))).toBeGreaterThanOrEqual(
        Number(text(later.body, 'metadata.resourceVersion')),
      );
      expect(Number(text(later.body, 'metadata.resourceVersion'))).toBeGreaterThan(Number(text(made.body, 'metadata.resourceVersion')));
    },
  },
  {
    name: 'list: resourceVersion=0 and NotOlderThan are answered',
    run: async (lab) => {
      const made = await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      const version = text(made.body, 'metadata.resourceVersion');
      expect((await lab.get(`${paths.snapshots(lab.namespace)}?resourceVersion=0`)).status).toBe(200);
      const fresh = await lab.get(`${paths.snapshots(lab.namespace)}?resourceVersion=${version}&resourceVersionMatch=NotOlderThan`);
      expect(names(fresh.body)).toEqual(['one']);
    },
  },
  {
    name: 'list: Exact reads the past as it was',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      await lab.post(path, snapshot('one'));
      const before = text((await lab.get(path)).body, 'metadata.resourceVersion');
      await lab.post(path, snapshot('two'));
      const past = await lab.get(`${path}?resourceVersion=${before}&resourceVersionMatch=Exact`);
      expect(names(past.body)).toEqual(['one']);
      expect(at(past.body, 'metadata.resourceVersion')).toBe(before);
    },
  },
  {
    name: 'list: resourceVersionMatch without a version is refused',
    run: async (lab) => {
      const answer = await lab.get(`${paths.snapshots(lab.namespace)}?resourceVersionMatch=Exact`);
      expect(refusal(answer)).toMatchObject({ status: 422, reason: 'Invalid' });
    },
  },
  {
    name: 'list: a version that is no number is a bad request',
    run: async (lab) => {
      const answer = await lab.get(`${paths.snapshots(lab.namespace)}?resourceVersion=latest&resourceVersionMatch=Exact`);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    },
  },
  {
    name: 'paging: a page has a continue token and the count of what remains',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      for (const name of ['a', 'b', 'c', 'd', 'e']) await lab.post(path, snapshot(name));
      const first = await lab.get(`${path}?limit=2`);
      expect(names(first.body)).toEqual(['a', 'b']);
      expect(at(first.body, 'metadata.remainingItemCount')).toBe(3);
      const second = await lab.get(`${path}?limit=2&continue=${encoded(text(first.body, 'metadata.continue'))}`);
      expect(names(second.body)).toEqual(['c', 'd']);
      const last = await lab.get(`${path}?limit=2&continue=${encoded(text(second.body, 'metadata.continue'))}`);
      expect(names(last.body)).toEqual(['e']);
      expect(at(last.body, 'metadata.continue') ?? '').toBe('');
      expect(at(last.body, 'metadata.resourceVersion')).toBe(at(first.body, 'metadata.resourceVersion'));
    },
  },
  {
    name: 'paging: all pages show one instant, whatever happens in between',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      for (const name of ['a', 'b', 'c']) await lab.post(path, snapshot(name));
      const first = await lab.get(`${path}?limit=1`);
      await lab.post(path, snapshot('bb'));
      await lab.delete(`${path}/c`);
      const rest = await lab.get(`${path}?continue=${encoded(text(first.body, 'metadata.continue'))}`);
      expect(names(rest.body)).toEqual(['b', 'c']);
    },
  },
  {
    name: 'paging: a selector pages over what it picks',
    run: async (lab) => {
      const path = await fill(lab, 7);
      const first = await lab.get(`${path}?limit=3&labelSelector=parity%3Deven`);
      expect(names(first.body)).toEqual(['item-0', 'item-2', 'item-4']);
      const rest = await lab.get(`${path}?limit=3&labelSelector=parity%3Deven&continue=${encoded(text(first.body, 'metadata.continue'))}`);
      expect(names(rest.body)).toEqual(['item-6']);
    },
  },
  {
    name: 'paging: a token that is none, or comes with a version, is a bad request',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      for (const name of ['a', 'b']) await lab.post(path, snapshot(name));
      expect((await lab.get(`${path}?limit=1&continue=nonsense`)).status).toBe(400);
      const first = await lab.get(`${path}?limit=1`);
      const both = await lab.get(`${path}?limit=1&resourceVersion=5&continue=${encoded(text(first.body, 'metadata.continue'))}`);
      expect(both.status).toBe(400);
    },
  },
  {
    name: 'paging: a token and an exact version from before a compaction answer 410',
    run: async (lab) => {
      const path = paths.snapshots(lab.namespace);
      for (const name of ['a', 'b']) await lab.post(path, snapshot(name));
      const first = await lab.get(`${path}?limit=1`);
      await lab.post(path, snapshot('c'));
      await lab.server.expireVersions();
      const token = lab.server.ageToken(text(first.body, 'metadata.continue'));
      expect(refusal(await lab.get(`${path}?limit=1&continue=${encoded(token)}`))).toMatchObject({ status: 410, reason: 'Expired' });
      const exact = await lab.get(`${path}?limit=1&resourceVersion=1&resourceVersionMatch=Exact`);
      expect(refusal(exact)).toMatchObject({ status: 410, reason: 'Expired' });
    },
  },
  {
    name: 'label selectors: equality, inequality, sets and existence',
    run: async (lab) => {
      const path = await fill(lab, 4);
      await lab.post(path, configMap('plain'));
      expect(await picked(lab, path, 'labelSelector=parity%3Deven')).toEqual(['item-0', 'item-2']);
      expect(await picked(lab, path, 'labelSelector=parity%3D%3Dodd')).toEqual(['item-1', 'item-3']);
      expect(await picked(lab, path, `labelSelector=${encoded('parity!=even,index')}`)).toEqual(['item-1', 'item-3']);
      expect(await picked(lab, path, `labelSelector=${encoded('index in (0, 3)')}`)).toEqual(['item-0', 'item-3']);
      expect(await picked(lab, path, `labelSelector=${encoded('index notin (0,1,2),parity')}`)).toEqual(['item-3']);
      expect(await picked(lab, path, `labelSelector=${encoded('!parity')}`)).toContain('plain');
      expect(await picked(lab, path, `labelSelector=${encoded('!parity')}`)).not.toContain('item-0');
      expect(await picked(lab, path, `labelSelector=${encoded('index>2')}`)).toEqual(['item-3']);
    },
  },
  {
    name: 'label selectors: an absent key differs from every value',
    run: async (lab) => {
      const path = await fill(lab, 2);
      await lab.post(path, configMap('plain'));
      expect(await picked(lab, path, `labelSelector=${encoded('parity!=even')}`)).toEqual(expect.arrayContaining(['item-1', 'plain']));
      expect(await picked(lab, path, `labelSelector=${encoded('parity notin (even)')}`)).toEqual(
        expect.arrayContaining(['item-1', 'plain']),
      );
    },
  },
  {
    name: 'label selectors: one that does not parse is a bad request',
    run: async (lab) => {
      expect((await lab.get(`${paths.configMaps(lab.namespace)}?labelSelector=${encoded('a in (b')}`)).status).toBe(400);
    },
  },
  {
    name: 'field selectors: metadata.name and metadata.namespace work for every kind',
    run: async (lab) => {
      await fill(lab, 2);
      await lab.post(paths.snapshots(lab.namespace), snapshot('one'));
      await lab.post(paths.snapshots(lab.namespace), snapshot('two'));
      expect(await picked(lab, paths.configMaps(lab.namespace), 'fieldSelector=metadata.name%3Ditem-1')).toEqual(['item-1']);
      expect(await picked(lab, paths.snapshots(lab.namespace), 'fieldSelector=metadata.name%3Dtwo')).toEqual(['two']);
      const everywhere = '/apis/snapshot.storage.k8s.io/v1/volumesnapshots';
      expect(await picked(lab, everywhere, `fieldSelector=${encoded(`metadata.namespace=${lab.namespace},metadata.name!=one`)}`)).toEqual([
        'two',
      ]);
    },
  },
  {
    name: 'field selectors: a field the kind does not offer is a bad request',
    run: async (lab) => {
      expect((await lab.get(`${paths.configMaps(lab.namespace)}?fieldSelector=data.key%3Dvalue`)).status).toBe(400);
      expect((await lab.get(`${paths.snapshots(lab.namespace)}?fieldSelector=status.readyToUse%3Dtrue`)).status).toBe(400);
    },
  },
  {
    name: 'field selectors: Pods are picked by node and phase',
    run: async (lab) => {
      await lab.post(paths.pods(lab.namespace), pod('bound', { spec: { nodeName: 'node-a' } }));
      await lab.post(paths.pods(lab.namespace), pod('free'));
      expect(await picked(lab, paths.pods(lab.namespace), 'fieldSelector=spec.nodeName%3Dnode-a')).toEqual(['bound']);
      expect(await picked(lab, paths.pods(lab.namespace), `fieldSelector=${encoded('spec.nodeName=')}`)).toEqual(['free']);
      expect(await picked(lab, paths.pods(lab.namespace), 'fieldSelector=status.phase%3DPending')).toEqual(['bound', 'free']);
    },
  },
];
