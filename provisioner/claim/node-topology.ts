/**
 * The topology of the one node that is served, as its driver says: no Node and no CSINode is watched. Source:
 * docs/peer-behaviour.md#one-provisioner-for-each-node.
 */
import type { Settings } from '../facts/settings.ts';
import type { TopologyBook } from './topology-book.ts';
import { needsClusterTerms, termOf } from './topology.ts';

/** Asked at every attempt: another driver behind the socket may lie elsewhere. */
export function createNodeTopology(settings: () => Pick<Settings, 'driver' | 'node'>): TopologyBook {
  return {
    inputFor: ({ claim, allowed, strict, immediate }) => {
      const { driver, node } = settings();
      const segments = node?.segments ?? {};
      const keys = Object.keys(segments);
      // Whatever is made here is made for this node, also where a claim has no node yet.
      const selected = { name: node?.name ?? '', keys, labels: segments };
      const term = needsClusterTerms({ strict, immediate, allowed, selected }) ? termOf(keys, segments) : undefined;
      return { driver, claim, strict, immediate, allowed, selected, clusterKeys: [keys], clusterTerms: term === undefined ? [] : [term] };
    },
  };
}
