/**
 * The topology of the one node that is served, as its driver says: no Node and no CSINode is watched. Source:
 * docs/peer-behaviour.md#one-provisioner-for-each-node.
 */
import type { Settings } from '../facts/settings.ts';
import type { TopologyBook } from './topology-book.ts';
import { createAllowedBook, placesOf } from './places.ts';
import { termOf } from './terms.ts';
import { needsCluster } from './topology.ts';

/** Asked at every attempt: another driver behind the socket may lie elsewhere. */
export function createNodeTopology(settings: () => Pick<Settings, 'driver' | 'node'>): TopologyBook {
  const allowedBy = createAllowedBook();
  return {
    inputFor: ({ claim, allowed: list, strict, immediate }) => {
      const allowed = allowedBy(list);
      const { driver, node } = settings();
      const segments = node?.segments ?? {};
      const keys = Object.keys(segments);
      // Whatever is made here is made for this node, also where a claim has no node yet.
      const selected = { name: node?.name ?? '', keys, labels: segments };
      const term = needsCluster({ strict, immediate, allowed, selected }) ? termOf(keys, segments) : undefined;
      return {
        driver,
        claim,
        strict,
        immediate,
        allowed,
        selected,
        clusterKeys: [keys],
        cluster: placesOf(term === undefined ? [] : [term]),
      };
    },
  };
}
