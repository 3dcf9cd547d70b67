/** A case of doctor's without a cluster: all lists empty, everything allowed, nothing stuck. */
import type { Case } from '../check.ts';
import type { Survey } from '../survey.ts';

export const NOW_MS = Date.UTC(2026, 0, 2);

export function caseOf(lists: { readonly [K in keyof Survey]?: Survey[K]['items'] }, more: Partial<Case> = {}): Case {
  const survey: Survey = {
    crds: { items: [] },
    storageClasses: { items: [] },
    snapshotClasses: { items: [] },
    drivers: { items: [] },
    csiNodes: { items: [] },
    nodes: { items: [] },
    claims: { items: [] },
    volumes: { items: [] },
    snapshots: { items: [] },
    contents: { items: [] },
    leases: { items: [] },
    capacities: { items: [] },
    pods: { items: [] },
    ...Object.fromEntries(Object.entries(lists).map(([name, items]) => [name, { items }])),
  };
  return {
    survey,
    nowMs: NOW_MS,
    stuckAfterMs: 300_000,
    driver: undefined,
    crds: [],
    hasSecret: async () => true,
    warningAbout: async () => undefined,
    mayDo: async () => true,
    ...more,
  };
}
